/**
 * What other plugins may know of rooms (XEP-0045), and how they complete them: points and events of a room's life, values
 * and fields that are kept with it, and the service `rooms`. Everything beyond the core of the standard is a plugin that
 * uses this file and nothing else of the engine. Tokens and types only. See docs/rooms.md for a whole example.
 */
import {
  type ClientSession,
  defineEvent,
  definePoint,
  defineService,
  type Element,
  type Field,
  type FieldShape,
  type FilledOf,
  type FormShape,
  type HostScope,
  type Identity,
  type Item,
  type Jid,
  type Maybe,
  type Passage,
  type Slot,
  type Stanza,
  type ValueOf,
} from "#plugin";
/** XEP-0045 §5.2: lasting, by bare address. */
export type Affiliation = "owner" | "admin" | "member" | "none" | "outcast";
/** XEP-0045 §5.1: for the time somebody is in the room. "none" is who is not. */
export type Role = "moderator" | "participant" | "visitor" | "none";

/** What a room has on record about somebody, by bare address, or about a whole domain. */
export interface Standing {
  readonly affiliation: Affiliation;
  /** The nickname that nobody else may use. */
  readonly nick?: string;
  readonly reason?: string;
}

/** One of the devices of an occupant. */
export interface Device {
  /** The true full address. */
  readonly jid: Jid;
  /** What it last said of itself to the room. */
  readonly presence: Stanza;
}

/** Somebody in a room: one nickname of one account, with one device or more. */
export interface Occupant {
  readonly nick: string;
  /** The address in the room. */
  readonly jid: Jid;
  /** The true bare address. */
  readonly account: Jid;
  readonly role: Role;
  readonly affiliation: Affiliation;
  /** XEP-0421. */
  readonly id: string;
  readonly devices: readonly Device[];
  /** What a plugin keeps about somebody for as long as they are there. */
  get<T>(slot: Slot<T>): T | undefined;
  set<T>(slot: Slot<T>, value: T | undefined): void;
}

/** Something that is kept with a room, as JSON, for as long as there is the room. Exported by its owner. */
export interface RoomValue<T> {
  /** Of all values of all plugins; of a field: its name in the form. */
  readonly name: string;
  readonly initial: T;
}

/** A value that owners see and change in the configuration form. */
export interface RoomField<F extends FieldShape = FieldShape> extends RoomValue<ValueOf<F>> {
  readonly shape: F;
}

/** A value that no form shows. */
export const defineValue = <T>(name: string, initial: T): RoomValue<T> => Object.freeze({ name, initial });

/** A field; names that XEP-0045 does not register begin with "x-" or with a namespace in braces (XEP-0068 §3.4). */
export const defineField = <const F extends FieldShape>(
  name: string,
  shape: F,
  initial: ValueOf<F>,
): RoomField<F> => Object.freeze({ name, shape, initial });

// What kind of room it is (XEP-0045 §4.2): the fields that other plugins ask about.
export const NAME = defineField(
  "muc#roomconfig_roomname",
  { kind: "text", label: "Name", longest: 200 },
  "",
);
export const DESCRIPTION = defineField(
  "muc#roomconfig_roomdesc",
  { kind: "text", label: "Description", longest: 4000 },
  "",
);
export const LANGUAGE = defineField(
  "muc#roomconfig_lang",
  { kind: "text", label: "Language of the conversation", longest: 40 },
  "",
);
export const PERSISTENT = defineField(
  "muc#roomconfig_persistentroom",
  { kind: "boolean", label: "The room stays when everybody has left" },
  false,
);
export const PUBLIC = defineField("muc#roomconfig_publicroom", {
  kind: "boolean",
  label: "The room is listed",
}, true);
export const MEMBERS_ONLY = defineField(
  "muc#roomconfig_membersonly",
  { kind: "boolean", label: "Only members may enter" },
  false,
);
export const MODERATED = defineField(
  "muc#roomconfig_moderatedroom",
  { kind: "boolean", label: "Only those who have voice may speak" },
  false,
);
export const WHOIS = defineField(
  "muc#roomconfig_whois",
  {
    kind: "choice",
    label: "Who sees the true addresses of others",
    options: [{ value: "moderators", label: "Moderators" }, { value: "anyone", label: "Anyone" }],
  },
  "moderators",
);
export const PASSWORD = defineField(
  "muc#roomconfig_roomsecret",
  { kind: "secret", label: "Password", longest: 500 },
  "",
);

