/**
 * Which pages may use what is served here (Fetch §3.2): all, without anything that a browser keeps, or one of a list, which is
 * named back (more than one in the header is none to a browser).
 */
import type { Connection } from "#plugin";

const LONGEST = "86400";

export class Cors {
  readonly #all: boolean;

  constructor(private readonly origins: readonly string[], private readonly methods: string) {
    this.#all = origins.includes("*");
  }

  /** Whether a page of this origin may; programs that are no browser send none. */
  allows(origin: string | undefined, connection: Connection | undefined): boolean {
    return origin === undefined || this.#all || this.origins.includes(origin) ||
      origin === connection?.origin;
  }

  /** The headers of an answer. */
  headers(origin: string | undefined): Record<string, string> {
    if (this.#all) return { "access-control-allow-origin": "*" };
    const allowed: Record<string, string> = origin !== undefined && this.origins.includes(origin)
      ? { "access-control-allow-origin": origin }
      : {};
    return { vary: "Origin", ...allowed };
  }

  /** Those of the answer to the question beforehand. */
  preflight(origin: string | undefined): Record<string, string> {
    return {
      ...this.headers(origin),
      "access-control-allow-methods": this.methods,
      "access-control-allow-headers": "Content-Type",
      "access-control-max-age": LONGEST,
    };
  }
}
