/** Wrong passwords of late: nobody finds the one of a room by trying (XEP-0045 §7.2.6). */
import { Lru } from "#plugin";

/** What may be wrong in so many milliseconds. */
const MOST = 10;
const WINDOW = 60_000;
/** Of how many this is known; the longest ago is forgotten. */
const KNOWN = 5000;

export class Guesses {
  readonly #wrong = new Lru<string, { readonly since: number; readonly count: number }>(KNOWN);

  /** Whether somebody has to wait before trying again. */
  tooMany(who: string, now: number): boolean {
    const known = this.#wrong.get(who);
    return known !== undefined && known.count >= MOST && now - known.since < WINDOW;
  }

  wrong(who: string, now: number): void {
    const known = this.#wrong.get(who);
    const goesOn = known !== undefined && now - known.since < WINDOW;
    this.#wrong.set(who, goesOn ? { since: known.since, count: known.count + 1 } : { since: now, count: 1 });
  }
}
