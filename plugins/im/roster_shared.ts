/** Presence between an account and those who see it because of what others decided, such as a group they are in. */
import { type HostScope, Jid, type Stanza } from "#plugin";
import {
  becameUnavailable,
  presenceChanged,
  type RosterChange,
  type SharedContacts,
  sharedContactsChanged,
  type Subscription,
} from "./api.ts";
import { Fanout, notify, tellPresence, tellUnavailable } from "./notify.ts";
import { probeOf } from "./probe.ts";
import type { RosterBook } from "./roster_book.ts";
import { shows, watches } from "./roster_merge.ts";

/** Keeps clients informed of contacts that are shared with their accounts. */
export function followShared(host: HostScope<unknown>, book: RosterBook, shared: SharedContacts): void {
  host.on(sharedContactsChanged, ({ local, changes, versions }) => {
    showShared(host, book.shift(local, changes, versions));
  });
  const fanout = new Fanout(host);
  // Those who are in the roster have it from the account's own broadcast.
  const tell = (local: string, stanza: Stanza, session: Parameters<typeof notify>[3]): undefined => {
    const watchers = shared.watchers(local).filter((to) => !seesOfItself(book, local, to));
    fanout.run(local, watchers, (to) => notify(host, local, stanza.addressed(to), session));
  };
  host.on(presenceChanged, ({ session, stanza }) => tell(session.username, stanza, session));
  host.on(becameUnavailable, ({ session, stanza }) => tell(session.username, stanza, session));
}

function seesOfItself(book: RosterBook, local: string, contact: Jid): boolean {
  return shows(book.get(local, contact)?.subscription ?? "none");
}

/** What an account sees of its contacts once they are others: their presence, or that it is over. */
function showShared(host: HostScope<unknown>, changes: readonly RosterChange[]): void {
  for (const { local, contact, before, after } of changes) {
    const account = Jid.of(local, host.domain);
    const was = before?.subscription ?? "none";
    const is = after?.subscription ?? "none";
    if (contact.domain !== host.domain) showElsewhere(host, account, contact, was, is);
    else if (watches(was) !== watches(is)) show(host, contact, account, watches(is));
  }
}

/** The server of a contact elsewhere knows nothing of it: what both sides see begins and ends here. */
function showElsewhere(
  host: HostScope<unknown>,
  account: Jid,
  contact: Jid,
  was: Subscription,
  is: Subscription,
): void {
  if (shows(was) !== shows(is)) show(host, account, contact, shows(is));
  if (watches(was) || !watches(is)) return;
  // RFC 6121 §4.3.1, as when a session comes; one for all of them, by the rules of any (XEP-0016 §2.2).
  const probe = probeOf(account).addressed(contact);
  host.sessions(account).some((session) =>
    session.presence !== undefined && notify(host, account.local, probe, session)
  );
}

/** The presence of all sessions of an account, or that it is over (RFC 6121 §3.1.5, §3.2.2). */
function show(host: HostScope<unknown>, account: Jid, to: Jid, is: boolean): void {
  if (is) { for (const session of host.sessions(account)) tellPresence(host, session, to); }
  else tellUnavailable(host, account, to);
}
