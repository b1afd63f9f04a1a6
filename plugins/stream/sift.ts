/**
 * XEP-0273: Stanza Interception and Filtering Technology 0.4. A session says which stanzas it does not want; what is wanted
 * by nobody else goes the way of messages for somebody who is away (§4.2). Rules end with their session.
 */
import {
  CLAIMED,
  type ClientSession,
  CONTENT_NS,
  definePlugin,
  defineSlot,
  delayOf,
  type Delivering,
  delivering,
  DROP,
  el,
  type HostScope,
  isPromise,
  type Maybe,
  none,
  type Outcome,
  type Query,
  randomId,
  type Refusal,
  Stanza,
  StanzaError,
} from "#plugin";
import { acceptance, carbons, roster } from "../im/api.ts";
import { FEATURES, isSifted, readRules, type Rules, SIFT_NS } from "./sift_rules.ts";

const rulesOf = defineSlot<Rules>("sift");

export const sift = definePlugin({
  name: "sift",
  doc: "Lets devices say which stanzas they do not want to get.",
  xeps: [[273, "0.4"]],
  config: none,
  wants: [roster, carbons, acceptance],
  setup(host) {
    const sifting = new Sifting(host);
    host.feature(...FEATURES);
    host.iq.set(SIFT_NS, "sift", "own", (query) => sifting.set(query));
    const at = host.at(delivering);
    at.guard({ kind: "presence" }, (x) => sifting.sifts(x) ? DROP : undefined);
    at.guard({ kind: "iq" }, (x): Refusal | undefined =>
      // §4.1: as if the device were not there.
      sifting.sifts(x) ? new StanzaError("service-unavailable") : undefined);
    at.claim({ kind: "message" }, (x) => sifting.sifts(x) ? sifting.divert(x) : undefined);
  },
});

class Sifting {
  constructor(private readonly host: HostScope<unknown>) {}

  /** The last request counts (§3.3). */
  set({ payload, session }: Query): undefined {
    if (session === undefined) throw new StanzaError("not-allowed");
    const before = session.get(rulesOf);
    const rules = readRules(payload);
    session.set(rulesOf, rules);
    if (before?.presence !== undefined && rules?.presence === undefined) this.#refresh(session);
  }

  sifts({ session, stanza }: Readonly<Delivering>): boolean {
    const rules = session.get(rulesOf);
    return rules !== undefined && isSifted(stanza, rules, session.account);
  }

  /**
   * A message that a session does not want. Other devices that take it have it already, or get it where it was not for them;
   * where there is none, it is kept for later, once. What comes out of that store is not put back: it is for the session,
   * wanted or not.
   */
  divert({ session, stanza }: Readonly<Delivering>): Maybe<typeof CLAIMED | undefined> {
    const { account } = session;
    const isKept = stanza.type === "chat" || stanza.type === "normal";
    if (!isKept || stanza.from?.bare.equals(account)) return CLAIMED;
    if (delayOf(stanza.source, this.host.domain) !== undefined) return undefined;
    const accepts = (priority: number): boolean =>
      this.host.find(acceptance)?.accepts(priority) ?? priority >= 0;
    const reached = this.host.sessions(account).filter((other) =>
      other.presence !== undefined && accepts(other.priority)
    );
    const takers = reached.filter((other) => !isSifted(stanza, other.get(rulesOf) ?? {}, account));
    if (stanza.to?.resource !== "") this.#redirect(stanza, takers);
    else if (takers.length === 0 && reached[0] !== undefined && reached[0] !== session) return CLAIMED;
    if (takers.length > 0) return CLAIMED;
    const outcome = this.host.undelivered({ stanza, claimed: false, session: undefined });
    return isPromise(outcome) ? outcome.then((o) => this.#settle(stanza, o)) : this.#settle(stanza, outcome);
  }

  /** A message for this one device (RFC 6121 §8.5.3.2.1); those that want copies get one in any case. */
  #redirect(stanza: Stanza, takers: readonly ClientSession[]): void {
    const copies = this.host.find(carbons);
    for (const taker of takers) if (copies?.isEnabled(taker) !== true) this.host.deliver(taker, stanza);
  }

  #settle(stanza: Stanza, outcome: Outcome): typeof CLAIMED {
    if (outcome !== CLAIMED) {
      this.host.refuse(stanza, outcome ?? new StanzaError("service-unavailable"));
    }
    return CLAIMED;
  }

  /** §4.3: the session wants presence again, and asks everybody anew. */
  #refresh(session: ClientSession): void {
    const { username, jid, account } = session;
    if (session.presence === undefined) return;
    const probe = Stanza.of(
      el("presence", CONTENT_NS, { type: "probe", id: `probe-${randomId(6)}` }),
      jid,
      account,
    );
    this.host.send(probe);
    for (const { jid: contact, subscription } of this.host.find(roster)?.items(username) ?? []) {
      if (subscription === "to" || subscription === "both") this.host.send(probe.addressed(contact));
    }
  }
}
