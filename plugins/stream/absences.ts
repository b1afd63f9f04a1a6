/**
 * Which of a session's unacknowledged stanzas another session of the account was not there for. Stanzas are known by their
 * place in the queue, whose beginning moves on. Whoever is not named here has been there, or has not been, all the time.
 */
import type { ClientSession } from "#plugin";

/** Spans of one session; with more they become one, and it gets something twice rather than never. */
const MOST = 16;

interface Span {
  from: number;
  /** Infinity while it lasts. */
  to: number;
}

export class Absences {
  #spans: Map<ClientSession, Span[]> | undefined;

  /** A session is there from now on; `length` is that of the queue. */
  came(session: ClientSession, length: number): void {
    if (length === 0) return;
    const spans = this.#of(session);
    const last = spans.at(-1);
    if (last?.to === Infinity) last.to = length;
    else spans.push({ from: 0, to: length });
    if (spans.length > MOST) spans.splice(0, spans.length, { from: spans[0]!.from, to: length });
  }

  went(session: ClientSession, length: number): void {
    if (length === 0) return;
    const spans = this.#of(session);
    if (spans.at(-1)?.to !== Infinity) spans.push({ from: length, to: Infinity });
  }

  /** Whether a session was there when the stanza at a place was sent; `now`: whether it is there. */
  had(session: ClientSession, place: number, now: boolean): boolean {
    const spans = this.#spans?.get(session);
    return spans === undefined ? now : !spans.some(({ from, to }) => place >= from && place < to);
  }

  /** The first of the queue are gone. */
  forget(count: number): void {
    if (this.#spans === undefined) return;
    for (const [session, spans] of this.#spans) {
      for (const span of spans) {
        span.from = Math.max(0, span.from - count);
        span.to = Math.max(0, span.to - count);
      }
      const left = spans.filter(({ to }) => to > 0);
      if (left.length === 0 || !session.isBound) this.#spans.delete(session);
      else this.#spans.set(session, left);
    }
  }

  clear(): void {
    this.#spans = undefined;
  }

  #of(session: ClientSession): Span[] {
    this.#spans ??= new Map();
    let spans = this.#spans.get(session);
    if (spans === undefined) this.#spans.set(session, spans = []);
    return spans;
  }
}
