/**
 * To each registration leads a line of notices: the first goes at once, what comes soon after it is put together into one,
 * and the first call of that time does not wait either. An answer that is an error ends the registration, unless trying again may help (XEP-0357 §7.1).
 * The number of messages that a device was told last is kept, so that it goes on after a restart; the lines outlive a reload.
 */
import {
  defineSlot,
  type HostScope,
  map,
  type MapStore,
  type Stanza,
  StanzaError,
  type Timed,
} from "#plugin";
import type { Cause } from "./cause.ts";
import type { Notice, Openness } from "./notice.ts";
import { publishing } from "./notification.ts";
import { keyOf, type Registration, type Registrations } from "./registrations.ts";

/** How many messages each registration was told of since its device was there. */
const unread = map<number>("push.unread");
/** Messages of one line that are known again. */
const REMEMBERED = 100;
/** How often in a row a service may fail before it is given up. */
const PATIENCE = 10;

export interface LineOptions {
  /** Milliseconds in which what comes is put together. */
  readonly interval: number;
  /** Milliseconds in which a service must answer. */
  readonly timeout: number;
}

class Line implements Timed {
  due = 0;
  /** Failures in a row. */
  failures = 0;
  /** Sent lately: what comes now waits. */
  resting = false;
  /** A call was told while it rests: whoever calls again and again is not told of each time. */
  called = false;
  next: Cause | undefined;
  /** What was told while a session waited: it may come a second time, when nobody resumes the session. */
  #told: Set<string> | undefined;
  /** What of it has no id, by what a queue knows it by: for as long as one holds it. */
  #toldUnnamed: WeakSet<object> | undefined;

  constructor(
    readonly local: string,
    readonly key: string,
    /** Messages since the device was last there. */
    public messages: number,
    private readonly rested: (line: Line) => void,
  ) {}

  hasTold(stanza: Stanza): boolean {
    const { from, id } = stanza;
    if (id === undefined) return this.#toldUnnamed?.has(stanza.written().content) === true;
    return this.#told?.has(`${from}\n${id}`) === true;
  }

