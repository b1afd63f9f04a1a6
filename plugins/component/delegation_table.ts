/**
 * Which namespaces are delegated to whom (XEP-0355 §4): the options, looked up, and how a managing entity is told of them
 * when it connects and when they have changed.
 */
import {
  CONTENT_NS,
  defineSlot,
  domain,
  el,
  type HostScope,
  Jid,
  options,
  randomId,
  Stanza,
  text,
  z,
} from "#plugin";
import { line } from "./api.ts";

export const DELEGATION_NS = "urn:xmpp:delegation:2";
/** Before version 0.5. */
export const DELEGATION_1_NS = "urn:xmpp:delegation:1";

/** XEP-0355 §7.2.4, §7.2.5: questions about accounts' nodes that nobody here knows, and about what accounts have. */
export const OTHER_INFO = `${DELEGATION_NS}:bare:disco#info:*`;
export const OTHER_ITEMS = `${DELEGATION_NS}:bare:disco#items:*`;

/** XEP-0355 §8, rule 5. */
const delegable = text().refine(
  (ns) => !ns.startsWith("urn:xmpp:delegation:") || ns === OTHER_INFO || ns === OTHER_ITEMS,
  { error: "this namespace cannot be delegated (XEP-0355 §8)" },
);

export const config = options({
  namespaces: z.record(
    delegable,
    z.strictObject({
      to: domain().describe("The component that answers."),
      attributes: z.array(text()).default([]).describe(
        "Attributes that a request's child must have to be given to it; others are answered as ever.",
      ),
    }),
  ).default({}).describe("Requests that a component answers in place of this server, by their namespace."),
});

export type DelegationOptions = z.infer<typeof config>;

/** Who answers what is in a namespace. */
export interface Delegated {
  readonly entity: Jid;
  readonly attributes: readonly string[];
}

/** What connected entities were told last, as text. */
const told = defineSlot<Map<string, string>>("delegation.told");

export class DelegationTable {
  readonly #byNs: ReadonlyMap<string, Delegated>;
  readonly #told: Map<string, string>;

  constructor(private readonly host: HostScope<DelegationOptions>) {
    this.#byNs = new Map(
      Object.entries(host.config.namespaces).map(([ns, { to, attributes }]) => [
        ns,
        { entity: Jid.of("", to), attributes },
      ]),
    );
    this.#told = host.hold(told, () => new Map());
  }

  get isEmpty(): boolean {
    return this.#byNs.size === 0;
  }

  get(ns: string): Delegated | undefined {
    return this.#byNs.get(ns);
  }

  /** Whole namespaces and parts of them, without the two that stand for questions about nodes. */
  get namespaces(): string[] {
    return [...this.#byNs.keys()].filter((ns) => ns !== OTHER_INFO && ns !== OTHER_ITEMS);
  }

  isConnected(domain: string): boolean {
    return this.host.sibling(domain)?.use(line)?.isConnected === true;
  }

  /** Tells an entity what it answers, unless it knows. True where it was told. */
  advertise(domain: string): boolean {
    const mine = [...this.#byNs].filter(([, { entity }]) => entity.domain === domain);
    if (mine.length === 0 && !this.#told.has(domain)) return false;
    const delegation = (ns: string) =>
      el(
        "delegation",
        ns,
        {},
        mine.map(([namespace, { attributes }]) =>
          el("delegated", ns, { namespace }, attributes.map((name) => el("attribute", ns, { name })))
        ),
      );
    const whole = delegation(DELEGATION_NS).toString();
    if (this.#told.get(domain) === whole) return false;
    if (mine.length === 0) this.#told.delete(domain);
    else this.#told.set(domain, whole);
    for (const ns of [DELEGATION_NS, DELEGATION_1_NS]) {
      const message = el("message", CONTENT_NS, { id: randomId(6) }, [delegation(ns)]);
      this.host.send(Stanza.of(message, this.host.jid, Jid.of("", domain)));
    }
    return mine.length > 0;
  }

  /** The options may be others than before; gives the entities that were told. */
  renew(): string[] {
    const domains = new Set(
      [...this.#byNs.values()].map(({ entity }) => entity.domain).concat(...this.#told.keys()),
    );
    return [...domains].filter((domain) => this.isConnected(domain) && this.advertise(domain));
  }

  forget(domain: string): void {
    this.#told.delete(domain);
  }
}
