/**
 * XEP-0317: hats that owners make and put on people, shown with their presence. A plugin on top of the engine: it uses
 * api.ts and nothing else. Owners and admins make and assign them; whoever is in the room may read which there are.
 */
import {
  buildForm,
  definePlugin,
  el,
  type Element,
  encodeHex,
  type Field,
  type FieldShape,
  type FormShape,
  formShape,
  hmac,
  type HostScope,
  type Jid,
  none,
  StanzaError,
} from "#plugin";
import {
  defineValue,
  presenting,
  type Room,
  type RoomCommand,
  type RoomQuery,
  type Rooms,
  rooms,
} from "./api.ts";
import { HATS_NS } from "./names.ts";

interface Hat {
  readonly uri: string;
  readonly title: string;
  readonly hue?: string;
}

/** Which hats there are. */
const HATS = defineValue<readonly Hat[]>("hats", []);
/** Bare addresses with the URIs of the hats they wear. */
const WORN = defineValue<Readonly<Record<string, readonly string[]>>>("hats.worn", {});

const MOST = 100;
const MOST_WORN = 10_000;
const COMMANDS = "urn:xmpp:hats:commands";

const URI = { kind: "text", label: "URI of the hat", required: true, longest: 500 } as const;
const JID = { kind: "jid", label: "Address", required: true } as const;

export const hats = definePlugin({
  name: "muc_hats",
  doc: "Hats that the owners of rooms put on people, to show what they are there.",
  xeps: [[317, "0.3.1"]],
  config: none,
  hosts: ["muc"],
  standard: true,
  needs: [rooms],
  setup(host) {
    const book = host.use(rooms);
    host.at(presenting).amend({ kind: "presence" }, ({ room, occupant, stanza }) => {
      const worn = wornBy(room, occupant.account);
      if (worn.length === 0 || stanza.type === "unavailable") return undefined;
      return stanza.containing(stanza.source.plus(el("hats", HATS_NS, {}, worn.map(hatElement))));
    });
    book.disco(host, {
      features: () => [HATS_NS],
      info: (room) => room.value(HATS).length === 0 ? [] : [hashOf(room)],
    });
    new Wardrobe(host, book).open();
  },
});

/** The hats of the room that somebody wears, in the order of the room. */
function wornBy(room: Room, account: Jid): readonly Hat[] {
  const uris = room.value(WORN)[account.toString()];
  return uris === undefined ? [] : room.value(HATS).filter(({ uri }) => uris.includes(uri));
}

function hatElement({ uri, title, hue }: Hat): Element {
  return el("hat", HATS_NS, { uri, title, hue });
}

/** §2: another one where the hats are others. */
function hashOf(room: Room): Field {
  const digest = hmac("SHA-1", new TextEncoder().encode("hats"), JSON.stringify(room.value(HATS)));
  return { var: "hats#hash", type: "text-single", label: "Hash of the hats", values: [encodeHex(digest)] };
}

/** The commands of §3. */
class Wardrobe {
  constructor(private readonly host: HostScope<unknown>, private readonly book: Rooms) {}

