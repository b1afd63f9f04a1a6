/** What other plugins may know of stream management. */
import { type ClientSession, defineEvent, defineService, type Stanza } from "#plugin";

/** A session's stream broke and the session waits to be resumed. */
export const sessionParked = defineEvent<{ session: ClientSession }>("sessionParked");
/**
 * A stanza is being kept for a session that waits to be resumed: it came meanwhile, or was not acknowledged when the stream
 * broke.
 */
export const keptForParked = defineEvent<{ session: ClientSession; stanza: Stanza }>("keptForParked");
/** A session goes on with another stream: that of `from`, which has logged in and is no more. */
export const sessionResumed = defineEvent<{ session: ClientSession; from: ClientSession }>("sessionResumed");

/** A message that lies in storage while it is in the queues of sessions, so that it outlives the server. */
export interface Deposit {
  /** A device has got it, or it goes another way: it need not lie there any more. */
  remove(): void;
}

/** A message that only the memory of this server holds. */
export interface Stake {
  readonly session: ClientSession;
  readonly stanza: Stanza;
  /** When it came, in milliseconds since 1970. */
  readonly since: number;
  /** Called at once by who has put it into storage. */
  deposited(deposit: Deposit): void;
}

/**
 * A message waits for the acknowledgement of a session that has no stream, or whose client has been asked and says nothing;
 * no other device that listens has got it, and no archive that this one reads. Whoever can keep it does.
 */
export const atStake = defineEvent<Stake>("atStake");

/** Knows what sessions have really got. */
export interface Acknowledging {
  /**
   * Whether a session says what it has got. What it has not when it ends goes the way of messages for nobody by itself:
   * whoever gave it to the session need not keep it.
   */
  isWatched(session: ClientSession): boolean;
  /**
   * Does `write`, which hands a message that lies in storage to a session. True where it is removed from there as soon as it
   * has been acknowledged, or goes another way; false where whoever calls has to see to that.
   */
  entrust(session: ClientSession, deposit: Deposit, write: () => void): boolean;
}

export const acknowledging = defineService<Acknowledging>("acknowledging");
