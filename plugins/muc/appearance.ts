/**
 * What occupants see of one another. The presence of an occupant is put together once a change, in the versions that
 * receivers may see, and addressed to each of them.
 */
import { type Attrs, CONTENT_NS, el, type Element, isPromise, prepared, Stanza } from "#plugin";
import { presenting, type Role } from "./api.ts";
import type { Appearance, Attendee, Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import { HATS_NS, MUC_NS, OCCUPANT_ID_NS, USER_NS } from "./names.ts";
import { PRESENCE_BROADCAST, WHOIS } from "./standard_fields.ts";

/** Unavailable presence that says nothing. */
export const SILENT = Stanza.of(el("presence", CONTENT_NS, { type: "unavailable" }));

/** What is said together with a presence. */
export interface Notice {
  readonly unavailable?: boolean;
  /** Status codes for everybody. */
  readonly codes?: readonly number[];
  /** More of them for the occupant's own devices. */
  readonly own?: readonly number[];
  readonly nick?: string | undefined;
  readonly reason?: string | undefined;
  /** The nickname of who did it. */
  readonly actor?: string | undefined;
  /** The id that an own device gave its presence. */
  readonly id?: string | undefined;
}

/** What only a room may say (XEP-0045 §17.3, rule 6; XEP-0421 §4; XEP-0317 §2). */
export function isForged({ ns }: Element): boolean {
  return ns.startsWith(MUC_NS) || ns === OCCUPANT_ID_NS || ns === HATS_NS;
}

/** An element without what only a room may say; the same one where there is nothing of that. */
export function honest(source: Element): Element {
  for (const child of source.children) {
    if (typeof child !== "string" && isForged(child)) return source.without(isForged);
  }
  return source;
}

/** Whether others see the presence of somebody in this role. */
export function isShown(room: Chatroom, role: Role): boolean {
  return (room.value(PRESENCE_BROADCAST) as readonly string[]).includes(role);
}

/** The text of what an occupant shows, before what the room says of it. */
export function innerOf(house: House, room: Chatroom, attendee: Attendee, presence: Stanza): string {
  const source = honest(presence.source).with({ id: undefined });
  const from = attendee.seats[0]?.jid ?? presence.from ?? attendee.account;
  const x = {
    stanza: presence.containing(source).between(attendee.jid, room.jid),
    claimed: false,
    room,
    from,
    occupant: attendee,
  };
  const outcome = house.host.pass(presenting, x);
  const shown = outcome === undefined ? x.stanza.source : el("presence", CONTENT_NS);
  // A guard that has to think cannot be waited for here: nothing is shown by mistake.
  if (isPromise(outcome)) outcome.catch(() => {});
  return shown.inner(CONTENT_NS) + idText(attendee.id);
}

export function idText(id: string): string {
  return el("occupant-id", OCCUPANT_ID_NS, { id }).toString();
}

/** What is seen of somebody who is there. */
export function appearanceOf(house: House, room: Chatroom, attendee: Attendee): Appearance {
  return attendee.appearance ??= makeAppearance(house, room, attendee);
}

function makeAppearance(house: House, room: Chatroom, attendee: Attendee): Appearance {
  const { presence } = attendee.speaker;
  const inner = innerOf(house, room, attendee, presence);
  const lang = presence.source.attr("xml:lang");
  const version = (open: boolean): Stanza =>
    presenceOf(attendee, inner, xText(attendee, open, {}), false, lang);
  return { inner, hidden: version(false), open: version(true) };
}

function presenceOf(
  attendee: Attendee,
  inner: string,
  x: string,
  unavailable: boolean,
  lang?: string,
): Stanza {
  const attrs: Attrs = el("presence", CONTENT_NS, {
    type: unavailable ? "unavailable" : undefined,
    "xml:lang": lang,
  }).attrs;
  return Stanza.of(prepared("presence", CONTENT_NS, attrs, inner + x), attendee.jid);
}

/** The `<x/>` of muc#user. */
function xText(attendee: Attendee, open: boolean, notice: Notice, own = false): string {
  const { unavailable = false, codes = [], nick, reason, actor } = notice;
  const item = el("item", USER_NS, {
    affiliation: attendee.affiliation,
    role: unavailable && nick === undefined ? "none" : attendee.role,
    jid: open ? attendee.address.toString() : undefined,
    nick,
  }, [
    actor === undefined ? undefined : el("actor", USER_NS, { nick: actor }),
    reason === undefined ? undefined : el("reason", USER_NS, {}, reason),
  ]);
  const all = own ? [...new Set([110, ...notice.own ?? [], ...codes])].sort((a, b) => a - b) : codes;
  const statuses = all.map((code) => el("status", USER_NS, { code: String(code) }));
  return el("x", USER_NS, {}, [item, ...statuses]).toString();
}

/** The versions of one presence, made as they are needed. */
class Versions {
  #hidden: Stanza | undefined;
  #open: Stanza | undefined;
  #own: Stanza | undefined;
  readonly #all: boolean;

  constructor(
    room: Chatroom,
    private readonly attendee: Attendee,
    private readonly inner: string,
    private readonly notice: Notice,
    /** As they are kept, where nothing else is said. */
    kept?: Appearance,
  ) {
    this.#all = room.value(WHOIS) === "anyone";
    this.#hidden = kept?.hidden;
    this.#open = kept?.open;
  }

  for(seat: Seat): Stanza {
    if (this.#all || seat.attendee.role === "moderator") return this.#open ??= this.#make(true, false);
    return this.#hidden ??= this.#make(false, false);
  }

  get own(): Stanza {
    return this.#own ??= this.#make(true, true);
  }

  #make(open: boolean, own: boolean): Stanza {
    const { attendee, inner, notice } = this;
    const stanza = presenceOf(
      attendee,
      inner,
      xText(attendee, open, notice, own),
      notice.unavailable === true,
    );
    return own ? stanza.identified(notice.id) : stanza;
  }
}

/** Shows an occupant to everybody else, then to its own devices (XEP-0045 §7.2.2). */
export function broadcast(
  house: House,
  room: Chatroom,
  attendee: Attendee,
  notice: Notice = {},
  /** A device that is told otherwise. */
  except?: Seat,
): void {
  const appearance = appearanceOf(house, room, attendee);
  const plain = notice.codes === undefined && notice.reason === undefined && notice.actor === undefined &&
    notice.nick === undefined;
  const versions = new Versions(room, attendee, appearance.inner, notice, plain ? appearance : undefined);
  if (isShown(room, attendee.role)) toOthers(house, room, attendee, versions);
  toOwn(house, room, attendee.seats.filter((seat) => seat !== except), versions);
}

/** Tells everybody that an occupant is not there any more, or not by that name; `own` are the devices that it had. */
export function withdraw(
  house: House,
  room: Chatroom,
  attendee: Attendee,
  own: readonly Seat[],
  inner: string,
  notice: Notice,
  /** Whether the others have seen it. */
  shown = isShown(room, attendee.role),
): { toOwn(): void; toOthers(): void } {
  const versions = new Versions(room, attendee, inner, { ...notice, unavailable: true });
  return {
    toOwn: () => toOwn(house, room, own, versions),
    toOthers: () => {
      if (shown && !room.gone) toOthers(house, room, attendee, versions);
    },
  };
}

function toOthers(house: House, room: Chatroom, attendee: Attendee, versions: Versions): void {
  const seats = room.audience;
  room.outgoing.run(seats.length, (at) => {
    const seat = seats[at]!;
    if (seat.attendee !== attendee) house.send(versions.for(seat).addressed(seat.jid));
  });
}

function toOwn(house: House, room: Chatroom, seats: readonly Seat[], versions: Versions): void {
  const own = [...seats];
  room.outgoing.run(own.length, (at) => house.send(versions.own.addressed(own[at]!.jid)));
}

/** Shows everybody who is there to one device (XEP-0045 §7.2.2). */
export function introduce(house: House, room: Chatroom, to: Seat): void {
  const open = room.reveals(to.attendee);
  const shown = room.value(PRESENCE_BROADCAST) as readonly string[];
  // Chosen beforehand: a large room that shows nobody is not to be walked through in slices for nothing.
  const all = [...room.people.values()].filter((it) => it !== to.attendee && shown.includes(it.role));
  room.outgoing.run(all.length, (at) => {
    const attendee = all[at]!;
    if (attendee.seats.length === 0) return;
    const appearance = appearanceOf(house, room, attendee);
    house.send((open ? appearance.open : appearance.hidden).addressed(to.jid));
  });
}

/** The self-presence of one device (§7.2.2: after that of all others). */
export function showSelf(house: House, room: Chatroom, seat: Seat, notice: Notice): void {
  const { inner } = appearanceOf(house, room, seat.attendee);
  toOwn(house, room, [seat], new Versions(room, seat.attendee, inner, notice));
}
