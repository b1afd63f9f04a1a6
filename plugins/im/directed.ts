/**
 * Whom a session has told of its presence itself, outside of broadcasts (RFC 6121 §4.6): they must be told of its end too,
 * unless they are gone themselves.
 */
import { type ClientSession, defineSlot, type Jid } from "#plugin";

/** Addresses as text; only of sessions that have told somebody. */
const directed = defineSlot<Set<string>>("directed");

export function toldBy(session: ClientSession): ReadonlySet<string> | undefined {
  return session.get(directed);
}

export function remember(session: ClientSession, to: Jid): void {
  const told = session.get(directed);
  if (told === undefined) session.set(directed, new Set([to.toString()]));
  else told.add(to.toString());
}

export function forget(session: ClientSession, to: Jid): void {
  const told = session.get(directed);
  if (told?.delete(to.toString()) === true && told.size === 0) forgetAll(session);
}

export function forgetAll(session: ClientSession): void {
  session.set(directed, undefined);
}
