/** Connections that are being made: so many at a time, and nobody keeps others out by trying for long. */
import { StanzaError } from "../stanza/error.ts";

/** More would be more than there are sockets. */
const MOST = 1000;
/** With so many, how long each of them may take for certain. */
const FAIR_MS = 5_000;

const GAVE_WAY = new StanzaError("remote-server-timeout", "no connection yet, and others wait to be made");

export class Attempts {
  /** Since when; the oldest first. */
  readonly #since = new Map<AbortController, number>();

  /** Whether there may be one more; the oldest gives way to it where that has had its time. */
  hasRoom(now: number): boolean {
    if (this.#since.size < MOST) return true;
    for (const [oldest, since] of this.#since) {
      if (now - since < FAIR_MS) return false;
      this.#since.delete(oldest);
      oldest.abort(GAVE_WAY);
      return true;
    }
    return true;
  }

  begin(now: number): AbortController {
    const attempt = new AbortController();
    this.#since.set(attempt, now);
    return attempt;
  }

  over(attempt: AbortController): void {
    this.#since.delete(attempt);
  }
}
