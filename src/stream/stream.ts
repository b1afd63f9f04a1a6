/**
 * One XML stream over a carrier (RFC 6120 §4): bytes in, whole elements to its owner; text out, one write a tick. It keeps
 * the promises that hold for every stream: order, one element at a time, back-pressure while one waits, the closing
 * handshake, and exactly one end.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { Bucket } from "../base/throttle.ts";
import type { Timed, Wheel } from "../base/wheel.ts";
import type { Carrier, Sink } from "../transport/carrier.ts";
import type { Element } from "../xml/element.ts";
import { XmlError } from "../xml/error.ts";
import { STREAM_CLOSE, XmlReader } from "../xml/reader.ts";
import { write } from "../xml/writer.ts";
import { StreamError } from "./error.ts";
import { type Framing, type Header, standalone, streamTags } from "./framing.ts";
import type { StreamLimits } from "./limits.ts";
import type { Flushable, Flusher } from "./outbox.ts";

/** What a stream ended by: an error of either side, or undefined for an orderly close. */
export type End = StreamError | Error | undefined;

/** Whose stream it is. */
export interface StreamOwner {
  /** Who the peer says it is and has proved to be, for the log; "" before that. */
  readonly who: string;
  /** Sends our header, by `Stream.open`, although the peer's has not come: an error must be said (RFC 6120 §4.9.1.2). */
  greet(stream: Stream): void;
  /** The peer's header, at the start and after every restart. */
  opened(stream: Stream, header: Element): Maybe<void>;
  /** One whole element. While a promise is pending, nothing more is read. */
  received(stream: Stream, element: Element): Maybe<void>;
  /** Whether answers to what the peer asked are still under way: its closing tag is then answered after them. */
  readonly isOwing: boolean;
  /** The time-out set by `expectWithin` has passed. */
  overdue(stream: Stream): void;
  /** Once, as soon as the stream can carry nothing any more. */
  closed(stream: Stream, end: End): void;
  /** Something in the owner threw: a bug, to be logged. */
  failed(stream: Stream, error: unknown): void;
}

/** The connection has broken; one for all, since a stack costs more than the rest of an end. */
const UNCLOSED = new Error("the connection was closed without the closing tag");

/** What all streams of a server share. */
export interface StreamContext {
  readonly clock: Clock;
  /** For time-outs, in seconds. */
  readonly wheel: Wheel;
  /** For short waits, in hundredths of a second. */
  readonly fineWheel: Wheel;
  readonly flusher: Flusher;
  /** Where it is noted what peers do wrong. */
  readonly log: Logger;
  /** Every stream that has not ended, for the server's stop. */
  readonly open: Set<Stream>;
  /** Called when the last of them has ended, while somebody waits for that. */
  allClosed?: (() => void) | undefined;
}

/** We have sent our closing tag and wait for the peer's in `Closing`; in `Deaf` after an error, and for nothing. */
const enum Phase {
  Open,
  Closing,
  Deaf,
  Ended,
}

export class Stream implements Sink, Timed, Flushable {
  due = 0;
  readonly #reader: XmlReader;
  /** What is to be written; where elements share no write, the first of it. */
  #text = "";
  #more: string[] | undefined;
  /** It will be, when this tick ends. */
  #touched = false;
  #phase = Phase.Open;
  /** Our header has been sent since the last (re)start. */
  #headed = false;
  /** An element is being dealt with; what follows stays unread. */
  #waiting = false;
  #pumping = false;
  #delayed = false;
  /** The peer has closed its side, and ours is kept open for answers to it that are under way. */
  #leaving = false;
  #throttle: Throttle | undefined;
  /** Where frames come in: an element of the present one has been read. */
  #framed = false;
  /** Anything has come since the last look: a bit instead of a time stamp a chunk. */
  heard = true;

  constructor(
    readonly carrier: Carrier,
    public owner: StreamOwner,
    readonly context: StreamContext,
    readonly limits: StreamLimits,
    readonly framing: Framing = streamTags,
  ) {
    this.#reader = new XmlReader(limits.unauthenticated);
    if (limits.bytesPerSecond > 0 || limits.stanzasPerSecond > 0) this.#throttle = new Throttle(this, limits);
    context.open.add(this);
    carrier.attach(this);
  }

  get isOpen(): boolean {
    return this.#phase === Phase.Open;
  }

  /** Whether an element is still being dealt with, other than by letting time pass. */
  get isWaiting(): boolean {
    return this.#waiting && !this.#delayed;
  }

  /** Lets time pass while an element is being dealt with; the peer is not read meanwhile. */
  delay(ms: number): Promise<void> {
    this.#delayed = true;
    return new Promise((resolve) => {
      this.context.clock.after(ms, () => {
        this.#delayed = false;
        resolve();
      });
    });
  }

