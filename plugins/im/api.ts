/**
 * What other plugins may know of instant messaging on a user host (RFC 6121): rosters, who is available, and what changes
 * there. Tokens and types only.
 */
import {
  type ClientSession,
  defineEvent,
  definePoint,
  defineService,
  type Element,
  type Jid,
  type Passage,
  type Stanza,
} from "#plugin";

/** RFC 6121 §2.1.2.5: seen from the account; "to" means that the account sees the contact's presence. */
export type Subscription = "none" | "to" | "from" | "both";

/** A contact as its account's roster has it. Never changed after it was made. */
export interface RosterItem {
  /** The contact's bare JID. */
  readonly jid: Jid;
  readonly name: string | undefined;
  readonly subscription: Subscription;
  /** A request of the account's is unanswered. */
  readonly ask: boolean;
  /** A request of the contact's would be granted at once (RFC 6121 §3.4). */
  readonly approved: boolean;
  readonly groups: readonly string[];
}

/** Reads rosters. `local` is an account's local part; a contact may be given with a resource, which is ignored. */
export interface Rosters {
  get(local: string, contact: Jid): RosterItem | undefined;
  items(local: string): Iterable<RosterItem>;
  /** The contact may see the account's presence. The account itself always may. */
  sees(local: string, contact: Jid): boolean;
  /** The account sees the contact's presence. */
  watches(local: string, contact: Jid): boolean;
  /** The contact is in the roster, whatever the subscription, or is the account itself. */
  isContact(local: string, contact: Jid): boolean;
  /** The contacts whose requests wait for an answer of the account's. */
  requests(local: string): readonly Jid[];
}

export const roster = defineService<Rosters>("roster");

/** Sets subscriptions without the words of RFC 6121 §3: for those whom an administrator lets decide for both sides. */
export interface RosterKeeper {
  settle(local: string, contact: Jid, subscription: Subscription): void;
}

export const rosterKeeper = defineService<RosterKeeper>("rosterKeeper");

export interface RosterChange {
  readonly local: string;
  readonly contact: Jid;
  /** Undefined when the item was not there before. */
  readonly before: RosterItem | undefined;
  /** Undefined when the item was removed. */
  readonly after: RosterItem | undefined;
}

/** A roster item was added, changed or removed. */
export const rosterChanged = defineEvent<RosterChange>("rosterChanged");

/** Who is available. A session is, when its last presence without an address was not of type "unavailable". */
export interface Availability {
  /** The available sessions of an account of this host. */
  sessions(local: string): readonly ClientSession[];
  /** Whether the account has an available session. */
  isAvailable(local: string): boolean;
  /** The last presence of an available session, with the moment it came (XEP-0203); undefined for others. */
  presence(full: Jid): Stanza | undefined;
  /** Ends the directed presence of a session (RFC 6121 §4.6) towards those that `from` is true for: they are told. */
  withdraw(session: ClientSession, from: (to: Jid) => boolean): void;
  /** Whether a session has sent presence to an address of the contact's itself, such as to a room that it is in. */
  hasTold(session: ClientSession, contact: Jid): boolean;
  /** Has an available account shown a contact's presence again, as when it came online (RFC 6121 §4.2.2). */
  seek(local: string, contact: Jid): void;
  /** Tells everybody who may know what an available session says of itself again, with something in it changed. */
  renew(session: ClientSession, change: (presence: Element) => Element): void;
}

export const availability = defineService<Availability>("availability");

export interface PresenceChange {
  readonly session: ClientSession;
  /** As it was sent: without an address. */
  readonly stanza: Stanza;
  /** The priority before; undefined where the session was not available. */
  readonly priorityBefore: number | undefined;
}

/**
 * A session has become available, or has said something new about itself; `session.presence` and `session.priority` are
 * the new ones. `priorityBefore` tells initial presence, and a priority that has risen above zero, from the rest.
 */
export const presenceChanged = defineEvent<PresenceChange>("presenceChanged");

export interface PresenceEnd {
  readonly session: ClientSession;
  readonly stanza: Stanza;
  readonly priorityBefore: number;
}

/** An available session is no longer available, by its own word or because it ended. */
export const becameUnavailable = defineEvent<PresenceEnd>("becameUnavailable");

/** Which available devices take messages that are for their account as a whole; said once, for all plugins that ask. */
export interface Acceptance {
  /** Whether a device of this priority takes them (RFC 6121 §8.5.2.1.1: one that is not negative). */
  accepts(priority: number): boolean;
}

export const acceptance = defineService<Acceptance>("acceptance");

/** The server is about to tell somebody of an account's presence. */
export interface Notifying extends Passage {
  /** The account whose presence it is. */
  readonly local: string;
  /** The session whose presence it is, which may have just ended; undefined where the account itself is spoken for. */
  readonly session: ClientSession | undefined;
}

/**
 * Every copy of an account's presence that the server makes itself: broadcasts, answers to probes, and the end of directed
 * presence; and its probes, which give away that the account is there. The stanza is addressed. Guards here decide at once and
 * keep it from its receiver: a promise holds nothing up.
 */
export const notifying = definePoint<Notifying>("notifying");

/** Copies of conversations for an account's other devices (XEP-0280); for whoever sets a session up in another way. */
export interface Carbons {
  enable(session: ClientSession): undefined;
  disable(session: ClientSession): undefined;
  isEnabled(session: ClientSession): boolean;
  /** Whether a message that an account gets is copied to those devices that it is not for. */
  copies(stanza: Stanza): boolean;
}

/** A session gets copies from now on, or no more. */
export const carbonsSwitched = defineEvent<{ readonly session: ClientSession; readonly on: boolean }>(
  "carbonsSwitched",
);

export const carbons = defineService<Carbons>("carbons");

/** A message is about to be copied to an account's devices. */
export interface Copying extends Passage {
  /** Seen from the account. */
  readonly direction: "sent" | "received";
  /** Whose devices get the copies, as a bare JID. */
  readonly account: Jid;
}

/**
 * The message inside a carbon copy, once for all receivers: an archive may amend it with the account's own id of it. Guards
 * here decide at once; a refusal or a promise means no copy.
 */
export const copying = definePoint<Copying>("copying");

/** Which rooms a session has joined, as far as it has said so itself. */
export interface JoinedRooms {
  /** The session's nickname in a room; undefined where it is not known to be there. */
  nickname(session: ClientSession, room: Jid): string | undefined;
}

export const joinedRooms = defineService<JoinedRooms>("joinedRooms");

/**
 * Contacts that accounts have without having added them, such as the members of their groups. The roster shows them among
 * the others, keeps nothing of them and lets nobody change them.
 */
export interface SharedContacts {
  get(local: string, contact: Jid): RosterItem | undefined;
  items(local: string): readonly RosterItem[];
  /** The contact may see the account's presence without being a contact of the account. */
  sees(local: string, contact: Jid): boolean;
  /** Those of them who are online, as bare JIDs; without those whom `items` of the account has. */
  watchers(local: string): readonly Jid[];
  /** Another text whenever an account's shared contacts are others; "" where it has none. */
  version(local: string): string;
  /** The version that the account's clients were told of last: an older one while others are still to be told. */
  told(local: string): string;
}

export const sharedContacts = defineService<SharedContacts>("sharedContacts");

/** An account's shared contacts have become others; `before` and `after` are without what its own roster says. */
export const sharedContactsChanged = defineEvent<{
  readonly local: string;
  readonly versions: { readonly before: string; readonly after: string };
  readonly changes: readonly RosterChange[];
}>("sharedContactsChanged");