  remember(stanza: Stanza): void {
    const { from, id } = stanza;
    if (id === undefined) {
      (this.#toldUnnamed ??= new WeakSet()).add(stanza.written().content);
      return;
    }
    this.#told ??= new Set();
    if (this.#told.size < REMEMBERED) this.#told.add(`${from}\n${id}`);
  }

  reset(): void {
    this.messages = 0;
    this.next = undefined;
    this.#told = undefined;
    this.#toldUnnamed = undefined;
  }

  expire(): void {
    this.resting = false;
    this.called = false;
    this.rested(this);
  }
}

/** What outlives a reload. */
class Held {
  /** By account and registration; only where something is unread or was sent lately. */
  readonly accounts = new Map<string, Map<string, Line>>();
  /** Who sends for them: the first, until it stops. A reload may be given up when the next has been set up already. */
  readonly keepers: Lines[] = [];
}

const held = defineSlot<Held>("push.lines");

export class Lines {
  readonly #held: Held;
  readonly #accounts: Map<string, Map<string, Line>>;
  readonly #unread: MapStore<number>;

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly registrations: Registrations,
    private readonly options: LineOptions,
    /** What may be said to an account's services, and how many requests wait for an answer there. */
    private readonly facts: (local: string) => { open: Openness; requests: number },
  ) {
    this.#unread = host.open(unread);
    this.#held = host.hold(held, () => new Held());
    this.#accounts = this.#held.accounts;
    this.#held.keepers.push(this);
    host.onStop(() => this.#stop());
  }

  /** `waits`: it is kept for a session that waits to be resumed. */
  push(local: string, registration: Registration, cause: Cause, stanza: Stanza, waits: boolean): void {
    const line = this.#line(local, keyOf(registration));
    if (line.hasTold(stanza)) return;
    if (waits) line.remember(stanza);
    if (cause.type === "chat" || cause.type === "groupchat") line.messages++;
    const isCall = cause.type === "call";
    if (!line.resting || (isCall && !line.called)) this.#send(line, registration, cause);
    else if (isCall || line.next?.type !== "call") line.next = cause;
  }

  /** The devices behind these registrations have seen everything, or are to be told nothing more. */
  reset(local: string, registrations: readonly Registration[]): void {
    for (const registration of registrations) this.#reset(local, keyOf(registration));
  }

  /** An account is gone. */
  forget(local: string): void {
    for (const key of [...this.#accounts.get(local)?.keys() ?? []]) this.#reset(local, key);
  }

  #reset(local: string, key: string): void {
    if (this.#unread.get(local, key) !== undefined) this.#unread.set(local, key, undefined);
    const line = this.#accounts.get(local)?.get(key);
    line?.reset();
    if (line?.resting === false) this.#remove(line);
  }

  #stop(): void {
    const { keepers } = this.#held;
    keepers.splice(keepers.indexOf(this), 1);
    if (keepers.length > 0) return;
    for (const lines of this.#accounts.values()) {
      for (const line of lines.values()) this.host.wheel.disarm(line);
    }
    this.#accounts.clear();
  }

  #line(local: string, key: string): Line {
    let lines = this.#accounts.get(local);
    if (lines === undefined) this.#accounts.set(local, lines = new Map());
    let line = lines.get(key);
    if (line === undefined) {
      const messages = this.#unread.get(local, key) ?? 0;
      const { keepers } = this.#held;
      lines.set(key, line = new Line(local, key, messages, (rested) => keepers[0]?.rested(rested)));
    }
    return line;
  }

  /** For a line that may send again. */
  rested(line: Line): void {
    const { next } = line;
    line.next = undefined;
    const registration = this.registrations.find(line.local, line.key);
    if (next !== undefined && registration !== undefined) this.#send(line, registration, next);
    else if (registration === undefined || line.messages === 0) this.#remove(line);
  }

  #remove({ local, key }: Line): void {
    const lines = this.#accounts.get(local);
    lines?.delete(key);
    if (lines?.size === 0) this.#accounts.delete(local);
  }

  #send(line: Line, registration: Registration, cause: Cause): void {
    line.resting = true;
    line.called ||= cause.type === "call";
    this.host.wheel.arm(line, this.options.interval);
    if (line.messages > 0) this.#unread.set(line.local, line.key, line.messages);
    const notice: Notice = { cause, messages: line.messages, ...this.facts(line.local) };
    this.host.spawn(async (signal) => {
      const request = await publishing(registration, notice, this.host.jid);
      if (signal.aborted) return;
      const stopped = new Promise<undefined>((resolve) =>
        signal.addEventListener("abort", () => resolve(undefined), { once: true })
      );
      try {
        await Promise.race([this.host.request(request, this.options.timeout), stopped]);
        if (signal.aborted) return;
        line.failures = 0;
        this.#count("sent");
      } catch (error) {
        if (!(error instanceof StanzaError)) throw error;
        this.#count("failed");
        this.#failed(line, registration, error);
      }
    });
  }

  #count(result: "sent" | "failed"): void {
    this.host.metrics
      .counter("metronome_pushes", "Notifications for push services (XEP-0357).", ["host", "result"])
      .of(this.host.domain, result).add();
  }

  #failed(line: Line, { jid, since }: Registration, { condition, type }: StanzaError): void {
    const { local, key } = line;
    const passing = type === "wait" || condition === "remote-server-not-found";
    if (passing && ++line.failures < PATIENCE) return;
    // It may have been enabled anew in the meantime.
    if (this.registrations.find(local, key)?.since !== since) return;
    this.host.log.info("push disabled", { account: local, service: jid, condition });
    this.registrations.drop(local, key);
    this.#reset(local, key);
  }
}
