/**
 * Presence subscriptions (RFC 6121 §3): every stanza of theirs moves a contact from one state of Appendix A to another, on
 * the side that sends it and on the side that gets it. Requests wait until they are answered; pre-approval is §3.4.
 *
 * An account that does not exist is as silent as one that does not answer (§8.5.1), so nobody can find out which it is.
 */
import {
  type Arriving,
  arriving,
  Authenticated,
  Bound,
  CLAIMED,
  type ClientSession,
  CONTENT_NS,
  definePlugin,
  type Departing,
  departing,
  el,
  type HostScope,
  Jid,
  none,
  randomId,
  Stanza,
} from "#plugin";
import { presenceChanged } from "./api.ts";
import { tellPresence, tellUnavailable } from "./notify.ts";
import { type RosterBook, rosterBook } from "./roster_book.ts";
import {
  INBOUND,
  isSubscriptionType,
  OUTBOUND,
  seesPresence,
  type State,
  type SubscriptionType,
} from "./subscription_table.ts";

const PRE_APPROVAL_NS = "urn:xmpp:features:pre-approval";

export const subscription = definePlugin({
  name: "subscription",
  doc: "Lets accounts see each other's presence, by request and approval.",
  rfcs: ["RFC 6121"],
  config: none,
  standard: true,
  needs: [rosterBook],
  setup(host) {
    const book = host.use(rosterBook);
    const subscriptions = new Subscriptions(host, book);
    const offered = el("sub", PRE_APPROVAL_NS);
    host.streamFeature({
      ns: PRE_APPROVAL_NS,
      needs: Authenticated,
      forbids: Bound,
      offer: () => offered,
    });
    host.at(departing).claim({ kind: "presence" }, (x) => subscriptions.sent(x));
    host.at(arriving).claim({ kind: "presence" }, (x) => subscriptions.received(x));
    host.on(presenceChanged, ({ session, priorityBefore }) => {
      if (priorityBefore === undefined) subscriptions.remind(session);
    });
  },
});

class Subscriptions {
  constructor(private readonly host: HostScope<unknown>, private readonly book: RosterBook) {}

  /** A stanza of a local account (RFC 6121 A.2). It goes on between bare JIDs only (§3, §3.1.2). */
  sent({ stanza, session }: Readonly<Departing>): typeof CLAIMED | undefined {
    const { type, to } = stanza;
    if (to === undefined || !isSubscriptionType(type)) return undefined;
    const { account } = session;
    const contact = to.bare;
    if (contact.equals(account)) this.#ownAccount(session, type);
    else this.#outbound(stanza.between(account, contact), type, account, contact);
    return CLAIMED;
  }

  #outbound(stanza: Stanza, type: SubscriptionType, account: Jid, contact: Jid): void {
    const { host, book } = this;
    const { local } = account;
    const state = book.state(local, contact);
    const [routed, next] = OUTBOUND[type][state];
    // RFC 6121 §3.4.2: approval of what was not asked for is noted; §3.2.2: and taken back by "unsubscribed".
    const approval = type === "unsubscribed"
      ? false
      : type === "subscribed" && !routed && !seesPresence(state)
      ? true
      : undefined;
    // Before anything is sent, because the answer may come at once.
    book.change(local, contact, next, approval);
    if (!routed) return;
    // RFC 6121 §3.2.2: while the contact still has the subscription.
    if (type === "unsubscribed" && seesPresence(state)) tellUnavailable(host, account, contact);
    host.send(stanza);
    if (type === "subscribed") this.#tell(account, contact);
  }

  /** A stanza for a local account (RFC 6121 A.3). */
  received({ stanza }: Readonly<Arriving>): typeof CLAIMED | undefined {
    const { type, from } = stanza;
    const to = stanza.to!;
    if (to.local === "" || from === undefined || !isSubscriptionType(type)) return undefined;
    const account = to.bare;
    const contact = from.bare;
    if (contact.equals(account) || !this.host.accounts.exists(account.local)) return CLAIMED;
    // RFC 6121 §8.5.3.2.2, and §3.1.3 for requests.
    if (type !== "subscribe" && to.isFull() && this.host.session(to) === undefined) return CLAIMED;
    const bare = stanza.between(contact, account);
    if (type === "subscribe") this.#requested(bare, account, contact);
    else this.#inbound(bare, type, account, contact);
    return CLAIMED;
  }

  #requested(stanza: Stanza, account: Jid, contact: Jid): void {
    const { host, book } = this;
    const { local } = account;
    const state = book.state(local, contact);
    const [delivered] = INBOUND.subscribe[state];
    if (delivered && book.get(local, contact)?.approved === true) {
      book.change(local, contact, granted(state));
      this.#grant(stanza, account, contact);
    } else if (seesPresence(state)) this.#grant(stanza, account, contact);
    else if (delivered && book.ask(local, stanza)) {
      for (const session of host.sessions(account)) {
        if (session.presence !== undefined) host.deliver(session, stanza);
      }
    }
  }

  /** RFC 6121 §3.1.3, rule 2: answers for the account; and what follows an approval (§3.1.5). */
  #grant(request: Stanza, account: Jid, contact: Jid): void {
    this.#say("subscribed", request.id, account, contact);
    this.#tell(account, contact);
  }

  /** RFC 6121 §3.1.6, §3.2.3, §3.3.3: to all interested resources, before the roster push. */
  #inbound(
    stanza: Stanza,
    type: Exclude<SubscriptionType, "subscribe">,
    account: Jid,
    contact: Jid,
  ): void {
    const { host, book } = this;
    const state = book.state(account.local, contact);
    const [delivered, next] = INBOUND[type][state];
    if (!delivered) return;
    for (const session of host.sessions(account)) {
      if (session.interested) host.deliver(session, stanza);
    }
    book.change(account.local, contact, next);
    if (type !== "unsubscribe") return;
    if (seesPresence(state)) tellUnavailable(host, account, contact);
    this.#say("unsubscribed", stanza.id, account, contact);
  }

  /** A session has become available: it gets the requests that wait (RFC 6121 §3.1.3, rule 4). */
  remind(session: ClientSession): undefined {
    const { host, book } = this;
    const { account } = session;
    for (const request of book.asked(account.local)) host.deliver(session, request);
    // §3.1.2: our own requests may have been lost on the way to other servers.
    if (host.sessions(account).some((other) => other !== session && other.presence !== undefined)) return;
    for (const { jid, ask } of book.items(account.local)) {
      const here = jid.domain === host.domain || host.sibling(jid.domain) !== undefined;
      if (ask && !here) this.#say("subscribe", undefined, account, jid);
    }
  }

  /** Everybody is subscribed to themselves (RFC 6121 §4.2.2): a request is granted as any that is granted already. */
  #ownAccount(session: ClientSession, type: SubscriptionType): void {
    if (type !== "subscribe") return;
    const granted = el("presence", CONTENT_NS, { type: "subscribed" });
    this.host.deliver(session, Stanza.of(granted, session.account, session.account));
  }

  #tell(account: Jid, contact: Jid): void {
    for (const session of this.host.sessions(account)) tellPresence(this.host, session, contact);
  }

  #say(type: SubscriptionType, id: string | undefined, account: Jid, contact: Jid): void {
    const presence = el("presence", CONTENT_NS, { type, id: id ?? randomId(6) });
    this.host.send(Stanza.of(presence, account, contact));
  }
}

/** The state after a request that had been approved before it came. */
function granted(state: State): State {
  const [, pending] = INBOUND.subscribe[state];
  return OUTBOUND.subscribed[pending][1];
}
