/** The two counters of XEP-0198 for one session, and what it has not acknowledged yet. */
import {
  type ClientSession,
  CONTENT_NS,
  el,
  type Element,
  type Stanza,
  StreamError,
  type Timed,
} from "#plugin";
import { Absences } from "./absences.ts";

/** Counters are 32 bits wide and start again at 0 (XEP-0198 §4). */
const WRAP = 2 ** 32;

/** What the counters may do to their session. */
export interface Keeper {
  /** Stanzas that may go out before an acknowledgement is asked for. */
  readonly requestAfter: number;
  /** Unacknowledged stanzas that are kept, and their characters while a session waits. */
  readonly most: number;
  readonly largest: number;
  /** The client has been asked how far it is. */
  asked(acks: Acknowledgements): void;
  /** A time-out of this session has passed. */
  overdue(acks: Acknowledgements): void;
  /** More is unacknowledged than may be kept. */
  overflowed(acks: Acknowledgements): void;
}

export class Acknowledgements implements Timed {
  due = 0;
  /** Stanzas received from the client and dealt with. */
  inbound = 0;
  /** Stanzas sent to the client. */
  outbound = 0;
  /** Sent and not acknowledged, the oldest first. */
  queue: Stanza[] = [];
  /** When each of them was sent, in milliseconds since 1970. */
  times: number[] = [];
  /** An acknowledgement has been asked for and has not come. */
  requested = false;
  /** The queue has become too long: the session does not wait for anything any more. */
  overfull = false;
  /** Other sessions of the account that do not take what is for the account, and those that get no copies. */
  readonly unreached = new Absences();
  readonly uncopied = new Absences();
  #characters = 0;
  /** The counter when no request was open, last. */
  #settled = 0;

  constructor(
    readonly session: ClientSession,
    readonly ns: string,
    /** The id to resume by; undefined where the session is not to be resumed. */
    readonly id: string | undefined,
    /** Milliseconds that the session waits to be resumed. */
    readonly patience: number,
    private readonly keeper: Keeper,
  ) {}

  sent(stanza: Stanza, at: number): void {
    this.outbound = (this.outbound + 1) % WRAP;
    this.queue.push(stanza);
    this.times.push(at);
    if (this.session.parked) this.#characters += lengthOf(stanza);
    if (this.queue.length > this.keeper.most || this.#characters > this.keeper.largest) {
      this.overfull = true;
      this.keeper.overflowed(this);
    } else if (this.queue.length >= this.keeper.requestAfter) this.request();
  }

  received(): void {
    if (this.session.pendingRequests === 0) this.#settled = this.inbound;
    this.inbound = (this.inbound + 1) % WRAP;
  }

  /** How far everything is dealt with: not past a request that is still being answered, whose effects may come yet. */
  get handled(): number {
    return this.session.pendingRequests === 0 ? this.inbound : this.#settled;
  }

  /** Asks the client how far it is, unless it has been asked already. */
  request(): void {
    const { stream } = this.session;
    if (this.requested || stream === undefined) return;
    this.requested = true;
    stream.put(`<r xmlns="${this.ns}"/>`);
    this.keeper.asked(this);
  }

  /** The client has dealt with `h` stanzas. Throws the StreamError of XEP-0198 §4 where it never got so many. */
  acknowledge(h: number): void {
    const first = (this.outbound - this.queue.length + WRAP) % WRAP;
    const count = (h - first + WRAP) % WRAP;
    if (count > this.queue.length) throw tooHigh(this.ns, h, this.outbound);
    this.requested = false;
    if (count === this.queue.length) {
      this.queue = [];
      this.times = [];
      this.unreached.clear();
      this.uncopied.clear();
    } else {
      this.queue.splice(0, count);
      this.times.splice(0, count);
      this.unreached.forget(count);
      this.uncopied.forget(count);
    }
  }

  expire(): void {
    this.keeper.overdue(this);
  }

  /**
   * The same stanzas without the chunks that they came in: they may have to be kept for long. False where they are more
   * than may be kept.
   */
  detach(): boolean {
    this.#characters = 0;
    this.queue = this.queue.map((stanza) => {
      this.#characters += lengthOf(stanza);
      return stanza.containing(stanza.source.detached());
    });
    return this.#characters <= this.keeper.largest;
  }

  /** The session goes on with a stream: what is unacknowledged is limited by what that takes. */
  goOn(): void {
    this.#characters = 0;
    this.requested = false;
  }
}

function lengthOf(stanza: Stanza): number {
  return stanza.source.inner(CONTENT_NS).length;
}

/** A counter from the wire; undefined where it is none. */
export function readCount(element: Element): number | undefined {
  const text = element.attr("h");
  if (text === undefined || text.length > 10) return undefined;
  const h = Number(text);
  return Number.isInteger(h) && h >= 0 && h < WRAP && !text.includes("e") ? h : undefined;
}

function tooHigh(ns: string, h: number, sent: number): StreamError {
  const counts = { h: String(h), "send-count": String(sent) };
  return new StreamError(
    "undefined-condition",
    "more was acknowledged than was sent",
    el("handled-count-too-high", ns, counts),
  );
}
