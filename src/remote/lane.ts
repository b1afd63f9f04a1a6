/**
 * What one host of ours has to say to one domain elsewhere: a stream that it is said on, or what waits for one. Both numbers
 * of what may wait are the host's; what is too much is bounced, and nobody else waits for it.
 */
import type { LocalDomain, PeerStream } from "../session/federation.ts";
import { StanzaError } from "../stanza/error.ts";
import { Stanza } from "../stanza/stanza.ts";
import type { Written } from "../stanza/written.ts";

/** What a stanza takes up beside its text. */
const OVERHEAD = 200;

export class Lane {
  /** What leads there now. */
  stream: PeerStream | undefined;
  /** A connection is being made; aborted when nobody waits for it any more. */
  attempt: AbortController | undefined;
  #queue: Written[] = [];
  #size = 0;

  constructor(public local: LocalDomain, readonly remote: string) {}

  /** Stanzas that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Keeps a stanza until there is a stream; false where too much waits already. */
  keep(stanza: Stanza): boolean {
    const { waitingStanzas, waitingSize } = this.local.policy;
    const written = stanza.written();
    const size = written.length + OVERHEAD;
    if (this.#queue.length >= waitingStanzas || this.#size + size > waitingSize) return false;
    this.#size += size;
    this.#queue.push(written);
    return true;
  }

  /** There is a way: what waited goes first, in its order. */
  attach(stream: PeerStream): void {
    this.stream = stream;
    for (const stanza of this.#take()) stream.write(stanza);
  }

  /** There is none: what waited is answered. */
  bounce(failure: StanzaError): void {
    for (const stanza of this.#take()) bounce(this.local, stanza, failure);
  }

  /** It shall lead nowhere any more, not even where a connection is being made. */
  giveUp(failure: StanzaError): void {
    this.attempt?.abort(failure);
    this.bounce(failure);
  }

  /** Whether nothing would be missed if it were forgotten. */
  get isIdle(): boolean {
    return this.stream === undefined && this.attempt === undefined && this.#queue.length === 0;
  }

  #take(): Stanza[] {
    const queue = this.#queue;
    this.#queue = [];
    this.#size = 0;
    return queue.map(Stanza.again);
  }
}

/** Answers a stanza that cannot leave. Where nobody asked for anything, and for errors and results, nobody is told. */
export function bounce(local: LocalDomain, stanza: Stanza, failure: StanzaError): void {
  const { kind, type } = stanza;
  const told = kind !== "presence" || (type !== "unavailable" && type !== "probe");
  if (told) local.refuse(stanza, failure);
}

/** More waits for a domain than may. */
export function tooMuch(remote: string): StanzaError {
  return new StanzaError("resource-constraint", `too much waits for ${remote} already`);
}
