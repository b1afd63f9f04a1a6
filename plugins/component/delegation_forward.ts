/** Requests on their way to the one who manages their namespace, and the answers back (XEP-0355 §4.3). */
import {
  type Arriving,
  buildForwarded,
  CLAIMED,
  CONTENT_NS,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  el,
  type Element,
  forwardedOf,
  type HostScope,
  isPromise,
  type Jid,
  type Maybe,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import type { Delegating } from "./api.ts";
import type { NestedDisco } from "./delegation_disco.ts";
import {
  type Delegated,
  DELEGATION_1_NS,
  DELEGATION_NS,
  type DelegationTable,
  OTHER_INFO,
  OTHER_ITEMS,
} from "./delegation_table.ts";

export class Forwarder implements Delegating {
  readonly #exempt = new WeakSet<Stanza>();

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly table: DelegationTable,
    private readonly disco: NestedDisco,
  ) {}

  exempt(request: Stanza): void {
    this.#exempt.add(request);
  }

  manager(ns: string): string | undefined {
    return this.table.get(ns)?.entity.domain;
  }

  take(x: Readonly<Arriving>): Maybe<typeof CLAIMED | undefined> {
    const { stanza } = x;
    const { payload } = stanza;
    if (!stanza.isRequest || payload === undefined) return undefined;
    const found = this.#delegated(stanza, payload);
    return isPromise(found) ? found.then((it) => this.#claim(x, it)) : this.#claim(x, found);
  }

  #claim(x: Readonly<Arriving>, delegated: Delegated | undefined): Maybe<typeof CLAIMED | undefined> {
    const { stanza } = x;
    const { from, to } = stanza;
    // XEP-0355 §4.3.1: what its manager asks is answered here.
    if (delegated === undefined || from === undefined || from.domain === delegated.entity.domain) {
      return undefined;
    }
    if (this.#exempt.has(stanza)) return undefined;
    if (to!.local !== "" && !this.host.accounts.exists(to!.local)) return undefined;
    // So many at a time, then who asks waits, as for the server's own answers.
    const asker = x.session ?? x.asker;
    asker?.asked();
    // Not spawned: neither a reload nor a stop waits for the entity.
    const done = this.#forward(stanza, delegated)
      .catch((error) => this.host.log.error("a delegated request failed", { error }))
      .then((): typeof CLAIMED => {
        asker?.answered();
        return CLAIMED;
      });
    return asker !== undefined && asker.pendingRequests >= asker.mostPending ? done : CLAIMED;
  }

  #delegated(stanza: Stanza, payload: Element): Maybe<Delegated | undefined> {
    const found = this.table.get(payload.ns);
    // XEP-0355 §4.3, N.B. 3: without the attributes it is as if it were not delegated.
    if (found !== undefined) {
      return found.attributes.every((name) => payload.attr(name) !== undefined) ? found : undefined;
    }
    if (stanza.reach !== "account" || payload.name !== "query" || stanza.type !== "get") return undefined;
    const node = payload.attr("node") || undefined;
    const items = payload.ns === DISCO_ITEMS_NS;
    if (!items && payload.ns !== DISCO_INFO_NS) return undefined;
    const others = this.table.get(items ? OTHER_ITEMS : OTHER_INFO);
    if (others === undefined) return undefined;
    if (node === undefined) return items ? others : undefined;
    const known = this.disco.isKnown({ about: stanza.to!, from: stanza.from!, node }, items);
    return isPromise(known) ? known.then((it) => it ? undefined : others) : known ? undefined : others;
  }

  async #forward(stanza: Stanza, { entity }: Delegated): Promise<void> {
    const answer = await this.#ask(stanza, entity);
    if (answer !== undefined) this.host.send(answer);
    // XEP-0355 §4.3, N.B. 1 and 2, and where the answer is not one.
    else this.host.refuse(stanza, new StanzaError("service-unavailable"));
  }

  /** What the entity answers, in the name of whom was asked; undefined where there is nothing that may be said. */
  async #ask(stanza: Stanza, entity: Jid): Promise<Stanza | undefined> {
    const { domain } = entity;
    if (!this.table.isConnected(domain)) return undefined;
    const wrapped = el("delegation", this.disco.version(domain), {}, [buildForwarded(stanza.toElement())]);
    const request = Stanza.of(
      el("iq", CONTENT_NS, { type: "set", id: randomId() }, [wrapped]),
      this.host.jid,
      entity,
    );
    let payload: Element | undefined;
    try {
      payload = await this.host.request(request);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.host.log.debug("a delegated request failed", { entity: domain, reason: error.condition });
      return undefined;
    }
    const answer = answerIn(payload, stanza);
    if (answer === undefined) {
      this.host.log.warn("a delegated request was answered wrongly", { entity: domain });
      return undefined;
    }
    return Stanza.of(answer, stanza.to, stanza.from);
  }
}

/** XEP-0355 §4.3: the answer inside, where its addresses, its id and its type are those of an answer. */
function answerIn(payload: Element | undefined, asked: Stanza): Element | undefined {
  if (payload?.name !== "delegation") return undefined;
  if (payload.ns !== DELEGATION_NS && payload.ns !== DELEGATION_1_NS) return undefined;
  const answer = forwardedOf(payload)?.stanza;
  if (answer?.name !== "iq") return undefined;
  const { to, from, id, type } = answer.attrs;
  if (to !== asked.from?.toString() || id !== asked.id) return undefined;
  if (from !== undefined && from !== asked.to?.toString()) return undefined;
  return type === "result" || type === "error" ? answer : undefined;
}
