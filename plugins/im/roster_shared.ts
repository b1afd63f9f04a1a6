/** Presence between an account and those who see it because of what others decided, such as a group they are in. */
import { type HostScope, Jid, type Stanza } from "#plugin";
import {
  becameUnavailable,
  presenceChanged,
  type RosterChange,
  type SharedContacts,
  sharedContactsChanged,
} from "./api.ts";
import { Fanout, notify, tellPresence, tellUnavailable } from "./notify.ts";
import type { RosterBook } from "./roster_book.ts";
import { watches } from "./roster_merge.ts";

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
  const subscription = book.get(local, contact)?.subscription;
  return subscription === "from" || subscription === "both";
}

/** What an account sees of its contacts once they are others: their presence, or that it is over. */
function showShared(host: HostScope<unknown>, changes: readonly RosterChange[]): void {
  for (const { local, contact, before, after } of changes) {
    const was = watches(before?.subscription ?? "none");
    const is = watches(after?.subscription ?? "none");
    if (was === is || contact.domain !== host.domain) continue;
    const account = Jid.of(local, host.domain);
    if (is) { for (const session of host.sessions(contact)) tellPresence(host, session, account); }
    else tellUnavailable(host, contact, account);
  }
}
