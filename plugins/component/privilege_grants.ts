/**
 * What privileged entities may do (XEP-0356): the options as they are, and how an entity is told of them when it connects
 * and when they have changed.
 */
import {
  CONTENT_NS,
  defineSlot,
  el,
  type Element,
  type HostScope,
  Jid,
  options,
  randomId,
  Stanza,
  text,
  z,
} from "#plugin";
import { line } from "./api.ts";

export const PRIVILEGE_NS = "urn:xmpp:privilege:2";
/** Before version 0.4: the same without the permission for requests. */
export const PRIVILEGE_1_NS = "urn:xmpp:privilege:1";

const access = z.enum(["none", "get", "set", "both"]);

const entity = z.strictObject({
  roster: access.default("none").describe("What it may do with the contact lists of all accounts."),
  push: z.boolean().optional().describe(
    "Whether it is told of every change to them. Without this: where it may read them.",
  ),
  message: z.enum(["none", "outgoing"]).default("none").describe(
    "Whether it may send messages in the name of accounts and of the host.",
  ),
  presence: z.enum(["none", "managed_entity", "roster"]).default("none").describe(
    "Whose presence it is told: nobody's, that of all accounts, or also that of their contacts (it must be allowed to " +
      "read contact lists, then).",
  ),
  iq: z.record(text(), access).default({}).describe(
    'Requests that it may make in the name of accounts, by namespace: { "urn:xmpp:mam:2" = "get" }.',
  ),
}).refine(({ presence, roster }) => presence !== "roster" || roster === "get" || roster === "both", {
  error: 'presence = "roster" needs roster = "get" or "both" (XEP-0356 §7.4)',
  path: ["presence"],
});

export const config = options({
  entities: z.record(text(), entity).default({}).describe("What components may do, by their domain."),
});

export type PrivilegeOptions = z.infer<typeof config>;
export type Entity = z.infer<typeof entity>;

/** What connected entities were told last, as text. */
const told = defineSlot<Map<string, string>>("privilege.told");

export class Grants {
  readonly #told: Map<string, string>;

  constructor(private readonly host: HostScope<PrivilegeOptions>) {
    this.#told = host.hold(told, () => new Map());
  }

  get domains(): string[] {
    return Object.keys(this.host.config.entities);
  }

  /** The permissions of a component; undefined for everybody else. It speaks from its domain. */
  of(from: Jid | undefined): Entity | undefined {
    const { entities } = this.host.config;
    // Anybody may be called "constructor".
    if (from === undefined || from.local !== "" || !Object.hasOwn(entities, from.domain)) return undefined;
    return entities[from.domain];
  }

  isConnected(domain: string): boolean {
    return this.host.sibling(domain)?.use(line)?.isConnected === true;
  }

  /** Those that are connected now and whom a test holds for. */
  *connected(test: (entity: Entity) => boolean): IterableIterator<Jid> {
    for (const [domain, entity] of Object.entries(this.host.config.entities)) {
      if (test(entity) && this.isConnected(domain)) yield Jid.of("", domain);
    }
  }

  /** Tells an entity what it may do, unless it knows. */
  advertise(domain: string): void {
    const entity = this.host.config.entities[domain];
    if (entity === undefined && !this.#told.has(domain)) return;
    const perms = (ns: string) => el("privilege", ns, {}, permsOf(ns, entity));
    const whole = perms(PRIVILEGE_NS).toString();
    if (this.#told.get(domain) === whole) return;
    if (entity === undefined) this.#told.delete(domain);
    else this.#told.set(domain, whole);
    for (const ns of [PRIVILEGE_NS, PRIVILEGE_1_NS]) {
      const message = el("message", CONTENT_NS, { id: randomId(6) }, [perms(ns)]);
      this.host.send(Stanza.of(message, this.host.jid, Jid.of("", domain)));
    }
  }

  /** The options may be others than before. */
  renew(): undefined {
    for (const domain of new Set([...this.domains, ...this.#told.keys()])) {
      if (this.isConnected(domain)) this.advertise(domain);
    }
  }

  forget(domain: string): void {
    this.#told.delete(domain);
  }
}

export function allows(granted: z.infer<typeof access> | undefined, type: string): boolean {
  return granted === "both" || (granted === type && granted !== "none");
}

/** XEP-0356 §4.1: those who may read are told of changes, unless the options say otherwise. */
export function isPushed({ roster, push }: Entity): boolean {
  return allows(roster, "get") && push !== false;
}

function permsOf(ns: string, entity: Entity | undefined): Element[] {
  const { roster = "none", message = "none", presence = "none", iq = {} } = entity ?? {};
  const namespaces = Object.entries(iq).filter(([, type]) => type !== "none");
  const push = entity !== undefined && roster !== "none" ? String(isPushed(entity)) : undefined;
  const perms = [
    el("perm", ns, { access: "roster", type: roster, push }),
    el("perm", ns, { access: "message", type: message }),
    el("perm", ns, { access: "presence", type: presence }),
  ];
  if (ns !== PRIVILEGE_NS || namespaces.length === 0) return perms;
  const each = namespaces.map(([name, type]) => el("namespace", ns, { ns: name, type }));
  return [...perms, el("perm", ns, { access: "iq" }, each)];
}
