/** What other plugins may know of stream management. */
import { type ClientSession, defineEvent, defineService, type Stanza } from "#plugin";

/** A session's stream broke and the session waits to be resumed. */
export const sessionParked = defineEvent<{ session: ClientSession }>("sessionParked");
/**
 * A stanza is being kept for a session that waits to be resumed: it came meanwhile, or was not acknowledged when the stream
 * broke.
 */
export const keptForParked = defineEvent<{ session: ClientSession; stanza: Stanza }>("keptForParked");
/** A session goes on with another stream. */
export const sessionResumed = defineEvent<{ session: ClientSession }>("sessionResumed");

/** Knows what sessions have really got. */
export interface Acknowledging {
  /**
   * Whether a session says what it has got. What it has not when it ends goes the way of messages for nobody by itself:
   * whoever gave it to the session need not keep it.
   */
  isWatched(session: ClientSession): boolean;
}

export const acknowledging = defineService<Acknowledging>("acknowledging");
