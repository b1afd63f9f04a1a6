/** A value that must not be printed: every usual way of turning it into text gives `[redacted]`. */

/** What a secret looks like wherever it is shown. */
export const REDACTED = "[redacted]";

/** Holds a password, token or key from the configuration. Only `reveal()` gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself; call it where it is used, and keep the result nowhere. */
  reveal(): string {
    return this.#value;
  }

  /** Whether both hold the same. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
