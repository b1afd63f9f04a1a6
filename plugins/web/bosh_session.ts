/**
 * One session of BOSH (XEP-0124, XEP-0206): requests in the order of their ids become one stream of bytes, and what the stream
 * writes becomes responses. To the rest of the house it is a carrier; its framing is what makes header and close into
 * attributes.
 */
import {
  type Carrier,
  clientHeader,
  type Clock,
  type Endpoint,
  type Framing,
  type Header,
  type HostScope,
  nextTurn,
  type Sink,
  type Timed,
  type TlsInfo,
} from "#plugin";
import { type BoshBody, count, truth, writeBody, XBOSH_NS } from "./bosh_body.ts";
import { BoshCache } from "./bosh_cache.ts";
import { conditionOf, type End, httpStatus } from "./bosh_conditions.ts";
import { BoshInlet } from "./bosh_inlet.ts";
import { BoshKeys } from "./bosh_keys.ts";
import { greeting, type Terms } from "./bosh_terms.ts";
import { HTTPS, NOWHERE } from "./tls_elsewhere.ts";

/** From so many characters on that nobody has fetched, the stream is told to wait. */
const HIGH_WATER = 65_536;

/** A request may say so much before the client has proved who it is. */
const LONGEST_OF_STRANGERS = 65_536;

/** What a request of a client that polls may take, in milliseconds. */
const MOMENT = 300;

const CLOSE = "</stream:stream>";
/** §17.3: the request was taken over by another one with its id. */
const RECOVERABLE = writeBody({ type: "error" }, "");

/** What a request is answered with. */
export interface Reply {
  readonly status: 200 | 400 | 403 | 404;
  readonly text: string;
}

/** A request that has not been answered. */
interface Request {
  readonly rid: number;
  readonly body: BoshBody;
  readonly since: number;
  /** Its connection is there still. */
  alive: boolean;
  answer(reply: Reply): void;
}

/** What a session is given. */
export interface BoshGround {
  readonly clock: Clock;
  readonly wheel: HostScope<unknown>["wheel"];
}

export class BoshSession implements Carrier, Framing, Timed {
  due = 0;
  readonly peer: Endpoint;
  readonly local = NOWHERE;
  readonly tls: TlsInfo | undefined;
  readonly joins = false;
  readonly close = CLOSE;
  queued = 0;
  /** Called once, when the session is over. */
  left: (() => void) | undefined;
  #sink: Sink | undefined;
  readonly #keys = new BoshKeys();
  readonly #cache: BoshCache;
  /** The id of the next request in order. */
  #next: number;
  readonly #early = new Map<number, Request>();
  /** In order; the oldest is answered first. */
  readonly #held: Request[] = [];
  /** What the stream has written and nobody has fetched. */
  #out: string[] = [];
  readonly #inlet = new BoshInlet(() => this.#touch());
  #trusted = false;
  #over = false;
  #settling = false;
  /** The stream's header, until it has been said. */
  #header: Header | undefined;
  /** The first request has come; it has been answered. */
  #begun = false;
  #greeted = false;
  #inactivity: number;
  /** When the last request came, whether it was empty, and whether the last answer was. */
  #lastAt = -Infinity;
  #lastEmpty = false;
  #emptyAnswer = false;
  /** The id whose answer the client seems to have missed (§9.2). */
  #report: number | undefined;
  #error = "";
  #end: End | undefined;
  #gone = false;

  constructor(
    readonly sid: string,
    readonly terms: Terms,
    private readonly ground: BoshGround,
    address: string,
    first: number,
  ) {
    this.peer = { address, port: 0 };
    this.tls = terms.secure ? HTTPS : undefined;
    this.#next = first;
    this.#inactivity = terms.inactivity;
    this.#cache = new BoshCache(terms.requests + 1);
  }

  // --- requests ---------------------------------------------------------------------------------------------------