  open(): void {
    this.#offer("create", "Make a hat", CREATE, (query, values) => this.#create(query, values));
    this.#offer("destroy", "Destroy a hat", DESTROY, ({ room }, { "hats#uri": uri }) => {
      this.#known(room, uri);
      const before = room.value(WORN);
      room.keep(HATS, room.value(HATS).filter((hat) => hat.uri !== uri));
      const left = Object.entries(before).map(([jid, uris]) =>
        [jid, uris.filter((it) => it !== uri)] as const
      );
      room.keep(WORN, Object.fromEntries(left.filter(([, uris]) => uris.length > 0)));
      this.#show(room, (jid) => before[jid]?.includes(uri) === true, true);
      return undefined;
    });
    this.#offer(
      "assign",
      "Put a hat on somebody",
      ASSIGN,
      ({ room }, values) => this.#wear(room, values, true),
    );
    this.#offer(
      "unassign",
      "Take a hat from somebody",
      ASSIGN,
      ({ room }, values) => this.#wear(room, values, false),
    );
    this.#list("list", "The hats of the room", isThere, HAT_COLUMNS, (room) => room.value(HATS).map(rowOf));
    this.#list(
      "list-assigned",
      "Who wears which hat",
      mayManage,
      ["hats#jid", ...HAT_COLUMNS],
      (room) =>
        Object.keys(room.value(WORN)).flatMap((jid) =>
          room.value(HATS).filter(({ uri }) => room.value(WORN)[jid]!.includes(uri))
            .map((hat) => ({ "hats#jid": jid, ...rowOf(hat) }))
        ),
    );
  }

  #offer<S extends Record<string, FieldShape>>(
    name: string,
    title: string,
    form: FormShape<S>,
    run: RoomCommand<S>["run"],
  ): void {
    this.book.command<S>(this.host, {
      node: `${COMMANDS}:${name}`,
      name: title,
      may: mayManage,
      form: () => form,
      run,
    });
  }

  #list(
    name: string,
    title: string,
    may: (room: Room, from: Jid) => boolean,
    columns: readonly string[],
    rows: (room: Room) => readonly Readonly<Record<string, string>>[],
  ): void {
    this.book.command(this.host, {
      node: `${COMMANDS}:${name}`,
      name: title,
      may,
      run: ({ room }) =>
        buildForm({
          type: "result",
          title,
          fields: [],
          reported: columns.map((column) => ({ var: column, values: [] })),
          items: rows(room).map((row) =>
            columns.map((column) => ({ var: column, values: [row[column] ?? ""] }))
          ),
        }),
    });
  }

  #create({ room }: RoomQuery, values: Readonly<Record<string, unknown>>): undefined {
    const uri = String(values["hats#uri"]);
    const title = String(values["hats#title"]);
    const hue = values["hats#hue"] as string | undefined;
    const hat: Hat = { uri, title, ...(hue === undefined || hue === "" ? {} : { hue }) };
    const others = room.value(HATS).filter((other) => other.uri !== uri);
    if (others.length >= MOST) {
      throw new StanzaError("resource-constraint", `a room has at most ${MOST} hats`);
    }
    room.keep(HATS, [...others, hat]);
    this.#show(room, (jid) => room.value(WORN)[jid]?.includes(uri) === true, true);
  }

  #wear(room: Room, values: { "hats#jid": Jid; "hats#uri": string }, on: boolean): undefined {
    const uri = values["hats#uri"];
    const jid = values["hats#jid"].bare.toString();
    this.#known(room, uri);
    const worn = room.value(WORN);
    const others = (worn[jid] ?? []).filter((it) => it !== uri);
    const mine = on ? [...others, uri] : others;
    const { [jid]: _mine, ...rest } = worn;
    if (mine.length > 0 && Object.keys(rest).length >= MOST_WORN) {
      throw new StanzaError("resource-constraint", "too many people wear hats here");
    }
    room.keep(WORN, mine.length === 0 ? rest : { ...rest, [jid]: mine });
    this.#show(room, (other) => other === jid, false);
  }

  #known(room: Room, uri: string): void {
    if (!room.value(HATS).some((hat) => hat.uri === uri)) {
      throw new StanzaError("item-not-found", "there is no such hat");
    }
  }

  /** §3.2: those whose hats are others are shown anew; that the list is another one is news for all. */
  #show(room: Room, test: (account: string) => boolean, list: boolean): void {
    for (const occupant of [...room.occupants]) {
      if (test(occupant.account.toString())) this.book.refresh(room, occupant);
    }
    if (list) this.book.notify(room, 104);
  }
}

const CREATE = formShape(COMMANDS, {
  "hats#title": { kind: "text", label: "Title of the hat", required: true, longest: 200 },
  "hats#uri": URI,
  "hats#hue": {
    kind: "text",
    label: "Hue of the hat, from 0 to 360",
    datatype: "xs:decimal",
    min: "0",
    max: "360",
  },
});
const DESTROY = formShape(COMMANDS, { "hats#uri": URI });
const ASSIGN = formShape(COMMANDS, { "hats#jid": JID, "hats#uri": URI });
const HAT_COLUMNS = ["hats#title", "hats#uri", "hats#hue"];

function rowOf({ title, uri, hue = "" }: Hat): Record<string, string> {
  return { "hats#title": title, "hats#uri": uri, "hats#hue": hue };
}

function mayManage(room: Room, from: Jid): boolean {
  const rights = room.rights(from);
  return rights === "owner" || rights === "admin";
}

function isThere(room: Room, from: Jid): boolean {
  const rights = room.rights(from);
  return room.occupantOf(from) !== undefined || (rights !== "none" && rights !== "outcast");
}
