/** The two counters of XEP-0198 for one session, and what it has not acknowledged yet. */
import {
  type ClientSession,
  el,
  type Jid,
  type Stanza,
  StreamError,
  type Timed,
  WRAP,
  type Written,
} from "#plugin";
import { Absences } from "./absences.ts";
import type { Safe } from "./safe.ts";

/** How many are given up at a time of those that a client has read and does not count. */
const GIVEN_UP = 100;

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
  queue: Written[] = [];
  /** When each of them was sent, in milliseconds since 1970. */
  times: number[] = [];
  /** An acknowledgement has been asked for and has not come. */
  requested = false;
  /** When, on the monotonic clock. */
  askedAt = 0;
  /** It has not come for so long that the client may be gone. */
  silent = false;
  /** What is being written lies in storage already. */
  entrusting = false;
  /** The queue has become too long: the session does not wait for anything any more. */
  overfull = false;
  /** Other sessions of the account that do not take what is for the account, and those that get no copies. */
  readonly unreached = new Absences();
  readonly uncopied = new Absences();
  #characters = 0;
  /** The counter when no request was open, last. */
  #settled = 0;
  /** What the client has acknowledged last. */
  #acknowledged = 0;
  /** How many have left the queue: a place in the queue and this are a number that stays. */
  #gone = 0;
  /** Which of the queue lie in storage, by that number. */
  #safes: Map<number, Safe> | undefined;
  /** Requests in the queue that the client has not answered, by who asks and the id; each with that number. */
  #requests: Map<string, number> | undefined;
  /** The number of the next stanza when an acknowledgement was asked for last, and at the last that has been answered. */
  #asked = 0;
  #answered = 0;
  /** What came before this has been read for sure: a client may acknowledge unasked, so the last answer may be none. */
  #read = 0;
  /** Something was acknowledged since it was asked last, and something was not. */
  #moves = false;

  constructor(
    readonly session: ClientSession,
    readonly ns: string,
    /** The id to resume by; undefined where the session is not to be resumed. */
    readonly id: string | undefined,
    /** Milliseconds that the session waits to be resumed. */
    readonly patience: number,
    private readonly keeper: Keeper,
  ) {}

  /** The numbers of the first stanza of the queue, and of the next that will be in it. */
  get first(): number {
    return this.#gone;
  }

  get next(): number {
    return this.#gone + this.queue.length;
  }

  /** A stanza went out; `text`: as what, where that is known. */
  sent(stanza: Stanza, text: string | undefined, at: number): void {
    if (stanza.isRequest) (this.#requests ??= new Map()).set(keyOf(stanza.from, stanza.id), this.next);
    this.outbound = (this.outbound + 1) % WRAP;
    const written = stanza.written(text);
    this.queue.push(written);
    this.times.push(at);
    const { most, largest, requestAfter } = this.keeper;
    const isLarge = this.session.parked && (this.#characters += written.length) > largest;
    if (isLarge || (this.queue.length > most && !this.#giveUp())) {
      this.overfull = true;
      this.keeper.overflowed(this);
    } else if (this.queue.length >= requestAfter) this.request();
  }

  received(): void {
    if (this.session.pendingRequests === 0) this.#settled = this.inbound;
    this.inbound = (this.inbound + 1) % WRAP;
  }

  /** How far everything is dealt with: not past a request that is still being answered, whose effects may come yet. */
  get handled(): number {
    return this.session.pendingRequests === 0 ? this.inbound : this.#settled;
  }

  /** Tells the client how far we are. */
  answer(h: number): string {
    return `<a xmlns="${this.ns}" h="${h}"/>`;
  }

  /** Asks the client how far it is, unless it has been asked already. */
  request(): void {
    const { stream } = this.session;
    if (this.requested || stream === undefined) return;
    this.requested = true;
    this.#asked = this.next;
    this.#moves = false;
    stream.put(`<r xmlns="${this.ns}"/>`);
    this.keeper.asked(this);
  }

  /**
   * Since when it makes sense to ask: there is something that was not asked about, or there was some progress since the last
   * time (which is 0: as soon as can be). Undefined where it makes none.
   */
  get worthAskingSince(): number | undefined {
    if (this.queue.length === 0) return undefined;
    return this.times[Math.max(0, this.#asked - this.#gone)] ?? (this.#moves ? 0 : undefined);
  }

  /** Whether a client has forgotten what it acknowledged before: what it wants again is not kept any more. */
  isBehind(h: number): boolean {
    const behind = (this.#acknowledged - h + WRAP) % WRAP;
    return behind > 0 && behind < WRAP / 2;
  }

  /** The client has dealt with `h` stanzas. Throws the StreamError of XEP-0198 §4 where it never got so many. */
  acknowledge(h: number): void {
    const known = (this.outbound - this.#acknowledged + WRAP) % WRAP;
    if ((h - this.#acknowledged + WRAP) % WRAP > known) throw tooHigh(this.ns, h, this.outbound);
    this.#acknowledged = h;
    if (this.requested) {
      this.#read = this.#answered;
      this.#answered = this.#asked;
    }
    this.requested = false;
    this.silent = false;
    // Fewer than have left the queue: the client does not count all that it gets.
    const left = (this.outbound - h + WRAP) % WRAP;
    if (left < this.queue.length) {
      this.#moves = left > 0;
      this.#drop(this.queue.length - left);
    }
  }

  /**
   * There are clients that never count the answers to their own requests. What such a one has read, since it has answered
   * something that came behind it, is given up where the queue is full; that it was read is what the session would have
   * been ended for. False where there is nothing of the kind.
   */
  #giveUp(): boolean {
    const read = Math.min(this.#read - this.#gone, GIVEN_UP);
    if (read <= 0) return false;
    this.#drop(read);
    return true;
  }

  /** The first of the queue need not be kept. */
  #drop(count: number): void {
    this.#gone += count;
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
    if (this.#requests !== undefined) {
      for (const [key, number] of this.#requests) if (number < this.#gone) this.#requests.delete(key);
    }
    if (this.#safes === undefined) return;
    for (const [number, safe] of this.#safes) {
      if (number >= this.#gone) continue;
      this.#safes.delete(number);
      safe.empty();
    }
  }

  // --- what the client has answered, and what lies in storage -----------------------------------------------------

  /** The client has answered a request. */
  answered(to: Jid | undefined, id: string | undefined): void {
    this.#requests?.delete(keyOf(to, id));
  }

  /** Whether a request in the queue has not been answered. */
  owes(request: Stanza): boolean {
    return this.#requests?.has(keyOf(request.from, request.id)) === true;
  }

  /** The storage that a stanza of the queue lies in as well. */
  safeOf(place: number): Safe | undefined {
    return this.#safes?.get(this.#gone + place);
  }

  secure(place: number, safe: Safe): void {
    (this.#safes ??= new Map()).set(this.#gone + place, safe.hold());
  }

  expire(): void {
    this.keeper.overdue(this);
  }

  /** The session has no stream any more, and waits. False where there is more than may be kept for such a one. */
  wait(): boolean {
    this.requested = false;
    this.#characters = 0;
    for (const { length } of this.queue) this.#characters += length;
    return this.#characters <= this.keeper.largest;
  }

  /** The session goes on with a stream: what is unacknowledged is limited by what that takes. */
  goOn(): void {
    this.#characters = 0;
    this.requested = false;
    this.silent = false;
  }
}

function keyOf(who: Jid | undefined, id: string | undefined): string {
  return `${who} ${id}`;
}

function tooHigh(ns: string, h: number, sent: number): StreamError {
  const counts = { h: String(h), "send-count": String(sent) };
  return new StreamError(
    "undefined-condition",
    "more was acknowledged than was sent",
    el("handled-count-too-high", ns, counts),
  );
}
