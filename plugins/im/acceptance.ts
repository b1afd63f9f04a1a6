/** Which devices take messages that are for their account as a whole, on hosts where nothing else is said. */
import type { ClientSession } from "#plugin";
import type { Acceptance } from "./api.ts";

/** The rule of the RFC. */
export const byPriority: Acceptance = Object.freeze({ accepts: (priority: number) => priority >= 0 });

/** Whether a session takes messages for its account now. */
export function isReached(session: ClientSession, by: Acceptance): boolean {
  return session.presence !== undefined && by.accepts(session.priority);
}