  /** A request of the session, with the id it says it has. */
  receive(rid: number, body: BoshBody, lost: AbortSignal): Promise<Reply> {
    return new Promise((answer) => {
      const request: Request = { rid, body, since: this.ground.clock.monotonic(), alive: true, answer };
      lost.addEventListener("abort", () => this.#lost(request), { once: true });
      this.#take(request);
    });
  }

  #take(request: Request): void {
    const { rid } = request;
    if (rid < this.#next) return this.#repeated(request);
    if (!this.#trusted && request.body.content.length > LONGEST_OF_STRANGERS) {
      return this.#fail("policy-violation", request);
    }
    // §11: one more may come where it pauses or ends the session.
    const { type, pause } = request.body.attrs;
    const last = this.#next - 1 + this.terms.requests + (type === "terminate" || pause !== undefined ? 1 : 0);
    if (this.#gone || rid > last) return this.#fail("item-not-found", request);
    this.#early.get(rid)?.answer(ok(RECOVERABLE));
    this.#early.set(rid, request);
    for (let it = request; it !== undefined; it = this.#early.get(this.#next)!) {
      if (it.rid !== this.#next) break;
      this.#early.delete(this.#next);
      this.#next++;
      this.#process(it);
      if (this.#gone) return;
    }
  }

  /** §14.3: the answer as it was; or, where there was none yet, this one is waited with. */
  #repeated(request: Request): void {
    const at = this.#held.findIndex(({ rid }) => rid === request.rid);
    if (at >= 0) {
      const [before] = this.#held.splice(at, 1, request);
      before!.answer(ok(RECOVERABLE));
      return this.#touch();
    }
    const cached = this.#cache.find(request.rid);
    if (cached === undefined) return this.#fail("item-not-found", request);
    request.answer(ok(cached));
  }

  #process(request: Request): void {
    const { attrs, content } = request.body;
    this.#held.push(request);
    if (!this.#keys.accepts(attrs)) return this.#fail("item-not-found", request);
    this.#acknowledge(count(attrs.ack));
    if (this.#tooOften(request) || this.#inlet.isTooFull) {
      return this.#fail("policy-violation", request);
    }
    const pause = count(attrs.pause);
    if (pause !== undefined) return this.#pauseFor(pause);
    this.#inactivity = this.terms.inactivity;
    if (!this.#begun) {
      this.#begun = true;
      this.#inlet.feed(clientHeader({ ...attrs, version: attrs[`{${XBOSH_NS}}version`] ?? "1.0" }));
      if (content !== "") this.#inlet.feed(content);
    } else if (truth(attrs[`{${XBOSH_NS}}restart`])) {
      this.#inlet.feed(clientHeader({ to: this.terms.to, version: "1.0", ...attrs }));
    } else if (content !== "") this.#inlet.feed(content);
    if (attrs.type === "terminate") this.#inlet.feed(CLOSE);
    this.#touch();
  }

  /** §10: all that is held is answered, without content. */
  #pauseFor(seconds: number): void {
    this.#inactivity = Math.min(seconds * 1000, this.terms.pause);
    const last = this.#held.at(-1);
    for (const request of this.#held.splice(0)) this.#say(request, "", request !== last);
    this.#arm();
  }

  /** §11 and §12: whether the client asks again and again without having anything to say. */
  #tooOften({ body: { attrs, content }, since }: Request): boolean {
    const { polling, isPolling, requests } = this.terms;
    const empty = content === "" && attrs.type === undefined && attrs.pause === undefined &&
      attrs[`{${XBOSH_NS}}restart`] === undefined;
    const quick = since - this.#lastAt < polling;
    const again = this.#lastEmpty;
    this.#lastAt = since;
    this.#lastEmpty = empty;
    if (!this.#greeted || !empty || !quick) return false;
    if (isPolling) return again && this.#emptyAnswer;
    return this.#held.filter(({ alive }) => alive).length >= requests;
  }

  /** §9.2: what the client says it has had. */
  #acknowledge(ack: number | undefined): void {
    if (!this.terms.acks || ack === undefined) return;
    this.#cache.acknowledged(ack);
    if (this.#cache.find(ack + 1) !== undefined) this.#report = ack + 1;
  }

  #lost(request: Request): void {
    if (!request.alive || this.#gone) return;
    request.alive = false;
    if (this.#held.includes(request)) this.#arm();
  }

  // --- responses --------------------------------------------------------------------------------------------------

  /** Answers what can be answered, once this turn is over: what belongs together goes together. */
  #touch(): void {
    if (this.#settling || this.#gone) return;
    this.#settling = true;
    nextTurn().then(() => {
      this.#settling = false;
      if (!this.#gone) this.#settle();
    });
  }

  #settle(): void {
    const held = this.#held;
    const something = this.#out.length > 0 || this.#end !== undefined || this.#report !== undefined;
    const live = held.findIndex(({ alive }) => alive);
    if (something && live >= 0) {
      // Those whose connection has broken are answered for whoever asks again.
      for (const request of held.splice(0, live)) this.#say(request, "");
      this.#deliver(held.shift()!);
    } else if (this.#greeted) {
      // While the stream does not read, clients that keep to the number of requests have to wait with theirs.
      while (held.length > this.terms.hold && this.#inlet.isEmpty && !this.#isAnsweredSoon(held[0]!)) {
        this.#say(held.shift()!, "");
      }
    }
    if (!this.#gone) this.#arm();
  }

  /** Who polls is not kept waiting; but what it has asked may need a moment, and its next visit is far away. */
  #isAnsweredSoon({ body, since }: Request): boolean {
    const { clock } = this.ground;
    if (!this.terms.isPolling || body.content === "" || clock.monotonic() - since >= MOMENT) return false;
    clock.after(MOMENT, () => this.#touch());
    return true;
  }

  #deliver(request: Request): void {
    const content = this.#out.join("");
    this.#out = [];
    this.queued = 0;
    const end = this.#end;
    if (end === undefined) this.#say(request, content);
    else {
      const { condition, content: last } = end;
      request.answer(ok(this.#body(request, content + last, { type: "terminate", condition })));
      this.#vanish(undefined, () => ok(writeBody({}, "")));
    }
    if (this.#over && !this.#gone) {
      this.#over = false;
      this.#sink?.drained();
    }
  }

  #say(request: Request, content: string, kept = true): void {
    const text = this.#body(request, content);
    if (kept) this.#cache.add(request.rid, text, this.ground.clock.monotonic());
    this.#emptyAnswer = content === "";
    request.answer(ok(text));
  }

  #body({ rid }: Request, content: string, more: Record<string, string | undefined> = {}): string {
    const { terms } = this;
    const header = this.#header;
    this.#header = undefined;
    const first = !this.#greeted && header !== undefined && more.condition === undefined;
    const attrs: Record<string, string | number | undefined> = first
      ? greeting(this.sid, terms, header, rid)
      : {};
    this.#greeted = true;
    // §9.1: only where it is more than what the answer says by itself.
    if (terms.acks && this.#next - 1 !== rid) attrs.ack = this.#next - 1;
    const report = this.#report;
    if (report !== undefined) {
      this.#report = undefined;
      const at = this.#cache.timeOf(report);
      if (at !== undefined) {
        attrs.report = report;
        attrs.time = Math.round(this.ground.clock.monotonic() - at);
      }
    }
    return writeBody({ ...attrs, ...more }, content);
  }

  /** Ends the session because of what a request is. */
  #fail(condition: string, request: Request): void {
    const reply = (why: string): Reply => {
      const status = this.terms.legacy ? httpStatus(why) : 200;
      return { status, text: writeBody({ type: "terminate", condition: why }, "") };
    };
    request.answer(reply(condition));
    if (!this.#gone) this.#vanish(new Error(`BOSH: ${condition}`), () => reply("other-request"));
  }

  /** The session is no more; `last` is for those who still wait. */
  #vanish(error: Error | undefined, last: () => Reply): void {
    this.#gone = true;
    this.ground.wheel.disarm(this);
    for (const request of [...this.#held.splice(0), ...this.#early.values()]) request.answer(last());
    this.#early.clear();
    this.#out = [];
    this.#inlet.close();
    this.queued = 0;
    const sink = this.#sink;
    this.#sink = undefined;
    this.left?.();
    sink?.closed(error);
  }

  // --- time -------------------------------------------------------------------------------------------------------

  /** For the oldest request that waits; or, where none does, for the client to come again. */
  #arm(): void {
    const oldest = this.#held.find(({ alive }) => alive);
    const { wheel, clock } = this.ground;
    wheel.arm(
      this,
      oldest === undefined
        ? this.#inactivity
        : Math.max(0, oldest.since + this.terms.wait - clock.monotonic()),
    );
  }

  expire(): void {
    if (this.#gone) return;
    const at = this.#held.findIndex(({ alive }) => alive);
    if (at < 0) return this.#vanish(new Error("the client has not come again"), () => ok(writeBody({}, "")));
    for (const request of this.#held.splice(0, at + 1)) this.#say(request, "");
    this.#arm();
  }

  // --- the carrier ------------------------------------------------------------------------------------------------

  attach(sink: Sink): void {
    this.#sink = sink;
    if (this.#gone) void Promise.resolve().then(() => sink.closed());
    else this.#inlet.attach(sink);
  }

  /** The header of a stream becomes attributes of the first response (XEP-0206 §4). */
  open(header: Header): string {
    this.#header = header;
    return "";
  }

  write(text: string, more: readonly string[] = []): boolean {
    if (this.#gone) return true;
    this.#put(text);
    for (const frame of more) this.#put(frame);
    this.#touch();
    if (this.queued <= HIGH_WATER) return true;
    this.#over = true;
    return false;
  }

  #put(text: string): void {
    if (text === CLOSE) this.#end ??= conditionOf(this.#error, this.#greeted, this.terms.redirect());
    else if (text.startsWith("<stream:error")) this.#error = text;
    else {
      this.#out.push(text);
      this.queued += text.length;
    }
  }

  trust(): void {
    this.#trusted = true;
  }

  pause(): void {
    this.#inlet.pause();
  }

  resume(): void {
    this.#inlet.resume();
  }

  end(): void {
    this.#end ??= conditionOf(this.#error, this.#greeted, this.terms.redirect());
    this.#touch();
  }

  destroy(error?: Error): void {
    if (this.#gone) return;
    const text = writeBody({ type: "terminate", condition: "remote-connection-failed" }, "");
    this.#vanish(error, () => ok(text));
  }
}

function ok(text: string): Reply {
  return { status: 200, text };
}
