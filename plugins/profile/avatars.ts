/**
 * XEP-0398: the picture that an account publishes (XEP-0084) is in its card too, the one in its card is published, and its
 * presence says which one it is (XEP-0153), whatever its clients know of that.
 *
 * Decisions where the standards leave them open: only a picture for everybody comes into the card, which is for everybody, and
 * leaves it when it is no longer for everybody; one that is elsewhere on the web is none in the card. A card without a picture
 * instead of one with it ends the avatar. When the picture changes contacts are told at once; rooms are told by clients.
 */
import {
  accountRemoved,
  definePlugin,
  defineSlot,
  type Departing,
  departing,
  el,
  type Element,
  type HostScope,
  Jid,
  keyval,
  Lru,
  none,
  parseXml,
  type Stanza,
} from "#plugin";
import { cardChanged, type Cards, cards } from "../account/api.ts";
import { type Availability, availability } from "../im/api.ts";
import { type PersonalServices, personalServices, type PubsubService } from "../pubsub/api.ts";
import { adoptOnce, Mirror } from "./mirror.ts";
import { type Happened, isOpen, lastOf, watchOpenNodes } from "./nodes.ts";
import { type Photo, photoFrom, photoOf, withPhoto } from "./photo.ts";

const DATA = "urn:xmpp:avatar:data";
const METADATA = "urn:xmpp:avatar:metadata";
const UPDATE_NS = "vcard-temp:x:update";
const FEATURE = "urn:xmpp:pep-vcard-conversion:0";

/** The hash of the picture in an account's card. */
export const photoHashes = keyval<string>("profile.photo");
/** Accounts whose picture was brought in step. */
export const adoptedAvatars = keyval<number>("profile.avatar");

/** A session whose client says that it has no picture. */
const declined = defineSlot<true>("profile.declined");
/** Accounts whose hash is remembered. */
const REMEMBERED = 50_000;

export const avatars = definePlugin({
  name: "avatars",
  doc: "Shows one picture of each account to all clients, whichever way they look for it.",
  xeps: [[84, "1.1.4"], [153, "1.1.1"], [398, "1.0.0"]],
  config: none,
  standard: true,
  wants: [cards, personalServices, availability],
  setup(host) {
    const [book, personal, present] = [
      host.find(cards),
      host.find(personalServices),
      host.find(availability),
    ];
    if (book === undefined || personal === undefined || present === undefined) return;
    const them = new Avatars(host, book, personal, present);
    host.accountFeature(FEATURE);
    host.at(departing).amend({ kind: "presence" }, (x) => them.mark(x));
    watchOpenNodes(host, [DATA, METADATA], (service, node, what) => them.nodeChanged(service, node, what));
    host.on(cardChanged, ({ local, before, after }): undefined => them.cardChanged(local, before, after));
    host.on(accountRemoved, ({ local }): undefined => them.forget(local));
    adoptOnce(host, host.open(adoptedAvatars), (local) => them.adopt(local));
  },
});

