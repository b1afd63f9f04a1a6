/** Lists of domains, as the configuration has them. */
import { Jid } from "#plugin";

/** Domains and their subdomains ("*.example.org"), as lists of the configuration name them. */
export class Domains {
  readonly #exact = new Set<string>();
  readonly #below: string[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) {
      if (name === "*") this.#below.push("");
      else if (name.startsWith("*.")) this.#below.push(`.${canonical(name.slice(2))}`);
      else this.#exact.add(canonical(name));
    }
  }

  get empty(): boolean {
    return this.#exact.size === 0 && this.#below.length === 0;
  }

  has(domain: string): boolean {
    if (this.#exact.has(domain)) return true;
    for (const end of this.#below) if (domain.endsWith(end)) return true;
    return false;
  }
}

/** Throws where it is no domain. */
function canonical(name: string): string {
  return Jid.of("", name).domain;
}

/** Whether a list may name this. */
export function isPattern(text: string): boolean {
  if (text === "*") return true;
  try {
    canonical(text.startsWith("*.") ? text.slice(2) : text);
    return true;
  } catch {
    return false;
  }
}