/** A message of the past, for those who enter. */
export interface Spoken {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As it went to the occupants: from an address in the room, without a receiver. */
  readonly stanza: Stanza;
}

/** The latest messages of a room. */
export interface History {
  readonly items: readonly Spoken[];
  /** Puts something else in a message's place, or nothing. True where the message was there. */
  replace(which: (message: Stanza) => boolean, by: Stanza | undefined): boolean;
}

/** A room. It may leave the memory when nobody is in it: keep its name, not the object. */
export interface Room {
  readonly jid: Jid;
  /** The local part of its address, by which plugins keep what they store for it. */
  readonly name: string;
  /** Made and not configured yet: nobody else may enter (XEP-0045 §10.1). */
  readonly locked: boolean;
  readonly persistent: boolean;
  readonly occupants: Iterable<Occupant>;
  /** How many occupants. */
  readonly size: number;
  readonly history: History;
  /** What was set, or the initial value. */
  value<T>(of: RoomValue<T>): T;
  /** Sets a value outside of the form; undefined takes it back to the initial one. */
  keep<T>(of: RoomValue<T>, value: T | undefined): void;
  get<T>(slot: Slot<T>): T | undefined;
  set<T>(slot: Slot<T>, value: T | undefined): void;
  occupant(nick: string): Occupant | undefined;
  /** Who has this device. */
  occupantOf(full: Jid): Occupant | undefined;
  /** The occupants that an account is here as. */
  occupantsOf(account: Jid): readonly Occupant[];
  affiliation(jid: Jid): Affiliation;
  /** The affiliation that counts: an administrator of the server may have asked to act as an owner. */
  rights(jid: Jid): Affiliation;
  standing(jid: Jid): Standing | undefined;
  standings(affiliation?: Affiliation): Iterable<readonly [Jid, Standing]>;
  /** Whether an occupant may see the true addresses of the others. */
  reveals(to: Occupant): boolean;
}

// --- points: before something happens. Guards refuse, amends change the stanza, claims take it over. --------------------

/** What passes a point of a room; the stanza is the one that causes it. */
export interface InRoom extends Passage {
  readonly room: Room;
  /** The true address of whoever causes it; the room's own where it is the room. */
  readonly from: Jid;
  /** Who that is in the room. */
  readonly occupant: Occupant | undefined;
}

/** A room is about to be made by somebody's presence or form. Its values can still be set with `room.keep`. */
export const creating = definePoint<InRoom>("creating");

export interface Joining extends InRoom {
  readonly nick: string;
  readonly affiliation: Affiliation;
  readonly role: Role;
  /** Adds a status code to the newcomer's own presence. */
  status(code: number): void;
  /** Lets them in under another nickname (status 210). */
  rename(nick: string): void;
  /** Lets them in with another role. */
  cast(role: Role): void;
}

/** Somebody is about to enter; passwords, bans and the rest have been checked. */
export const joining = definePoint<Joining>("joining");

export interface Presenting extends InRoom {
  readonly occupant: Occupant;
}

/**
 * What others will see of an occupant: once for each change, not for each receiver. The stanza comes from the occupant's
 * address, without what only the room may say; amends add to it. Unavailable presence passes too. A refusal takes what
 * the occupant says of itself away.
 */
export const presenting = definePoint<Presenting>("presenting");

export interface Saying extends InRoom {
  /** It changes the subject. */
  readonly subject: boolean;
}

/**
 * A message for everybody. The stanza is as the occupants will get it: from an address in the room, to the room, without
 * what only the room may say. Whoever claims it, sends it or not. `occupant` is undefined where the room itself speaks.
 */
export const saying = definePoint<Saying>("saying");

export interface Toward extends InRoom {
  readonly occupant: Occupant;
  readonly target: Occupant;
}