  get reader(): XmlReader {
    return this.#reader;
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  bytes(chunk: Uint8Array): void {
    if (this.#phase >= Phase.Deaf) return;
    this.heard = true;
    this.#throttle?.bytes(chunk.length);
    this.#framed = false;
    try {
      this.#reader.feed(this.framing.frame?.(chunk) ?? chunk);
    } catch (error) {
      this.#broken(error);
      return;
    }
    this.#pump();
  }

  drained(): void {
    if (!this.#waiting) this.#resume();
  }

  closed(error?: Error): void {
    if (this.#leaving) return this.#finish(undefined);
    this.#finish(error ?? UNCLOSED);
  }

  /** Elements, one after another, until there are no more, one has to wait, or the peer has. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#waiting && this.#phase < Phase.Deaf && this.#throttle?.holding !== true) {
        const item = this.#reader.next();
        if (this.framing.frame !== undefined) this.#checkFrame(item !== undefined);
        if (item === undefined) break;
        if (item === STREAM_CLOSE) {
          this.#peerClosed();
          break;
        }
        if (this.#phase === Phase.Closing) continue;
        const header = this.#reader.header === item;
        const done = header ? this.owner.opened(this, item) : this.owner.received(this, item);
        if (isPromise(done)) this.#wait(done);
        if (!header) this.#throttle?.stanza();
      }
    } catch (error) {
      this.#broken(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** RFC 7395 §3.3.3: a frame is one whole element. */
  #checkFrame(more: boolean): void {
    if (!more && !this.#reader.idle) {
      throw new StreamError("not-well-formed", "a frame ends before its element does");
    }
    if (more && this.#framed) throw new StreamError("bad-format", "a frame holds more than one element");
    this.#framed ||= more;
  }

  #wait(done: Promise<void>): void {
    this.#waiting = true;
    this.carrier.pause();
    const go = (): void => {
      this.#waiting = false;
      this.#proceed();
    };
    done.then(go, (error) => {
      this.#broken(error);
      go();
    });
  }

  /** What has come and was left unread first, then more. */
  #proceed(): void {
    this.#pump();
    if (this.#phase < Phase.Deaf && !this.#waiting) this.#resume();
  }

  #resume(): void {
    if (this.#throttle?.holding !== true) this.carrier.resume();
  }

  /** A violation ends this stream with its condition; anything else is a bug of ours and ends it too. */
  #broken(error: unknown): void {
    if (error instanceof StreamError) this.fail(error);
    else if (error instanceof XmlError) this.fail(new StreamError(error.condition, error.message));
    else {
      this.owner.failed(this, error);
      this.end(new StreamError("internal-server-error"));
    }
  }

  // --- the course of the stream -----------------------------------------------------------------------------------

  /** The peer has proved who it is: its limits are wider. */
  trust(): void {
    this.#reader.limits = this.limits.authenticated;
    this.carrier.trust?.();
  }

  /** Called by the throttle when the peer has waited long enough. */
  release(): void {
    if (!this.#waiting) this.#proceed();
  }

  /** Sends our header. */
  open(header: Header): void {
    this.#headed = true;
    this.put(this.framing.open(header));
  }

  /** The next element is a header again: after SASL, or (discarding what came in the clear) after TLS. */
  restart(discard = false): void {
    this.#headed = false;
    this.#reader.restart(discard);
  }

  /** Unless `expectWithin` is called again, `overdue` is in so many milliseconds. */
  expectWithin(ms: number): void {
    this.context.wheel.arm(this, ms);
  }

  expectNothing(): void {
    this.context.wheel.disarm(this);
  }

  expire(): void {
    if (this.#leaving) this.#close();
    else if (this.#phase === Phase.Open) this.owner.overdue(this);
    else this.carrier.destroy();
  }

  // --- out --------------------------------------------------------------------------------------------------------

  /** Appends text to what is written at the end of the tick. */
  put(text: string): void {
    if (this.#phase === Phase.Open && text !== "") this.#append(text);
  }

  /** Appends text that goes out with what comes next; or alone, when `nudge` is called. */
  putLater(text: string): void {
    if (this.#phase === Phase.Open) this.#append(text, true);
  }

  /** Writes what waits for something to go with. */
  nudge(): void {
    if (this.#text !== "") this.#touch();
  }

  #touch(): void {
    if (this.#touched) return;
    this.#touched = true;
    this.context.flusher.touch(this);
  }

  #append(text: string, later = false): void {
    const first = this.#text === "";
    if (!later) this.#touch();
    if (this.framing.joins) this.#text += text;
    else if (first) this.#text = standalone(text);
    else (this.#more ??= []).push(standalone(text));
  }

  /** Appends an element. */
  send(element: Element): void {
    this.put(write(element, this.#reader.contentNs));
  }

  /** Characters that wait for the peer to read. */
  get queued(): number {
    return this.carrier.queued + this.#text.length + (this.#more?.join("").length ?? 0);
  }

  flush(): void {
    this.#touched = false;
    const text = this.#text;
    if (text === "") return;
    const more = this.#more;
    this.#text = "";
    this.#more = undefined;
    let flows = this.carrier.write(text);
    if (more !== undefined) { for (const frame of more) flows = this.carrier.write(frame); }
    if (flows) return;
    if (this.#phase === Phase.Open && this.carrier.queued > this.limits.sendQueue) {
      // It would not read an explanation either.
      const error = new StreamError("resource-constraint", "the peer does not read what is sent to it");
      this.#note(error);
      this.#finish(error);
      this.carrier.destroy();
    } else this.carrier.pause();
  }

  /** Ends the stream for something that the peer did, which is noted. */
  fail(error: StreamError): void {
    if (this.#phase !== Phase.Open) return;
    this.#note(error);
    this.end(error);
  }

  /**
   * Ends the stream: with an error, or by our closing tag alone. The peer's closing tag is awaited for a while, as
   * RFC 6120 §4.4 asks; the owner is told at once.
   */
  end(error?: StreamError): void {
    if (this.#phase !== Phase.Open) return;
    if (!this.#headed) this.owner.greet(this);
    if (error !== undefined) this.put(write(error.toElement(), this.#reader.contentNs));
    this.put(this.framing.close);
    // RFC 6120 §4.9.1.1: after a stream error nothing that still comes is of interest.
    this.#phase = error === undefined ? Phase.Closing : Phase.Deaf;
    this.flush();
    this.#unthrottle();
    this.expectWithin(this.limits.closeTimeout);
    // Nothing more can come where the peer's closing tag has come already.
    const over = error !== undefined || this.#leaving;
    this.#leaving = false;
    this.owner.closed(this, error);
    if (over) this.carrier.end();
    else if (!this.#waiting) this.#proceed();
  }

  /** The owner owes the peer no answer any more: a closing tag that was waiting for that is answered now. */
  settled(): void {
    if (this.#leaving) this.#close();
  }

  /** RFC 6120 §4.4: who closes may still be sent what it asked for before; but not for ever. */
  #peerClosed(): void {
    if (this.#phase !== Phase.Open) {
      this.carrier.end();
    } else if (this.owner.isOwing) {
      this.#leaving = true;
      this.expectWithin(this.limits.closeTimeout);
    } else this.#close();
  }

  /** Answers the peer's closing tag. */
  #close(): void {
    this.#leaving = false;
    if (this.#phase !== Phase.Open) return;
    this.#phase = Phase.Closing;
    this.#append(this.framing.close);
    this.flush();
    this.#unthrottle();
    this.expectWithin(this.limits.closeTimeout);
    this.owner.closed(this, undefined);
    this.carrier.end();
  }

  #finish(end: End): void {
    if (this.#phase === Phase.Ended) return;
    const told = this.#phase !== Phase.Open;
    this.#phase = Phase.Ended;
    this.#leaving = false;
    this.#text = "";
    this.#more = undefined;
    this.#unthrottle();
    this.context.wheel.disarm(this);
    const { open, allClosed } = this.context;
    open.delete(this);
    if (allClosed !== undefined && open.size === 0) allClosed();
    if (!told) this.owner.closed(this, end);
  }

  #unthrottle(): void {
    this.#throttle?.stop();
    this.#throttle = undefined;
  }

  #note({ condition, text }: StreamError): void {
    const { carrier: { peer }, owner: { who } } = this;
    this.context.log.info("stream-error", {
      peer: peer.address,
      ...(who === "" ? {} : { session: who }),
      condition,
      reason: text,
    });
  }
}

/** Holds a stream to its rates by not reading: it is slowed, never punished. */
class Throttle implements Timed {
  due = 0;
  holding = false;
  readonly #bytes: Bucket | undefined;
  readonly #stanzas: Bucket | undefined;

  constructor(private readonly stream: Stream, limits: StreamLimits) {
    if (limits.bytesPerSecond > 0) this.#bytes = new Bucket(limits.bytesPerSecond, limits.bytesBurst);
    if (limits.stanzasPerSecond > 0) this.#stanzas = new Bucket(limits.stanzasPerSecond, limits.stanzasBurst);
  }

  bytes(n: number): void {
    if (this.#bytes !== undefined) this.#hold(this.#bytes.take(n, this.#now()));
  }

  stanza(): void {
    if (this.#stanzas !== undefined) this.#hold(this.#stanzas.take(1, this.#now()));
  }

  expire(): void {
    this.holding = false;
    this.stream.release();
  }

  stop(): void {
    this.holding = false;
    this.stream.context.fineWheel.disarm(this);
  }

  #now(): number {
    return this.stream.context.clock.monotonic();
  }

  #hold(ms: number): void {
    if (ms <= 0) return;
    if (!this.holding) {
      this.holding = true;
      this.stream.carrier.pause();
    }
    this.stream.context.fineWheel.arm(this, ms);
  }
}
