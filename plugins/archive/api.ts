/** What other plugins may know of archives (XEP-0313): of those of accounts, and of those of rooms. */
import {
  type ArchiveFilter,
  type ArchiveItem,
  type ArchivePage,
  type ClientSession,
  defineService,
  type Element,
  type Found,
  type Maybe,
  type Stanza,
} from "#plugin";
import type { Room, RoomField, RoomValue } from "../muc/api.ts";

export interface Archiving {
  /** Whether a message that has arrived is in its receiver's archive, by the stable id it was given (XEP-0359). */
  has(stanza: Stanza): boolean;
  /**
   * Whether a device has asked its account's archive and was shown what was new after a moment, in milliseconds since 1970:
   * not only what was said with somebody, or before something else. It has no use for copies of what was there by then.
   */
  hasAsked(session: ClientSession, after: number): boolean;
  /** Settled as soon as a device that has just asked what is new has its answer; undefined where it never asked. */
  answering(session: ClientSession): Promise<void> | undefined;
}

export const archiving = defineService<Archiving>("archiving");

/** Whether what is said in a room is kept: the field has the name that Prosody and its clients know. */
export const ARCHIVE: RoomField<{ readonly kind: "boolean"; readonly label: string }> = {
  name: "muc#roomconfig_enablearchiving",
  shape: { kind: "boolean", label: "What is said is kept, and can be read later" },
  initial: true,
};

/** What was said in rooms, by the ids that they gave to it. */
export interface RoomArchive {
  /** Whether what is said in a room is kept. What was kept before stays. */
  keeps(room: Room): boolean;
  /** Whether anybody may read it, with these values of a room: who enters is told so (XEP-0045 §7.2.12). */
  isPublic(value: <T>(of: RoomValue<T>) => T): boolean;
  /** A message: as it went to the occupants, without a receiver and without its id, `with` the true address of who said it. */
  get(room: string, id: string): Maybe<ArchiveItem | undefined>;
  find(room: string, filter: ArchiveFilter, page: ArchivePage): Maybe<Found>;
  /** Puts another message in the place of one, which is not found by its words any more. */
  replace(room: string, id: string, message: Element): Maybe<boolean>;
}

export const roomArchive = defineService<RoomArchive>("roomArchive");