/** A private message, from and to addresses in the room. */
export const whispering = definePoint<Toward>("whispering");
/** A request from one occupant to another, from and to addresses in the room. */
export const forwarding = definePoint<Toward>("forwarding");

export interface Asking extends InRoom {
  readonly payload: Element;
}

/** A request to the room itself, before anybody answers it. */
export const asking = definePoint<Asking>("asking");

export interface Inviting extends InRoom {
  readonly to: Jid;
}

/** An invitation by the room (XEP-0045 §7.8.2). */
export const inviting = definePoint<Inviting>("inviting");

export interface Configuring extends InRoom {
  /** Names of the fields whose values will be others. */
  readonly changed: ReadonlySet<string>;
  changes(of: RoomValue<unknown>): boolean;
  /** The value as it will be; `room.value` gives the present one. */
  value<T>(of: RoomValue<T>): T;
  /** Sets a value together with the others. */
  put<T>(of: RoomValue<T>, value: T): void;
  /** Adds a status code to the notice that occupants get. */
  notice(code: number): void;
}

/** The configuration is about to be changed; a refusal is the answer, and nothing has changed. */
export const configuring = definePoint<Configuring>("configuring");

export interface AffiliationChange {
  /** A bare address or a domain. */
  readonly jid: Jid;
  readonly before: Standing | undefined;
  readonly after: Standing;
}

export interface RoleChange {
  readonly occupant: Occupant;
  readonly before: Role;
  /** "none" is a kick. */
  readonly after: Role;
  readonly reason: string | undefined;
}

export interface Granting extends InRoom {
  readonly affiliations: readonly AffiliationChange[];
  readonly roles: readonly RoleChange[];
}

/** Affiliations or roles are about to be changed, all of them or none. */
export const granting = definePoint<Granting>("granting");

export interface Leaving extends InRoom {
  readonly occupant: Occupant;
  /** Why: status codes as 307. */
  readonly codes: readonly number[];
}

/** The last device of an occupant is going. Amends change what is shown of it; a refusal shows nothing, and is no way to stay. */
export const leaving = definePoint<Leaving>("leaving");

/** A room is about to be destroyed by an owner. */
export const destroying = definePoint<InRoom>("destroying");

// --- events: after it ---------------------------------------------------------------------------------------------------

interface Happened {
  readonly room: Room;
  /** The true address of whoever caused it; undefined for the room itself. */
  readonly by: Jid | undefined;
}

export const roomCreated = defineEvent<Happened>("roomCreated");
/** Somebody has come in, with the presence of everybody and the history on the way to them. */
export const joined = defineEvent<Happened & { readonly occupant: Occupant; readonly device: Device }>(
  "joined",
);
/** Another device of somebody who is in already. */
export const deviceJoined = defineEvent<Happened & { readonly occupant: Occupant; readonly device: Device }>(
  "deviceJoined",
);
export const left = defineEvent<
  Happened & { readonly occupant: Occupant; readonly codes: readonly number[] }
>("left");
export const nicknameChanged = defineEvent<
  Happened & { readonly occupant: Occupant; readonly before: string }
>("nicknameChanged");
/** A message has gone to the occupants. */
export const said = defineEvent<
  Happened & {
    readonly occupant: Occupant | undefined;
    readonly stanza: Stanza;
    readonly subject: boolean;
    readonly at: number;
  }
>("said");
export const configured = defineEvent<Happened & { readonly changed: ReadonlySet<string> }>("configured");
export const affiliationsChanged = defineEvent<Happened & { readonly changes: readonly AffiliationChange[] }>(
  "affiliationsChanged",
);
/** A room is gone for good: what is stored for its name has to go too. */
export const roomDestroyed = defineEvent<Happened>("roomDestroyed");

// --- the service --------------------------------------------------------------------------------------------------------

/** A request to a room. */
export interface RoomQuery {
  readonly room: Room;
  readonly stanza: Stanza;
  readonly payload: Element;
  readonly from: Jid;
  readonly session: ClientSession | undefined;
  readonly occupant: Occupant | undefined;
  /** The affiliation that counts. */
  readonly rights: Affiliation;
  /** Something to do once the answer is on its way; with what was written before safe. */
  after(then: () => void): void;
}

