/**
 * The contact list (RFC 6121 §2): get, set, remove, pushes to every interested resource, and versions by which a client
 * gets only what has changed (§2.6, XEP-0237).
 */
import {
  accountRemoved,
  accountRemoving,
  acquaintance,
  Authenticated,
  Bound,
  CONTENT_NS,
  definePlugin,
  el,
  type Element,
  type HostScope,
  Jid,
  options,
  type Query,
  randomId,
  sessionUnbound,
  size,
  Stanza,
  StanzaError,
  z,
} from "#plugin";
import { roster as rosters, rosterKeeper, sharedContacts } from "./api.ts";
import { tellUnavailable } from "./notify.ts";
import { RosterBook, rosterBook, type RosterLimits } from "./roster_book.ts";
import { readWish, ROSTER_NS } from "./roster_item.ts";
import { followShared } from "./roster_shared.ts";
import { partsOf, seesPresence, type State } from "./subscription_table.ts";

const VERSIONING_NS = "urn:xmpp:features:rosterver";

const config = options({
  contacts: z.number().int().min(1).max(100_000).default(5000).describe("Contacts that an account may have."),
  name_length: z.number().int().min(1).max(65_535).default(1023).describe("Characters in a contact's name."),
  groups: z.number().int().min(0).max(10_000).default(100).describe("Groups that a contact may be in."),
  group_length: z.number().int().min(1).max(65_535).default(1023).describe("Characters in a group's name."),
  requests: z.number().int().min(1).max(100_000).default(500)
    .describe("Unanswered subscription requests that are kept for an account; further ones are dropped."),
  request_size: size().prefault("4 KiB")
    .describe("How large a subscription request may be to be kept with all that it carries."),
});

export const roster = definePlugin<RosterLimits>({
  name: "roster",
  doc: "Keeps the contact lists of accounts, with versions.",
  rfcs: ["RFC 6121"],
  xeps: [[237, "1.3"]],
  config,
  standard: true,
  provides: [rosters, rosterBook, rosterKeeper, acquaintance],
  wants: [sharedContacts],
  setup(host) {
    const book = new RosterBook(host);
    host.provide(rosters, book);
    host.provide(rosterBook, book);
    host.provide(acquaintance, { knows: (local, who) => book.sees(local, who) });
    host.provide(rosterKeeper, {
      settle: (local, contact, subscription) => book.change(local, contact.bare, subscription),
    });
    const offered = el("ver", VERSIONING_NS);
    host.streamFeature({
      ns: VERSIONING_NS,
      needs: Authenticated,
      forbids: Bound,
      offer: () => offered,
    });
    host.iq.get(ROSTER_NS, "query", "own", (query) => get(host, book, query));
    host.iq.set(ROSTER_NS, "query", "own", (query) => set(host, book, query));
    host.on(sessionUnbound, ({ session }) => {
      if (host.sessions(session.account).length === 0) book.release(session.username);
    });
    host.on(accountRemoving, ({ local }) => leave(host, book, local));
    host.on(accountRemoved, ({ local }) => void book.forget(local));
    const shared = host.find(sharedContacts);
    if (shared !== undefined) followShared(host, book, shared);
  },
});

/** RFC 6121 §2.2: from now on the session is interested. */
function get(
  host: HostScope<unknown>,
  book: RosterBook,
  { payload, from, session }: Query,
): Element | undefined {
  const { local } = from;
  const version = payload.attr("ver");
  if (version === undefined || session === undefined || book.missed(local, version) === undefined) {
    if (session !== undefined) session.interested = true;
    return book.whole(local);
  }
  // RFC 6121 §2.6.3: the empty result first, then the pushes, in the order of the changes.
  host.spawn(async () => {
    await Promise.resolve();
    session.interested = true;
    for (const missed of book.missed(local, version) ?? []) {
      host.deliver(session, book.pushOf(local, missed).addressed(session.jid));
    }
  });
  return undefined;
}

function set(host: HostScope<RosterLimits>, book: RosterBook, { payload, from }: Query): undefined {
  const account = from.bare;
  const wish = readWish(payload, account, host.config);
  if (book.isShared(account.local, wish.contact)) {
    throw new StanzaError(
      "forbidden",
      "this contact is shared by the administrators; only they can change it",
    );
  }
  if (!wish.remove) {
    book.set(account.local, wish);
    return;
  }
  const state = book.remove(account.local, wish.contact);
  if (state === undefined) {
    // The type of the RFC's example (§2.5.3).
    throw new StanzaError("item-not-found", "there is no such contact", { type: "modify" });
  }
  part(host, account, wish.contact, state);
}

/** RFC 6121 §2.5.2: the end of what there was between an account and a contact. A request of either side ends too. */
function part(host: HostScope<unknown>, account: Jid, contact: Jid, state: State): void {
  const { subscription, out, in: pending } = partsOf(state);
  if (subscription === "to" || subscription === "both" || out) say(host, account, contact, "unsubscribe");
  if (seesPresence(state)) tellUnavailable(host, account, contact);
  if (seesPresence(state) || pending) say(host, account, contact, "unsubscribed");
}

function say(host: HostScope<unknown>, account: Jid, contact: Jid, type: string): void {
  host.send(Stanza.of(el("presence", CONTENT_NS, { type, id: randomId(6) }), account, contact));
}

/** An account is being removed: all its contacts are told, as if it had removed each of them. */
function leave(host: HostScope<unknown>, book: RosterBook, local: string): undefined {
  const account = Jid.of(local, host.domain);
  const contacts = new Map<Jid, State>();
  for (const { jid } of book.items(local)) contacts.set(jid, book.state(local, jid));
  for (const jid of book.requests(local)) {
    if (book.get(local, jid) === undefined) contacts.set(jid, "none+in");
  }
  // First, so that what the contacts answer changes nothing any more.
  book.clear(local);
  for (const [contact, state] of contacts) part(host, account, contact, state);
}
