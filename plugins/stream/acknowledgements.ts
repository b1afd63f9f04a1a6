/** The two counters of XEP-0198 for one session, and what it has not acknowledged yet. */
import { type ClientSession, el, type Element, type Stanza, StreamError, type Timed } from "#plugin";

/** Counters are 32 bits wide and start again at 0 (XEP-0198 §4). */
const WRAP = 2 ** 32;

/** What the counters may do to their session. */
export interface Keeper {
  /** Stanzas that may go out before an acknowledgement is asked for. */
  readonly requestAfter: number;
  /** Unacknowledged stanzas that are kept. */
  readonly most: number;
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
  /** An acknowledgement has been asked for and has not come. */
  requested = false;

  constructor(
    readonly session: ClientSession,
    readonly ns: string,
    /** The id to resume by; undefined where the session is not to be resumed. */
    readonly id: string | undefined,
    /** Milliseconds that the session waits to be resumed. */
    readonly patience: number,
    private readonly keeper: Keeper,
  ) {}

  sent(stanza: Stanza): void {
    this.outbound = (this.outbound + 1) % WRAP;
    this.queue.push(stanza);
    if (this.queue.length > this.keeper.most) this.keeper.overflowed(this);
    else if (this.queue.length >= this.keeper.requestAfter) this.request();
  }

  received(): void {
    this.inbound = (this.inbound + 1) % WRAP;
  }

  /** Asks the client how far it is, unless it has been asked already. */
  request(): void {
    const { stream } = this.session;
    if (this.requested || stream === undefined) return;
    this.requested = true;
    stream.put(`<r xmlns="${this.ns}"/>`);
  }

  /** The client has dealt with `h` stanzas. Throws the StreamError of XEP-0198 §4 where it never got so many. */
  acknowledge(h: number): void {
    const first = (this.outbound - this.queue.length + WRAP) % WRAP;
    const count = (h - first + WRAP) % WRAP;
    if (count > this.queue.length) throw tooHigh(this.ns, h, this.outbound);
    this.requested = false;
    if (count === this.queue.length) this.queue = [];
    else this.queue.splice(0, count);
  }

  expire(): void {
    this.keeper.overdue(this);
  }

  /** The same stanzas without the chunks that they came in: they may have to be kept for long. */
  detach(): void {
    this.queue = this.queue.map((stanza) => stanza.containing(stanza.source.detached()));
  }
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
