/**
 * Values by domain, for the lists of domains that an administrator writes: `example.org` is that one,
 * `*.example.org` is everything below it but not itself, and `*` is every domain.
 */
import { Jid } from "./jid.ts";

/** Values by domain or pattern, each in the spelling that `readDomainPattern` gives. */
export class DomainMap<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows `*.`; by nothing for `*`. */
  readonly #below = new Map<string, T>();

  get size(): number {
    return this.#exact.size + this.#below.size;
  }

  set(pattern: string, value: T): void {
    const parent = parentOf(pattern);
    if (parent === undefined) this.#exact.set(pattern, value);
    else this.#below.set(parent, value);
  }

  delete(pattern: string): boolean {
    const parent = parentOf(pattern);
    return parent === undefined ? this.#exact.delete(pattern) : this.#below.delete(parent);
  }

  /** The value of this very pattern. */
  at(pattern: string): T | undefined {
    const parent = parentOf(pattern);
    return parent === undefined ? this.#exact.get(pattern) : this.#below.get(parent);
  }

  /** The value that a domain falls under: its own, or that of the nearest pattern. */
  find(domain: string): T | undefined {
    const own = this.#exact.get(domain);
    if (own !== undefined || this.#below.size === 0) return own;
    for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
      const found = this.#below.get(domain.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return this.#below.get("");
  }

  /** Whether a domain falls under anything here. */
  covers(domain: string): boolean {
    return this.find(domain) !== undefined;
  }

  /** Values in the order in which they were set, whole domains first. */
  *values(): IterableIterator<T> {
    yield* this.#exact.values();
    yield* this.#below.values();
  }
}

/** What a pattern stands above; undefined where it is a whole domain. */
function parentOf(pattern: string): string | undefined {
  if (pattern === "*") return "";
  return pattern.startsWith("*.") ? pattern.slice(2) : undefined;
}

/**
 * A domain, or all below one, in the one spelling in which they are compared; undefined where the text is neither.
 * `*` is neither: only some lists may name every domain, and say so themselves.
 */
export function readDomainPattern(text: string): string | undefined {
  const wild = text.startsWith("*.");
  const jid = Jid.tryParse(wild ? text.slice(2) : text);
  if (jid === undefined || jid.local !== "" || jid.resource !== "") return undefined;
  return wild ? `*.${jid.domain}` : jid.domain;
}

/** A list of the configuration, which has been checked, to look domains up in. */
export function domainsOf(texts: readonly string[]): DomainMap<true> {
  const map = new DomainMap<true>();
  for (const text of texts) {
    const pattern = text === "*" ? text : readDomainPattern(text);
    if (pattern !== undefined) map.set(pattern, true);
  }
  return map;
}
