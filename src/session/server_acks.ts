/**
 * XEP-0198 on a stream between servers: the two counters, and what the peer has not acknowledged yet. What becomes of that
 * when the stream is lost is decided by whoever sent it (remote/).
 */
import type { Timed } from "../base/wheel.ts";
import type { Written } from "../stanza/written.ts";
import { StreamError } from "../stream/error.ts";
import { WRAP } from "../proto/handled_count.ts";
import { el } from "../xml/element.ts";
import type { Stream, StreamContext } from "../stream/stream.ts";

export const SM_NS = "urn:xmpp:sm:3";
/** Stanzas that go out before the peer is asked how far it is; after how long it is asked for fewer. */
const ASK_AFTER = 20;
const ASK_WITHIN = 10_000;
/** How long it may take to answer; then the connection counts as broken. */
const ANSWER_WITHIN = 60_000;
/** More than that, in number or in characters, was never acknowledged by a peer that works. */
const MOST = 20_000;
const MOST_CHARACTERS = 16 << 20;

/** A stream, as far as its counters need it. */
interface Counted {
  readonly stream: Stream | undefined;
  readonly context: StreamContext;
  readonly pendingRequests: number;
  acks: ServerAcks | undefined;
}

export class ServerAcks implements Timed {
  due = 0;
  /** Stanzas of the peer that were dealt with. */
  inbound = 0;
  /** Counted once both sides know of it (XEP-0198 §3). */
  countsInbound = false;
  /** Stanzas of ours that were sent. */
  outbound = 0;
  /** Sent and not acknowledged, the oldest first. */
  queue: Written[] = [];
  /** How long they are together. */
  #characters = 0;
  /** What the stream can be resumed by; undefined where it cannot. */
  id: string | undefined;
  #asked = false;
  #settled = 0;

  constructor(public session: Counted) {}

  sent(written: Written): void {
    this.outbound = (this.outbound + 1) % WRAP;
    this.queue.push(written);
    this.#characters += written.length;
    const tooMuch = this.queue.length > MOST || this.#characters > MOST_CHARACTERS;
    if (tooMuch) this.#broken("too much is unacknowledged");
    else if (this.queue.length >= ASK_AFTER && !this.#asked) this.ask();
    else if (this.due === 0) this.session.stream?.context.wheel.arm(this, ASK_WITHIN);
  }

  received(): void {
    if (!this.countsInbound) return;
    if (this.session.pendingRequests === 0) this.#settled = this.inbound;
    this.inbound = (this.inbound + 1) % WRAP;
  }

  /** How far everything is dealt with: not past a request that is still being answered. */
  get handled(): number {
    return this.session.pendingRequests === 0 ? this.inbound : this.#settled;
  }

  ask(): void {
    const { stream } = this.session;
    if (this.#asked || stream === undefined) return;
    this.#asked = true;
    stream.put(`<r xmlns="${SM_NS}"/>`);
    stream.context.wheel.arm(this, ANSWER_WITHIN);
  }

  expire(): void {
    if (this.#asked) this.#broken("no acknowledgement in time");
    else if (this.queue.length > 0) this.ask();
  }

  /** The peer has dealt with `h` stanzas. */
  acknowledge(h: number): void {
    const first = (this.outbound - this.queue.length + WRAP) % WRAP;
    const count = (h - first + WRAP) % WRAP;
    if (count > this.queue.length) {
      const counts = { h: String(h), "send-count": String(this.outbound) };
      throw new StreamError(
        "undefined-condition",
        "more was acknowledged than was sent",
        el("handled-count-too-high", SM_NS, counts),
      );
    }
    this.#asked = false;
    if (count === this.queue.length) this.clear();
    else {
      for (const { length } of this.queue.splice(0, count)) this.#characters -= length;
    }
    const wheel = this.session.stream?.context.wheel;
    if (this.queue.length === 0) wheel?.disarm(this);
    else wheel?.arm(this, ASK_WITHIN);
  }

  /** What the peer has not got, and need not get any more: it is as if it had never been sent. */
  drop(needless: (written: Written) => boolean): void {
    const left = this.queue.filter((written) => !needless(written));
    this.outbound = (this.outbound - (this.queue.length - left.length) + WRAP) % WRAP;
    this.queue = left;
    this.#characters = left.reduce((sum, { length }) => sum + length, 0);
  }

  /** All of it has arrived. */
  clear(): void {
    this.queue = [];
    this.#characters = 0;
  }

  /** The stream is gone: nobody is asked any more. */
  rest(): void {
    this.#asked = false;
    this.session.context.wheel.disarm(this);
  }

  /** Goes on with another stream, which is told again what it has not got. */
  resume(session: Counted): void {
    this.session = session;
    session.acks = this;
    for (const { text } of this.queue) session.stream?.put(text);
    if (this.queue.length > 0) this.ask();
  }

  #broken(why: string): void {
    this.session.stream?.carrier.destroy(new Error(why));
  }
}
