/** Contact lists for privileged entities (XEP-0356 §4): get and set as the account itself has it, and pushes. */
import {
  CONTENT_NS,
  el,
  type Element,
  type HostScope,
  Jid,
  type Query,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import type { Availability, RosterChange, RosterItem, RosterKeeper, Subscription } from "../im/api.ts";
import type { Delegating } from "./api.ts";
import { allows, type Grants, isPushed } from "./privilege_grants.ts";

export const ROSTER_NS = "jabber:iq:roster";

const SUBSCRIPTIONS: readonly Subscription[] = ["none", "to", "from", "both"];

interface Keeper {
  readonly rosters: RosterKeeper | undefined;
  readonly availability: Availability | undefined;
}

export class PrivilegedRosters {
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly grants: Grants,
    private readonly keeper: Keeper,
    private readonly delegation: Delegating | undefined,
  ) {}

  async answer({ stanza, payload, from, to }: Query): Promise<Element | undefined> {
    const entity = this.grants.of(from);
    // As for everybody else: nobody's contact list is another one's.
    if (entity === undefined) throw new StanzaError("service-unavailable");
    if (!allows(entity.roster, stanza.type)) {
      throw new StanzaError("forbidden", `you may not ${stanza.type} contact lists here`);
    }
    const request = Stanza.of(
      el("iq", CONTENT_NS, { type: stanza.type, id: randomId() }, [payload]),
      to.bare,
      to.bare,
    );
    // XEP-0355 §4.3.1: what its manager asks is not given back to it.
    if (this.delegation?.manager(ROSTER_NS) === from.domain) this.delegation.exempt(request);
    const result = await this.host.request(request);
    if (stanza.type === "set") this.#subscribe(to.local, payload, from.domain);
    return result;
  }

  /** The subscription that a gateway gives one of its own contacts. */
  #subscribe(local: string, query: Element, domain: string): void {
    const item = query.child("item");
    const contact = Jid.tryParse(item?.attr("jid") ?? "");
    const subscription = SUBSCRIPTIONS.find((it) => it === item?.attr("subscription"));
    const { rosters, availability } = this.keeper;
    if (contact === undefined || contact.domain !== domain || subscription === undefined) return;
    rosters?.settle(local, contact, subscription);
    if (subscription === "to" || subscription === "both") availability?.seek(local, contact);
  }

  /** XEP-0356 §4.4. */
  push({ local, contact, after }: RosterChange): undefined {
    for (const to of this.grants.connected(isPushed)) {
      const query = el("query", ROSTER_NS, {}, [itemOf(contact, after)]);
      const push = el("iq", CONTENT_NS, { type: "set", id: `push-${randomId(6)}` }, [query]);
      this.host.send(Stanza.of(push, Jid.of(local, this.host.domain), to));
    }
  }
}

function itemOf(contact: Jid, item: RosterItem | undefined): Element {
  if (item === undefined) return el("item", ROSTER_NS, { jid: contact.toString(), subscription: "remove" });
  const { name, subscription, ask, groups } = item;
  return el(
    "item",
    ROSTER_NS,
    { jid: contact.toString(), name, subscription, ask: ask ? "subscribe" : undefined },
    groups.map((group) => el("group", ROSTER_NS, {}, group)),
  );
}
