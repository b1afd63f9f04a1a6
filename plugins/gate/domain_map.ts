/** Values by domain, where `*.example.org` stands for everything below example.org, but not for that itself. */
import { Jid, z } from "#plugin";

export class DomainMap<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows `*.`. */
  readonly #below = new Map<string, T>();

  get size(): number {
    return this.#exact.size + this.#below.size;
  }

  set(pattern: string, value: T): void {
    if (pattern.startsWith("*.")) this.#below.set(pattern.slice(2), value);
    else this.#exact.set(pattern, value);
  }

  delete(pattern: string): boolean {
    return pattern.startsWith("*.") ? this.#below.delete(pattern.slice(2)) : this.#exact.delete(pattern);
  }

  /** The value of this very pattern. */
  at(pattern: string): T | undefined {
    return pattern.startsWith("*.") ? this.#below.get(pattern.slice(2)) : this.#exact.get(pattern);
  }

  /** The value that a domain falls under: its own, or that of the nearest pattern. */
  find(domain: string): T | undefined {
    const own = this.#exact.get(domain);
    if (own !== undefined || this.#below.size === 0) return own;
    for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
      const found = this.#below.get(domain.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Values in the order in which they were set, whole domains first. */
  *values(): IterableIterator<T> {
    yield* this.#exact.values();
    yield* this.#below.values();
  }
}

/** A domain or a pattern in the one spelling in which they are compared; undefined where it is neither. */
export function readPattern(text: string): string | undefined {
  const wild = text.startsWith("*.");
  const jid = Jid.tryParse(wild ? text.slice(2) : text);
  if (jid === undefined || jid.local !== "" || jid.resource !== "") return undefined;
  return wild ? `*.${jid.domain}` : jid.domain;
}

/** A domain or a pattern in the options. */
export const pattern = z.string().refine((text) => readPattern(text) !== undefined, {
  error: 'expected a domain such as "example.org", or "*.example.org" for all below it',
});

/** A list of the options, looked up. */
export function patternSet(texts: readonly string[]): DomainMap<string> {
  const map = new DomainMap<string>();
  for (const text of texts) {
    const read = readPattern(text);
    if (read !== undefined) map.set(read, read);
  }
  return map;
}
