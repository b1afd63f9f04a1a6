/** Which available devices take messages that are for their account as a whole; said once, for all plugins that ask. */
import { type ClientSession, defineService } from "#plugin";

export interface Acceptance {
  /** Whether a device of this priority takes them (RFC 6121 §8.5.2.1.1: one that is not negative). */
  accepts(priority: number): boolean;
}

export const acceptance = defineService<Acceptance>("acceptance");

/** The rule of the RFC, for hosts where nothing else is said. */
export const byPriority: Acceptance = Object.freeze({ accepts: (priority: number) => priority >= 0 });

/** Whether a session takes messages for its account now. */
export function isReached(session: ClientSession, by: Acceptance): boolean {
  return session.presence !== undefined && by.accepts(session.priority);
}
