/** What all commands of XEP-0133 have in common. */
import type { HostScope, Jid } from "#plugin";

/** What their forms are about. */
export const ADMIN_NS = "http://jabber.org/protocol/admin";

/** The node of a command, such as "add-user". */
export function adminNode(name: string): string {
  return `${ADMIN_NS}#${name}`;
}

/** Accounts are of this host; what is wrong with the first that is not. */
export function strangers(host: HostScope<unknown>, jids: readonly Jid[]): string | undefined {
  const strange = jids.find((jid) => jid.local === "" || jid.domain !== host.domain);
  return strange === undefined
    ? undefined
    : `${strange} is no account of ${host.domain}; it must be name@${host.domain}`;
}

/** As `strangers`, for accounts without a resource. */
export function notAccounts(host: HostScope<unknown>, jids: readonly Jid[]): string | undefined {
  const full = jids.find((jid) => jid.resource !== "");
  return full === undefined
    ? strangers(host, jids)
    : `${full} names one device; leave out what comes after the slash`;
}