/** An answer's payload; undefined for an empty result; a thrown StanzaError for an error. It waits for the commit by itself. */
export type RoomIqHandler = (query: RoomQuery) => Maybe<Element | undefined>;

/** What a plugin adds to what rooms say of themselves (XEP-0030). */
export interface RoomDisco {
  features?(room: Room, from: Jid): readonly string[];
  identities?(room: Room, from: Jid): readonly Identity[];
  /** Fields of the form muc#roominfo. */
  info?(room: Room, from: Jid): readonly Field[];
  /** More forms. */
  forms?(room: Room, from: Jid): readonly Element[];
  /** A node of the room's: what is there; undefined where it is none of the plugin's. */
  node?(room: Room, from: Jid, node: string): {
    readonly identities?: readonly Identity[];
    readonly features?: readonly string[];
    readonly items?: readonly Item[];
  } | undefined;
}

type Fields = Record<string, FieldShape>;

/** A command of rooms (XEP-0050), with one form or none. A submission without being asked for is fine. */
export interface RoomCommand<S extends Fields = Fields> {
  readonly node: string;
  readonly name: string;
  may(room: Room, from: Jid): boolean;
  form?(room: Room, from: Jid): FormShape<S>;
  /** Does it; the payload is a form of type "result". Throws StanzaErrors. */
  run(query: RoomQuery, values: FilledOf<S>): Maybe<Element | undefined>;
}

export interface FieldOptions<T> {
  /** The value of rooms that say nothing else, such as one from the plugin's options. */
  readonly initial?: T;
  /** Also in the form that everybody may read (muc#roominfo). */
  readonly info?: boolean;
}

/** Registrations last as long as the plugin whose scope is given. */
type Owner = Pick<HostScope<unknown>, "onStop">;

export interface Rooms {
  /** A room that there is, from storage if need be. */
  find(name: string): Room | undefined;
  /** All rooms, those in storage too, by name. */
  names(): Iterable<string>;

  field<F extends FieldShape>(owner: Owner, field: RoomField<F>, options?: FieldOptions<ValueOf<F>>): void;
  get(owner: Owner, ns: string, name: string, handler: RoomIqHandler): void;
  set(owner: Owner, ns: string, name: string, handler: RoomIqHandler): void;
  disco(owner: Owner, disco: RoomDisco): void;
  command<S extends Fields>(owner: Owner, command: RoomCommand<S>): void;
  /**
   * Where the latest messages of a room that is loaded come from, oldest first. Without a source, and where it gives undefined,
   * from the room's own record.
   */
  history(owner: Owner, source: (room: Room, most: number) => readonly Spoken[] | undefined): void;

  /**
   * A message from an occupant, or from the room, to everybody, through `saying`. The element is a message; type and
   * addresses are set. CLAIMED or refused messages do not go out.
   */
  say(room: Room, message: Element, as?: Occupant): void;
  /** A stanza from an address in the room to every occupant for whom `to` holds, past all points. */
  distribute(room: Room, stanza: Stanza, to?: (occupant: Occupant) => boolean): void;
  /** Tells occupants that the configuration has changed, by status codes (XEP-0045 §10.2.1). */
  notify(room: Room, ...codes: number[]): void;
  /** Shows an occupant anew, through `presenting`: something that plugins add has changed. */
  refresh(room: Room, occupant: Occupant): void;
  /** Removes an occupant, with status codes such as 307. */
  remove(room: Room, occupant: Occupant, codes: readonly number[], reason?: string): void;
  /** Changes affiliations in the name of the room, through `granting`. */
  grant(room: Room, changes: readonly { readonly jid: Jid; readonly standing: Standing }[]): void;
  destroy(room: Room, reason?: string, venue?: Jid): void;
  /** Takes somebody off the record of all rooms: the account is no more, and whoever has its name next is somebody else. */
  forget(account: Jid): void;
}

export const rooms = defineService<Rooms>("rooms");
