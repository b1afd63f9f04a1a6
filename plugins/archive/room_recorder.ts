/** What is said in rooms on its way into their archives: named before it goes out, kept once it is clear that it does. */
import {
  type Archive,
  type ArchiveItem,
  CONTENT_NS,
  el,
  type HostScope,
  isEncrypted,
  isPromise,
  itemId,
  parseXml,
  Stanza,
  withoutStanzaIds,
} from "#plugin";
import { type Named, named, nameOf, withName } from "./naming.ts";
import { lastingOf, wordsOf } from "./worth.ts";
import type { Room, Saying, Spoken } from "../muc/api.ts";
import { ARCHIVE } from "./api.ts";

/** Messages read at a time for those who enter, and how often: what else is in an archive may stand between them. */
const SLICE = 100;
const SLICES = 5;

export class RoomRecorder {
  /** The last one: nearly always that which is asked about next. */
  #named: Named | undefined;
  #last = 0;
  readonly #archived;

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly store: Archive,
    private readonly search: boolean,
  ) {
    this.#archived = host.metrics
      .counter("metronome_archived_in_rooms", "Messages that were put into archives of rooms.", ["host"])
      .of(host.domain);
  }

  /**
   * Takes away ids that only the room can give (XEP-0359 §3, rule 2), and gives one to what lasts: also where nothing is kept,
   * so that it can be retracted. What does not last has none, since nobody could go on from it in the archive.
   */
  names({ room, stanza }: Saying): Stanza | undefined {
    const source = withoutStanzaIds(stanza.source, room.jid);
    const honest = source === stanza.source ? stanza : stanza.containing(source);
    if (lastingOf(source, false) === undefined) return honest === stanza ? undefined : honest;
    this.#last = Math.max(this.#last, this.host.clock.now());
    this.#named = named(honest, itemId(this.#last), this.#last, room.jid);
    return this.#named.stanza;
  }

  /** It was said. */
  said({ room, stanza, claimed, occupant, from }: Readonly<Saying>): undefined {
    if (claimed || !room.value(ARCHIVE)) return;
    const name = this.#named?.stanza === stanza ? this.#named : nameOf(stanza, room.jid);
    if (name === undefined) return;
    const { before, id, at } = name;
    const by = occupant === undefined ? {} : { with: from.bare.toString(), resource: from.resource };
    // XEP-0313 §5.1.3: from an address in the room, and to nobody.
    const item = { id, at, ...by, value: before.addressed(undefined).toText(true) };
    const words = this.search ? wordsOf(stanza) : undefined;
    this.store.append(room.name, words === undefined ? item : { ...item, text: words });
    this.#archived.add();
  }

  /** The latest that was said, for those who enter a room that has just been loaded. */
  recall(room: Room, most: number): readonly Spoken[] | undefined {
    if (!room.value(ARCHIVE)) return undefined;
    const spoken: Spoken[] = [];
    let before = "";
    for (let slice = 0; slice < SLICES && spoken.length < most; slice++) {
      const found = this.store.find(room.name, {}, { limit: Math.min(SLICE, 2 * most), before });
      if (isPromise(found)) break;
      for (const { id, at, value } of found.items.toReversed()) {
        const stanza = spoken.length < most ? wordsIn(value) : undefined;
        if (stanza !== undefined) spoken.push({ at, stanza: withName(stanza, id, room.jid) });
      }
      if (found.complete) break;
      before = found.items[0]!.id;
    }
    return spoken.reverse();
  }
}

/** A kept message, where it has words for people. */
function wordsIn(value: string): Stanza | undefined {
  const stanza = Stanza.of(parseXml(value));
  const { source } = stanza;
  const speaks = source.has("body", CONTENT_NS) || source.elements().some(isEncrypted);
  return speaks ? stanza : undefined;
}

const USER_NS = "http://jabber.org/protocol/muc#user";
const END = "</message>";

/** The text of a kept message with the true address of who said it (XEP-0313 §5.1.3). */
export function revealed({ with: bare, resource, value }: ArchiveItem): string {
  if (bare === "" || !value.endsWith(END)) return value;
  const jid = resource === "" ? bare : `${bare}/${resource}`;
  const x = el("x", USER_NS, {}, [el("item", USER_NS, { jid })]).toString();
  return value.slice(0, -END.length) + x + END;
}
