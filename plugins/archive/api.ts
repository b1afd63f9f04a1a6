/** What other plugins may know of the archives of accounts (XEP-0313): whether a message is, or will be, in one. */
import { type ClientSession, defineService, type Stanza } from "#plugin";

export interface Archiving {
  /**
   * Whether the archive of the account that a message is for keeps it. Where it does, nobody who cannot deliver the
   * message needs to tell its sender so: it is not lost.
   */
  willStore(stanza: Stanza): boolean;
  /** Whether a message that has arrived is in its receiver's archive, by the stable id it was given (XEP-0359). */
  has(stanza: Stanza): boolean;
  /**
   * Whether a device has asked for its account's archive after a moment, in milliseconds since 1970. It has no use for
   * copies of what was there by then.
   */
  hasAsked(session: ClientSession, after: number): boolean;
}

export const archiving = defineService<Archiving>("archiving");
