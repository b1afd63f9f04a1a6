/**
 * What managing entities say of their namespaces, nested into what this host and its accounts say of themselves
 * (XEP-0355 §7.2). It is asked for when an entity connects and kept, also while it is away.
 */
import {
  CONTENT_NS,
  defineSlot,
  DISCO_INFO_NS,
  type DiscoIdentity,
  type DiscoProvider,
  type DiscoQuery,
  el,
  type Element,
  FORMS_NS,
  type HostScope,
  isPromise,
  Jid,
  type Maybe,
  randomId,
  readDiscoInfo,
  Stanza,
  StanzaError,
} from "#plugin";
import { DELEGATION_1_NS, DELEGATION_NS, type DelegationTable } from "./delegation_table.ts";

interface Nested {
  readonly identities: readonly DiscoIdentity[];
  readonly features: readonly string[];
  readonly forms: readonly Element[];
}

const SEPARATORS = { host: "::", account: ":bare:" } as const;
type On = keyof typeof SEPARATORS;

interface Learnt {
  /** By side and namespace: `account urn:xmpp:mam:2`. */
  readonly nested: Map<string, Nested>;
  /** The namespace of the protocol that an entity speaks, by its domain. */
  readonly versions: Map<string, string>;
}

const learnt = defineSlot<Learnt>("delegation.learnt");

export class NestedDisco {
  readonly #learnt: Learnt;

  constructor(private readonly host: HostScope<unknown>, private readonly table: DelegationTable) {
    this.#learnt = host.hold(learnt, () => ({ nested: new Map(), versions: new Map() }));
  }

  version(domain: string): string {
    return this.#learnt.versions.get(domain) ?? DELEGATION_NS;
  }

  /** Asks an entity that has just been told of its namespaces. */
  learn(domain: string): void {
    this.host.spawn(() => this.#learn(domain), { awaited: false });
  }

  async #learn(domain: string): Promise<void> {
    const { versions, nested } = this.#learnt;
    const own = await this.#ask(domain, undefined);
    const features = own === undefined ? [] : readDiscoInfo(own).features;
    const old = features.includes(DELEGATION_1_NS) && !features.includes(DELEGATION_NS);
    versions.set(domain, old ? DELEGATION_1_NS : DELEGATION_NS);
    const mine = this.table.namespaces.filter((ns) => this.table.get(ns)?.entity.domain === domain);
    await Promise.all(mine.flatMap((ns) =>
      (["host", "account"] as const).map(async (on) => {
        const said = await this.#ask(domain, `${this.version(domain)}${SEPARATORS[on]}${ns}`);
        if (said !== undefined) nested.set(`${on} ${ns}`, nestedIn(said));
      })
    ));
  }

  provider(on: On): DiscoProvider {
    const all = <T>({ node }: DiscoQuery, pick: (it: Nested) => readonly T[]): readonly T[] | undefined => {
      if (node !== undefined) return undefined;
      return this.table.namespaces.flatMap((ns) => {
        const found = this.#learnt.nested.get(`${on} ${ns}`);
        return found === undefined ? [] : pick(found);
      });
    };
    return {
      identities: (query) => all(query, (it) => it.identities),
      features: (query) => all(query, (it) => it.features),
      forms: (query) => all(query, (it) => it.forms),
      // XEP-0355 §7.2.1: what we would say ourselves about them is not true.
      withholds: ({ node }) => node === undefined ? this.table.namespaces : undefined,
    };
  }

  /** Whether anybody here knows a node of an account. */
  isKnown(query: DiscoQuery, items: boolean): Maybe<boolean> {
    const asked = this.host.discoBook.account.providers.flatMap((p): Maybe<unknown>[] =>
      items ? [p.items?.(query)] : [p.identities?.(query), p.features?.(query), p.forms?.(query)]
    );
    return asked.some(isPromise)
      ? Promise.all(asked).then((answers) => answers.some((it) => it !== undefined))
      : asked.some((it) => it !== undefined);
  }

  async #ask(domain: string, node: string | undefined): Promise<Element | undefined> {
    const query = el("iq", CONTENT_NS, { type: "get", id: randomId() }, [
      el("query", DISCO_INFO_NS, { node }),
    ]);
    try {
      return await this.host.request(Stanza.of(query, this.host.jid, Jid.of("", domain)));
    } catch (error) {
      // It has nothing to add.
      if (error instanceof StanzaError) return undefined;
      throw error;
    }
  }
}

function nestedIn(query: Element): Nested {
  const kept = query.detached();
  const { identities, features } = readDiscoInfo(kept);
  return { identities, features, forms: kept.elementsOf(FORMS_NS) };
}
