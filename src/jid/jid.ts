/**
 * An XMPP address (RFC 7622): `local@domain/resource`, each part in its canonical form, immutable and small.
 *
 * Two texts that mean the same address give Jids whose toString() is the same text, so addresses are compared
 * and used as keys by that text. `Jid.parse` remembers what it parsed lately in a bounded cache: the same
 * text again is one Map lookup. No string that a Jid or the cache keeps is a slice of the text it came from.
 */

import { JidCache } from "./cache.ts";
import { prepareDomain } from "./domain.ts";
import { JidError, quoted } from "./error.ts";
import { prepareLocal } from "./local.ts";
import { prepareResource } from "./resource.ts";

// Texts longer than this are parsed each time, so that hostile addresses cannot fill the cache with
// megabytes.
const LONGEST_CACHED = 255;
const CACHED = 8192;

/** An address. Make one with `parse`, `tryParse` or `of`. */
export class Jid {
  // Shared by all servers of a process, as it may be: it only remembers what each text means, and forgets by itself.
  static readonly #cache = new JidCache<Jid>(CACHED);

  /** The part before `@`, "" when there is none. */
  readonly local: string;
  readonly domain: string;
  /** The part after `/`, "" when there is none. */
  readonly resource: string;
  readonly #text: string;
  #bare: Jid | undefined;

  private constructor(local: string, domain: string, resource: string) {
    const at = local === "" ? 0 : local.length + 1;
    const end = at + domain.length;
    const text = copied((at === 0 ? "" : local + "@") + domain + (resource === "" ? "" : "/" + resource));
    this.#text = text;
    // Parts are cut from the canonical text, which is kept anyway, and not from what was parsed.
    this.local = at === 0 ? "" : text.slice(0, at - 1);
    this.domain = at === 0 && resource === "" ? text : text.slice(at, end);
    this.resource = resource === "" ? "" : text.slice(end + 1);
    this.#bare = undefined;
  }

  /** The address a text means; throws a JidError that says what is wrong with it. */
  static parse(text: string): Jid {
    const known = Jid.#cache.get(text);
    return known !== undefined ? known : Jid.#read(text);
  }

  /** The address a text means, or undefined when it is none. */
  static tryParse(text: string): Jid | undefined {
    const known = Jid.#cache.get(text);
    if (known !== undefined) return known;
    try {
      return Jid.#read(text);
    } catch (error) {
      if (error instanceof JidError) return undefined;
      throw error;
    }
  }

  /** An address from its parts, each of which is prepared; "" for no local part or no resource. */
  static of(local: string, domain: string, resource = ""): Jid {
    return Jid.#made(
      local === "" ? "" : prepareLocal(local),
      prepareDomain(domain),
      resource === "" ? "" : prepareResource(resource),
    );
  }

  // RFC 7622 §3.1: the resource begins after the first "/"; the local part ends before the first "@" of what
  // is left.
  static #read(text: string): Jid {
    if (text === "") throw new JidError('the JID is empty: it needs at least a domain, as in "example.org"');
    const slash = text.indexOf("/");
    const end = slash < 0 ? text.length : slash;
    const at = text.indexOf("@");
    const hasLocal = at >= 0 && at < end;
    if (hasLocal && at === 0) {
      throw new JidError(`${quoted(text)} has nothing before "@": leave the "@" out, or name an account`);
    }
    const from = hasLocal ? at + 1 : 0;
    if (from === end) {
      throw new JidError(`${quoted(text)} has no domain ${hasLocal ? 'after "@"' : 'before "/"'}`);
    }
    if (slash === text.length - 1) {
      throw new JidError(`${quoted(text)} has nothing after "/": leave the "/" out, or name a resource`);
    }
    const jid = Jid.#made(
      hasLocal ? prepareLocal(text.slice(0, at)) : "",
      prepareDomain(text.slice(from, end)),
      slash < 0 ? "" : prepareResource(text.slice(slash + 1)),
    );
    if (text !== jid.#text && text.length <= LONGEST_CACHED) Jid.#cache.set(copied(text), jid);
    return jid;
  }

  // The parts are canonical here. One object serves all texts with the same meaning for as long as the cache
  // knows it.
  static #made(local: string, domain: string, resource: string): Jid {
    const jid = new Jid(local, domain, resource);
    const known = Jid.#cache.get(jid.#text);
    if (known !== undefined) return known;
    if (jid.#text.length <= LONGEST_CACHED) Jid.#cache.set(jid.#text, jid);
    return jid;
  }

  /** The address without its resource: itself when it has none. */
  get bare(): Jid {
    if (this.resource === "") return this;
    return this.#bare ??= Jid.#made(this.local, this.domain, "");
  }

  /** Whether there is no resource. */
  isBare(): boolean {
    return this.resource === "";
  }

  /** Whether there is a resource. */
  isFull(): boolean {
    return this.resource !== "";
  }

  /** Whether both are the same address. */
  equals(other: Jid | undefined): boolean {
    return other === this || (other !== undefined && other.#text === this.#text);
  }

  /**
   * The same account or host with another resource ("" for none); throws a JidError when the resource is not
   * valid.
   */
  withResource(resource: string): Jid {
    if (resource === "") return this.bare;
    return Jid.#made(this.local, this.domain, prepareResource(resource));
  }

  /** The canonical text. */
  toString(): string {
    return this.#text;
  }

  /** The canonical text, so that a Jid inside a JSON value is written as one. */
  toJSON(): string {
    return this.#text;
  }
}

/**
 * The same characters in memory of their own. V8 keeps a slice of 13 characters or more as a pointer into the
 * string it was cut from, a whole network chunk here; cutting it from a joined string one longer makes V8
 * copy it first.
 */
function copied(text: string): string {
  return text.length < 13 ? text : (" " + text).slice(1);
}
