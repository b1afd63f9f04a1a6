/**
 * Taking back what was said in a room: one's own words (XEP-0424), and as a moderator those of others (XEP-0425, in both of
 * the versions that clients speak). A message is known by the id that the room gave to it; where it is in the room's archive
 * a tombstone takes its place, and who enters later does not get it.
 */
import {
  definePlugin,
  type Element,
  type HostScope,
  isPromise,
  type Maybe,
  none,
  parseXml,
  randomId,
  StanzaError,
  stanzaIdBy,
} from "#plugin";
import { type RoomArchive, roomArchive } from "../archive/api.ts";
import { type Room, type RoomQuery, type Rooms, rooms, type Saying, saying } from "../muc/api.ts";

import { OCCUPANT_ID_NS, RETRACT_NS } from "./names.ts";
import {
  announcement,
  FASTEN_NS,
  isTombstone,
  MODERATE_NS,
  moderatedAway,
  type Moderation,
  OLD_MODERATE_NS,
  OLD_RETRACT_NS,
  retracted,
  tombstone,
} from "./tombstone.ts";

/** Characters of a reason. */
const LONGEST = 1000;

export const moderation = definePlugin({
  name: "muc_moderation",
  doc: "Lets people take back what they have said in rooms, and moderators what others have said.",
  xeps: [[424, "0.4.2"], [425, "0.3.0"]],
  config: none,
  hosts: ["muc"],
  standard: true,
  needs: [rooms],
  wants: [roomArchive],
  setup(host) {
    const book = host.use(rooms);
    const archive = host.find(roomArchive);
    const eraser = new Eraser(host, book, archive);
    book.disco(host, {
      features: (room) => [
        RETRACT_NS,
        MODERATE_NS,
        OLD_MODERATE_NS,
        ...(archive?.keeps(room) === true ? [`${RETRACT_NS}#tombstone`] : []),
      ],
    });
    book.set(host, MODERATE_NS, "moderate", (query) => eraser.moderate(query, readRequest(query.payload)));
    book.set(host, FASTEN_NS, "apply-to", (query) => eraser.moderate(query, readOldRequest(query.payload)));
    host.at(saying).guard({ kind: "message" }, (x) => eraser.check(x));
    host.at(saying).witness({ kind: "message" }, (x) => eraser.said(x));
  },
});

interface Request {
  readonly id: string;
  readonly reason: string | undefined;
}

function readRequest(moderate: Element): Request {
  if (!moderate.has("retract", RETRACT_NS)) throw notOffered();
  return requestOf(moderate.attr("id"), moderate);
}

/** As it was in version 0.2. */
function readOldRequest(applyTo: Element): Request {
  const moderate = applyTo.child("moderate", OLD_MODERATE_NS);
  if (moderate === undefined) throw new StanzaError("service-unavailable");
  if (!moderate.has("retract", OLD_RETRACT_NS)) throw notOffered();
  return requestOf(applyTo.attr("id"), moderate);
}

function notOffered(): StanzaError {
  return new StanzaError("feature-not-implemented", "messages can be retracted, and nothing else");
}

function requestOf(id: string | undefined, moderate: Element): Request {
  if (id === undefined || id === "") throw new StanzaError("bad-request", "'id' names the message");
  const reason = moderate.childText("reason")?.trim();
  return { id, reason: reason === "" ? undefined : reason?.slice(0, LONGEST).toWellFormed() };
}

class Eraser {
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly book: Rooms,
    private readonly archive: RoomArchive | undefined,
  ) {}

  /** XEP-0425 §4. */
  moderate(query: RoomQuery, { id, reason }: Request): Maybe<undefined> {
    const { room, occupant, rights } = query;
    if (occupant?.role !== "moderator" && rights !== "owner" && rights !== "admin") {
      throw new StanzaError("forbidden", "only moderators may moderate what others say");
    }
    const by = occupant === undefined ? undefined : { jid: occupant.jid, id: occupant.id };
    const moderation: Moderation = { id: randomId(), at: this.host.clock.now(), by, reason };
    const message = this.#find(room, id);
    return isPromise(message)
      ? message.then((it) => this.#moderate(query, id, it, moderation))
      : this.#moderate(query, id, message, moderation);
  }

  #moderate(
    { room, after }: RoomQuery,
    id: string,
    message: Element | undefined,
    moderation: Moderation,
  ): Maybe<undefined> {
    if (message === undefined) {
      throw new StanzaError("item-not-found", "there is no such message in this room");
    }
    // Two moderators have seen the same.
    if (isTombstone(message)) return undefined;
    const done = this.#bury(room, id, tombstone(message, ...moderatedAway(moderation)));
    after(() => this.book.say(room, announcement(id, moderation)));
    return isPromise(done) ? done.then(() => undefined) : undefined;
  }

  /** Nobody speaks for the room, or takes back what somebody else has said (XEP-0424 §6). */
  check({ room, stanza, occupant }: Readonly<Saying>): Maybe<StanzaError | undefined> {
    if (occupant === undefined) return undefined;
    if (stanza.child("apply-to", FASTEN_NS)?.has("moderated", OLD_MODERATE_NS) === true) return notYours();
    const retract = stanza.child("retract", RETRACT_NS);
    if (retract === undefined) return undefined;
    if (retract.has("moderated", MODERATE_NS)) return notYours();
    const judge = (message: Element | undefined): StanzaError | undefined =>
      message === undefined || authorOf(message) === occupant.id ? undefined : notYours();
    const message = this.#find(room, retract.attr("id") ?? "");
    return isPromise(message) ? message.then(judge) : judge(message);
  }

  /** XEP-0424 §5. */
  said({ room, stanza, occupant, claimed }: Readonly<Saying>): undefined {
    const id = stanza.child("retract", RETRACT_NS)?.attr("id");
    if (claimed || occupant === undefined || id === undefined) return;
    const at = this.host.clock.now();
    const bury = (message: Element | undefined): Maybe<unknown> =>
      message === undefined || isTombstone(message) || authorOf(message) !== occupant.id
        ? undefined
        : this.#bury(room, id, tombstone(message, retracted(stanza.id, at)));
    const message = this.#find(room, id);
    const done = isPromise(message) ? message.then(bury) : bury(message);
    if (isPromise(done)) this.host.spawn(() => done.then(() => {}));
  }

  #find(room: Room, id: string): Maybe<Element | undefined> {
    const kept = this.archive?.get(room.name, id);
    const read = (item: { readonly value: string } | undefined): Element | undefined =>
      item === undefined ? recent(room, id) : parseXml(item.value);
    return isPromise(kept) ? kept.then(read) : read(kept);
  }

  #bury(room: Room, id: string, left: Element): Maybe<unknown> {
    room.history.replace((stanza) => stanzaIdBy(stanza.source, room.jid) === id, undefined);
    return this.archive?.replace(room.name, id, left);
  }
}

/** A message that is not in an archive, or in none yet. */
function recent(room: Room, id: string): Element | undefined {
  return room.history.items.find(({ stanza }) => stanzaIdBy(stanza.source, room.jid) === id)?.stanza.source;
}

function authorOf(message: Element): string | undefined {
  return message.child("occupant-id", OCCUPANT_ID_NS)?.attr("id");
}

function notYours(): StanzaError {
  return new StanzaError("forbidden", "only moderators may take back what others have said");
}
