/**
 * Authorization identities (RFC 6120 §6.3.8): nobody acts for another here, so one that is given must be
 * one's own.
 */

import type { ExchangeContext } from "./mechanism.ts";

/** Whether an authzid is the bare JID of this account; an empty one is no authzid and always fine. */
export function isOwn(authzid: string, username: string, context: ExchangeContext): boolean {
  if (authzid === "") return true;
  const at = authzid.indexOf("@");
  if (at <= 0) return false;
  return authzid.slice(at + 1).toLowerCase() === context.domain &&
    context.username(authzid.slice(0, at)) === username;
}