class Avatars {
  readonly #mirror: Mirror;
  readonly #hashes;
  readonly #known = new Lru<string, string>(REMEMBERED);

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly cards: Cards,
    private readonly personal: PersonalServices,
    private readonly present: Availability,
  ) {
    this.#mirror = new Mirror(host);
    this.#hashes = host.open(photoHashes);
  }

  // --- between the nodes and the card -----------------------------------------------------------------------------

  nodeChanged(service: PubsubService, node: string, what: Happened): void {
    const local = service.owner;
    this.#mirror.reflect(local, () => {
      if (what === "closed") return this.#setPhoto(local, undefined);
      if (service.node(node) === undefined) return this.#setPhoto(local, undefined);
      if (!isOpen(service, METADATA) || !isOpen(service, DATA)) return;
      // §4.1: the data comes first; until the metadata say so it is not the picture.
      if (node === DATA && (what !== "published" || this.#published(service) === undefined)) return;
      this.#setPhoto(local, this.#published(service));
    });
  }

  /** XEP-0398 §4.1: the picture that the metadata are about, where it is in the other node. */
  #published(service: PubsubService): Photo | undefined {
    for (const info of lastOf(service, METADATA)?.payload.elements() ?? []) {
      const id = info.attr("id")?.toLowerCase();
      if (info.name !== "info" || info.attr("url") !== undefined || id === undefined) continue;
      const text = service.item(DATA, info.attr("id")!)?.payload ?? "";
      const photo = text === "" ? undefined : photoFrom(parseXml(text).text, info.attr("type"));
      if (photo?.hash === id) return photo;
    }
    return undefined;
  }

  #setPhoto(local: string, photo: Photo | undefined): void {
    const card = this.cards.get(local);
    const before = photoOf(card);
    if (before?.hash === photo?.hash) return;
    try {
      this.cards.set(local, withPhoto(card, photo));
    } catch (error) {
      // What is too large for the card is not shown there, and neither is what it replaces.
      if (before !== undefined) this.cards.set(local, withPhoto(card, undefined));
      throw error;
    }
  }

  cardChanged(local: string, before: Element | undefined, after: Element | undefined): undefined {
    const [was, is] = [photoOf(before), photoOf(after)];
    if (was?.hash === is?.hash) return;
    this.#mirror.reflect(local, () => this.#publish(this.personal.of(local), is, was));
    this.#note(local, is?.hash ?? "");
  }

  /** XEP-0398 §4.2; the metadata say the size of the picture, not of its text. */
  #publish(service: PubsubService, photo: Photo | undefined, was: Photo | undefined): void {
    const current = lastOf(service, METADATA);
    const publisher = service.jid;
    if (photo === undefined) {
      // XEP-0084 §4.2.4: without an avatar; another one than the card's stays.
      if (current === undefined || current.id !== was?.hash) return;
      service.publish(METADATA, { payload: el("metadata", METADATA) }, { publisher });
      return;
    }
    const { hash: id, bytes, type, data } = photo;
    if (current?.payload.elements().some((info) => info.attr("id")?.toLowerCase() === id) === true) return;
    service.publish(DATA, { id, payload: el("data", DATA, {}, data) }, { publisher });
    const info = el("info", METADATA, { bytes: String(bytes), id, type });
    service.publish(METADATA, { id, payload: el("metadata", METADATA, {}, [info]) }, { publisher });
  }

  /** An account that had a card, or an avatar, before. */
  adopt(local: string): boolean {
    const card = this.cards.get(local);
    if (card === undefined && !this.personal.isUsed(local)) return false;
    const service = this.personal.of(local);
    const photo = photoOf(card);
    if (service.node(METADATA) !== undefined) {
      if (photo === undefined) this.nodeChanged(service, METADATA, "published");
      else this.#note(local, photo.hash);
    } else if (photo !== undefined) {
      this.#mirror.reflect(local, () => this.#publish(service, photo, undefined));
      this.#note(local, photo.hash);
    }
    return true;
  }

  // --- presence ---------------------------------------------------------------------------------------------------

  /** XEP-0398 §5: all available presence has the hash, but for a client that says that it has no picture. */
  mark({ stanza, session }: Readonly<Departing>): Stanza | undefined {
    if (stanza.type !== "available") return undefined;
    const update = stanza.child("x", UPDATE_NS);
    const photo = update?.child("photo");
    const said = photo?.text.trim();
    if (stanza.to === undefined) session.set(declined, said === "" ? true : undefined);
    if (said === "") return undefined;
    const hash = this.#hashOf(session.username);
    // Without a picture of ours a client may know better: it is about to publish one.
    if (hash === "" ? update === undefined || said !== undefined : said?.toLowerCase() === hash) {
      return undefined;
    }
    return stanza.containing(marked(stanza.source, hash));
  }

  #hashOf(local: string): string {
    const known = this.#known.get(local);
    if (known !== undefined) return known;
    const hash = this.#hashes.get(local) ?? "";
    this.#known.set(local, hash);
    return hash;
  }

  /** Contacts are told at once. */
  #note(local: string, hash: string): void {
    if (this.#hashOf(local) === hash) return;
    const { writes } = this.host;
    this.#hashes.set(local, hash === "" ? undefined : hash);
    this.#known.set(local, hash);
    // What was taken back is read again.
    this.host.spawn(() => this.host.flush(writes).catch(() => void this.#known.delete(local)));
    for (const session of this.host.sessions(Jid.of(local, this.host.domain))) {
      const said = session.presence?.child("x", UPDATE_NS)?.childText("photo")?.trim();
      if (session.get(declined) === true || said?.toLowerCase() === hash) continue;
      this.present.renew(session, (presence) => marked(presence, hash));
    }
  }

  forget(local: string): undefined {
    this.#known.delete(local);
  }
}

function marked(presence: Element, hash: string): Element {
  const rest = presence.without(({ name, ns }) => name === "x" && ns === UPDATE_NS);
  return rest.plus(el("x", UPDATE_NS, {}, [el("photo", UPDATE_NS, {}, hash)]));
}
