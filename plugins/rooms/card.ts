/**
 * XEP-0486: rooms have a card (XEP-0054) with a picture, which owners set and everybody may see: whoever asks about the room
 * learns the hash of the picture, whoever is in it is told by a presence of the room's (XEP-0153) as most servers do it.
 */
import {
  CONTENT_NS,
  decodeBase64,
  definePlugin,
  el,
  type Element,
  encodeHex,
  type Field,
  hashed,
  type Keyval,
  keyval,
  options,
  parseXml,
  size,
  Stanza,
  StanzaError,
  utf8Length,
} from "#plugin";
import {
  defineValue,
  deviceJoined,
  joined,
  type Room,
  roomCreated,
  roomDestroyed,
  type RoomQuery,
  type Rooms,
  rooms,
} from "../muc/api.ts";

const VCARD_NS = "vcard-temp";
const UPDATE_NS = "vcard-temp:x:update";

/** The cards of rooms. */
export const roomCards = keyval<string>("rooms.cards");
/** SHA-1 of each picture of the card, of which all show the same. */
const HASHES = defineValue<readonly string[]>("card.hashes", []);

/** Pictures in one card. */
const MOST = 8;

export const roomCard = definePlugin({
  name: "muc_vcard",
  doc: "Lets owners give rooms a picture.",
  xeps: [[54, "1.3.0"], [153, "1.1.1"], [486, "0.1.0"]],
  config: options({
    size: size().prefault("256 KiB").describe("The largest card of a room, with its picture."),
  }),
  hosts: ["muc"],
  standard: true,
  needs: [rooms],
  setup(host) {
    const book = host.use(rooms);
    const cards = host.open(roomCards);
    host.feature(VCARD_NS);
    book.disco(host, {
      features: () => [VCARD_NS],
      info: (room) => room.value(HASHES).length === 0 ? [] : [hashField(room)],
    });
    book.get(host, VCARD_NS, "vCard", ({ room, rights }) => {
      const text = rights === "outcast" ? undefined : cards.get(room.name);
      if (text === undefined) throw new StanzaError("item-not-found", "this room has no card");
      return parseXml(text);
    });
    book.set(
      host,
      VCARD_NS,
      "vCard",
      (query) => setCard(query, cards, host.config.size, () => tell(book, query.room)),
    );
    for (const event of [joined, deviceJoined]) {
      host.on(event, ({ room, occupant }) => {
        if (room.value(HASHES).length > 0) book.distribute(room, presenceOf(room), (to) => to === occupant);
      });
    }
    // Whoever has the name next is somebody else.
    host.on(roomDestroyed, ({ room }) => void cards.set(room.name, undefined));
    host.on(roomCreated, ({ room }) => void cards.set(room.name, undefined));
  },
});

function hashField(room: Room): Field {
  return {
    var: "muc#roominfo_avatarhash",
    type: "text-multi",
    label: "Hash of the picture",
    values: [...room.value(HASHES)],
  };
}

/** XEP-0486 §3.2: an empty card is none. */
function setCard(
  { room, payload, rights, after }: RoomQuery,
  cards: Keyval<string>,
  largest: number,
  changed: () => void,
): undefined {
  if (rights !== "owner") throw new StanzaError("forbidden", "only owners may set the card of a room");
  const text = payload.toString();
  if (utf8Length(text) > largest) {
    throw new StanzaError("policy-violation", `a card may have at most ${largest} bytes`);
  }
  const hashes = hashesOf(payload);
  cards.set(room.name, payload.elements().length === 0 ? undefined : text);
  room.keep(HASHES, hashes.length === 0 ? undefined : hashes);
  after(changed);
}

function hashesOf(card: Element): string[] {
  const hashes: string[] = [];
  for (const photo of card.elements()) {
    const text = photo.name === "PHOTO" ? photo.childText("BINVAL") : undefined;
    if (text === undefined) continue;
    const bytes = decodeBase64(text.replace(/\s/g, ""));
    if (bytes === undefined || bytes.length === 0 || hashes.length === MOST) {
      throw new StanzaError("bad-request", `a card has up to ${MOST} pictures, each in Base64`);
    }
    hashes.push(encodeHex(hashed("SHA-1", bytes)));
  }
  return hashes;
}

function tell(book: Rooms, room: Room): void {
  book.notify(room, 104);
  book.distribute(room, presenceOf(room));
}

/** XEP-0153 §3.2: an empty `<photo/>` says that there is none any more. */
function presenceOf(room: Room): Stanza {
  const photo = el("photo", UPDATE_NS, {}, room.value(HASHES)[0]);
  return Stanza.of(el("presence", CONTENT_NS, {}, [el("x", UPDATE_NS, {}, [photo])]), room.jid);
}
