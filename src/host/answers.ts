/**
 * Answering iqs: each request exactly once, by return value, after what it wrote is safe. A handler that waits does not
 * stop its session's reading, or that of its server's stream; only one with too many of them is made to wait.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import type { Outcome } from "../hook/compiled.ts";
import type { Asker } from "../session/asker.ts";
import { CLAIMED } from "../hook/point.ts";
import { StanzaError } from "../stanza/error.ts";
import { errorOf, resultOf } from "../stanza/reply.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Element } from "../xml/element.ts";
import { acquaintance, NotYours } from "./discretion.ts";
import type { IqHandler, Query } from "./draft.ts";
import type { HostParts } from "./parts.ts";
import type { Arriving } from "./points.ts";

export class Answers {
  constructor(private readonly host: HostParts) {}

  /** The last claim at `arriving`: a stanza for a resource is delivered, an iq for us is answered. */
  answer(x: Readonly<Arriving>): Maybe<typeof CLAIMED | undefined> {
    const { stanza } = x;
    const { reach } = stanza;
    if (reach === "resource") return this.#forward(stanza);
    if (stanza.kind !== "iq") return undefined;
    // An answer that nobody awaits.
    if (!stanza.isRequest) return CLAIMED;
    const { from, to, payload } = stanza;
    if (from === undefined || to === undefined || payload === undefined) return undefined;
    const own = reach === "account" && from.bare.equals(to);
    const type = stanza.type as "get" | "set";
    const entry = this.host.fittings.iq.find(type, payload.ns, payload.name, reach, own);
    if (entry === undefined) return undefined;
    if (reach === "account" && !own && !this.host.accounts.exists(to.local)) return undefined;
    const query = { stanza, payload, from, to, session: x.session };
    return this.#call(entry.owner, entry.fn, query, x.session ?? x.asker);
  }

  /** RFC 6121 §8.5.3: to the resource if it is there; `service-unavailable` follows where it is not. */
  #forward(stanza: Stanza): Maybe<typeof CLAIMED | undefined> {
    const { local, resource } = stanza.to!;
    const session = this.host.registry.find(local, resource);
    const outcome = session === undefined ? undefined : this.host.deliver(session, stanza);
    return isPromise(outcome)
      ? outcome.then((o) => this.#forwarded(stanza, o))
      : this.#forwarded(stanza, outcome);
  }

  #forwarded(stanza: Stanza, outcome: Outcome): typeof CLAIMED | undefined {
    // An answer to somebody who has gone is of no use to anybody.
    if (outcome === undefined) return stanza.kind === "iq" && !stanza.isRequest ? CLAIMED : undefined;
    if (outcome !== CLAIMED) this.host.refuse(stanza, outcome, "delivering");
    return CLAIMED;
  }

  #call(owner: string, fn: IqHandler, query: Query, asker: Asker | undefined): Maybe<typeof CLAIMED> {
    const { storage } = this.host;
    const before = storage.writes;
    let answer: Maybe<Element | undefined>;
    try {
      answer = fn(query);
    } catch (error) {
      this.#fail(owner, query.stanza, error);
      return CLAIMED;
    }
    if (!isPromise(answer) && storage.writes === before) {
      this.host.send(resultOf(query.stanza, answer));
      return CLAIMED;
    }
    return this.#later(owner, query.stanza, before, answer, asker);
  }

  #later(
    owner: string,
    stanza: Stanza,
    before: number,
    answer: Maybe<Element | undefined>,
    asker: Asker | undefined,
  ): Maybe<typeof CLAIMED> {
    asker?.asked();
    const done = this.#settle(owner, stanza, before, answer).then((): typeof CLAIMED => {
      asker?.answered();
      return CLAIMED;
    });
    return asker !== undefined && asker.pendingRequests >= asker.mostPending ? done : CLAIMED;
  }

  async #settle(
    owner: string,
    stanza: Stanza,
    before: number,
    answer: Maybe<Element | undefined>,
  ): Promise<void> {
    try {
      const payload = isPromise(answer) ? await answer : answer;
      // A result is a promise to the client: what it acknowledges must outlive us (ARCHITECTURE: acknowledged).
      if (this.host.storage.writes !== before) await this.host.storage.flush(before);
      this.host.send(resultOf(stanza, payload));
    } catch (error) {
      this.#fail(owner, stanza, error);
    }
  }

  #fail(owner: string, stanza: Stanza, error: unknown): void {
    const said = error instanceof NotYours
      ? this.#discreet(stanza, error)
      : error instanceof StanzaError
      ? error
      : this.host.fault(owner, error, stanza);
    const reply = errorOf(stanza, said);
    if (reply !== undefined) this.host.send(reply);
  }

  /** To strangers, what `Host.arrive` says of an account that does not exist. */
  #discreet({ from, to, reach }: Stanza, error: NotYours): StanzaError {
    if (reach !== "account" || from!.bare.equals(to!)) return error;
    const knows = this.host.fittings.service(acquaintance)?.knows(to!.local, from!) === true;
    return knows ? error : new StanzaError("service-unavailable");
  }
}
