/** The rules of an account's own service (XEP-0163): the account owns it, and its contacts are whom its roster says. */
import type { HostScope, Jid } from "#plugin";
import type { Rosters } from "../im/api.ts";
import type { Limits } from "./api.ts";
import { groupsOf, whereabouts } from "./host_policy.ts";
import { KnownNodes } from "./known_nodes.ts";
import type { PubsubNode } from "./node.ts";
import { BASE, type NodeConfig } from "./node_config.ts";
import type { PepOptions } from "./pep_options.ts";
import type { PersonalAudience } from "./personal_audience.ts";
import type { Policy } from "./policy.ts";
import { RIGHTS } from "./rights.ts";
import type { Show } from "./subscribe_options.ts";

/** XEP-0163 §5; one item as all servers have it, where nobody asks for more. */
const PERSONAL: Partial<NodeConfig> = {
  access_model: "presence",
  send_last_published_item: "on_sub_and_presence",
  max_items: 1,
};

/** What the services of all accounts have in common. */
export class PersonalRules {
  readonly limits: Limits;
  readonly #node: Partial<NodeConfig>;
  readonly #names: KnownNodes;
  readonly #admins: boolean;

  constructor(
    readonly host: HostScope<PepOptions>,
    readonly rosters: Rosters,
    readonly audience: PersonalAudience,
  ) {
    const { node, known, idle: _, admins_own, ...limits } = host.config;
    this.limits = limits;
    this.#node = { ...PERSONAL, ...node };
    this.#names = new KnownNodes(known);
    this.#admins = admins_own;
  }

  defaults(name: string): NodeConfig {
    return { ...BASE, ...this.#node, ...this.#names.of(name) };
  }

  standing(owner: string, jid: Jid): "owner" | undefined {
    if (jid.local === owner && jid.domain === this.host.domain) return "owner";
    // BUG-45: what people keep is theirs.
    if (!this.#admins || !this.host.may(jid, "admin")) return undefined;
    this.host.log.info("an admin acted as the owner of an account's nodes", {
      account: owner,
      by: jid.bare.toString(),
    });
    return "owner";
  }
}

/** Of one account: there are as many of these as accounts in use. */
export class PersonalPolicy implements Policy {
  constructor(private readonly owner: string, private readonly rules: PersonalRules) {}

  get rights() {
    return RIGHTS;
  }
  get limits() {
    return this.rules.limits;
  }
  get autocreate() {
    return AUTOCREATE;
  }

  defaults(name: string): NodeConfig {
    return this.rules.defaults(name);
  }
  standing(jid: Jid): "owner" | undefined {
    return this.rules.standing(this.owner, jid);
  }
  creates(jid: Jid): boolean {
    return this.standing(jid) === "owner";
  }
  hides(jid: Jid): boolean {
    return this.rules.audience.hides(this.owner, jid);
  }
  watches(_owners: unknown, jid: Jid, groups?: readonly string[]): boolean {
    const { rosters } = this.rules;
    if (!rosters.sees(this.owner, jid)) return false;
    if (groups === undefined) return true;
    return rosters.get(this.owner, jid)?.groups.some((group) => groups.includes(group)) === true;
  }
  groups(owner: Jid): readonly string[] {
    return groupsOf(this.rules.host, owner);
  }
  audience(node: PubsubNode): Iterable<Jid> {
    return this.rules.audience.of(this.owner, node);
  }
  whereabouts(jid: Jid): ReadonlyMap<string, Show> | undefined {
    return whereabouts(this.rules.host, jid);
  }
}

const AUTOCREATE = Object.freeze({ publish: true, subscribe: false });
