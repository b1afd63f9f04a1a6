/**
 * Tables for exact matches: iq requests by (type, namespace, name, target) and nonzas by (namespace, name). Map in Map,
 * so that a look-up makes no key. A second registration for the same thing is an error when the host is fitted.
 */
import type { Maybe } from "../base/maybe.ts";
import type { Element } from "../xml/element.ts";

/**
 * Whom a request is for. "own" is the sender's own account (bare address or none), "account" any account of the host,
 * "host" the domain itself.
 */
export type IqTarget = "host" | "account" | "own";
export type IqType = "get" | "set";

interface Entry<F> {
  readonly owner: string;
  readonly fn: F;
}

class NameTable<F> {
  readonly #spaces = new Map<string, Map<string, Entry<F>>>();

  add(owner: string, ns: string, name: string, fn: F, what: string): void {
    let names = this.#spaces.get(ns);
    if (names === undefined) this.#spaces.set(ns, names = new Map());
    const first = names.get(name);
    if (first !== undefined) {
      throw new Error(`${owner}: ${what} {${ns}}${name} is already answered by ${first.owner}`);
    }
    names.set(name, { owner, fn });
  }

  find(ns: string, name: string): Entry<F> | undefined {
    return this.#spaces.get(ns)?.get(name);
  }

  *entries(): IterableIterator<{ ns: string; name: string; owner: string }> {
    for (const [ns, names] of this.#spaces) for (const [name, { owner }] of names) yield { ns, name, owner };
  }
}

/** The iq requests that somebody answers. */
export class IqHandlers<F> {
  readonly #tables: Record<IqType, Record<IqTarget, NameTable<F>>> = {
    get: { host: new NameTable(), account: new NameTable(), own: new NameTable() },
    set: { host: new NameTable(), account: new NameTable(), own: new NameTable() },
  };

  add(owner: string, type: IqType, ns: string, name: string, to: IqTarget, fn: F): void {
    this.#tables[type][to].add(owner, ns, name, fn, `iq ${type} to ${to}`);
  }

  /** The handler for a request; `own` says that the sender is the account addressed. */
  find(type: IqType, ns: string, name: string, to: "host" | "account", own: boolean): Entry<F> | undefined {
    const tables = this.#tables[type];
    return (own ? tables.own.find(ns, name) : undefined) ?? tables[to].find(ns, name);
  }

  *entries(): IterableIterator<{ type: IqType; to: IqTarget; ns: string; name: string; owner: string }> {
    for (const type of ["get", "set"] as const) {
      for (const to of ["host", "account", "own"] as const) {
        for (const entry of this.#tables[type][to].entries()) yield { type, to, ...entry };
      }
    }
  }
}

/** Elements of a stream that are not stanzas. */
export class NonzaHandlers<S> {
  readonly #table = new NameTable<(session: S, element: Element) => Maybe<undefined>>();

  add(owner: string, ns: string, name: string, fn: (session: S, element: Element) => Maybe<undefined>): void {
    this.#table.add(owner, ns, name, fn, "the nonza");
  }

  find(ns: string, name: string) {
    return this.#table.find(ns, name);
  }
}
