/** Which sessions can be resumed, by whom, and when (XEP-0198 §5). */
import {
  type ClientSession,
  defineSlot,
  el,
  type Element,
  type HostScope,
  Lru,
  readHandledCount,
  type Resumption,
  STANZAS_NS,
} from "#plugin";
import type { Acknowledgements } from "./acknowledgements.ts";

/** Sessions that ended lately, of which the counter is still known. */
const REMEMBERED = 10_000;
/** How often, and how long each time, a resumption waits for requests that are being answered. */
const MOST_TRIES = 50;
const TRY_MS = 100;

/** Sessions that can be resumed, by id; kept over reloads of the plugin. */
const resumable = defineSlot<Map<string, Acknowledgements>>("stream_management.resumable");

export class Resumptions {
  readonly #resumable: Map<string, Acknowledgements>;
  /** Of sessions that have ended, how many of the client's stanzas were dealt with (XEP-0198 §5, `failed` with `h`). */
  readonly #ended = new Lru<string, number>(REMEMBERED);

  /** `goOn`: a session has its new stream, and its client was told. */
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly goOn: (acks: Acknowledgements, from: ClientSession) => void,
  ) {
    this.#resumable = host.hold(resumable, () => new Map());
  }

  add(acks: Acknowledgements): void {
    if (acks.id !== undefined) this.#resumable.set(acks.id, acks);
  }

  /** The session has ended. */
  over({ id, session, inbound }: Acknowledgements): void {
    if (id === undefined) return;
    this.#resumable.delete(id);
    this.#ended.set(`${session.username} ${id}`, inbound);
  }

  all(): Acknowledgements[] {
    return [...this.#resumable.values()];
  }

  /** The session that the client means, once it can go on with another stream; or why it cannot. */
  async find(session: ClientSession, element: Element): Promise<Resumption<ClientSession> | Element> {
    const { ns } = element;
    const h = readHandledCount(element);
    const id = element.attr("previd");
    if (h === undefined || id === undefined) return failure(ns, "bad-request");
    const acks = this.#resumable.get(id);
    // Of another account's session nothing is said.
    if (acks === undefined || acks.ns !== ns || acks.session.username !== session.username) {
      this.count("failed");
      return failure(ns, "item-not-found", this.#ended.get(`${session.username} ${id}`));
    }
    // A client that goes on from an older state of itself gets its answer, and not a stream error again and again.
    const isBehind = acks.isBehind(h);
    if (!isBehind) acks.acknowledge(h);
    await this.#settled(acks);
    if (isBehind && acks.session.parked) acks.session.unbind(new Error("its client has lost its place"));
    const over = (): Element => {
      this.count("failed");
      return failure(ns, "item-not-found", acks.inbound);
    };
    if (isBehind || !acks.session.isBound) return over();
    return {
      session: acks.session,
      answer: () => el("resumed", ns, { previd: id, h: String(acks.inbound) }),
      over,
      resumed: (from) => this.goOn(acks, from),
    };
  }

  count(result: "resumed" | "failed"): void {
    this.host.metrics
      .counter("metronome_resumptions", "Sessions that clients wanted to resume (XEP-0198).", [
        "host",
        "result",
      ])
      .of(this.host.domain, result).add();
  }

  /**
   * What the client will be told is dealt with must be safe first. Its old stream may still be read meanwhile, and requests
   * that are being answered get a while: a lower number would bring again what came behind them.
   */
  async #settled(acks: Acknowledgements): Promise<void> {
    const { session } = acks;
    for (let tries = 0; session.pendingRequests > 0 && tries < MOST_TRIES; tries++) {
      await new Promise<void>((resolve) => void this.host.clock.after(TRY_MS, resolve));
    }
    for (let safe = -1; safe !== acks.inbound;) {
      safe = acks.inbound;
      await this.host.flush();
    }
  }
}

/** Why there is nothing to go on with, or to begin. */
export function failure(ns: string, condition: string, h?: number): Element {
  return el("failed", ns, h === undefined ? {} : { h: String(h) }, [el(condition, STANZAS_NS)]);
}
