/**
 * What one person did to their account, as they know it: what the server has acknowledged, and the one thing that it had
 * not when the connection went. Only the result of an iq acknowledges (docs/architecture.md, "acknowledged").
 */

/** A value that was acknowledged, or may be there because it was on its way. undefined: there is none. */
export type Value = string | undefined;

export class Ledger {
  readonly #acknowledged = new Map<string, Value>();
  #onItsWay: { readonly what: string; readonly value: Value } | undefined;
  /** Bodies of messages that must arrive, in their order, and all that ever were sent. */
  readonly messages: string[] = [];
  readonly sent = new Set<string>();
  /** How often the server said yes. */
  acknowledgements = 0;

  /** Does something that leaves `value` at `what`, and notes whether the server said yes. */
  async change(what: string, value: Value, act: () => Promise<unknown>): Promise<void> {
    this.#onItsWay = { what, value };
    await act();
    this.#acknowledged.set(what, value);
    this.#onItsWay = undefined;
    this.acknowledgements++;
  }

  /** What there may be after a crash: the acknowledged value, and that on its way. */
  possible(what: string): Value[] {
    const known = [this.#acknowledged.get(what)];
    return this.#onItsWay?.what === what ? [...known, this.#onItsWay.value] : known;
  }

  /** Everything whose name begins so. */
  named(prefix: string): string[] {
    const names = new Set(this.#acknowledged.keys());
    if (this.#onItsWay !== undefined) names.add(this.#onItsWay.what);
    return [...names].filter((what) => what.startsWith(prefix));
  }

  /** It is of no interest any more. */
  forget(what: string): void {
    this.#acknowledged.delete(what);
    if (this.#onItsWay?.what === what) this.#onItsWay = undefined;
  }

  /** Takes what was found as the truth from now on; throws where it cannot be. */
  settle(what: string, found: Value): void {
    const possible = this.possible(what);
    if (!possible.includes(found)) {
      throw new Error(`${what}: ${say(found)} is there, but ${possible.map(say).join(" or ")} should be`);
    }
    this.#acknowledged.set(what, found);
    if (this.#onItsWay?.what === what) this.#onItsWay = undefined;
  }
}

function say(value: Value): string {
  return value === undefined ? "nothing" : `"${value}"`;
}
