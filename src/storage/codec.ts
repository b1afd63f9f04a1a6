/**
 * How a value becomes JSON and comes back checked. What is read from disk is data from outside: it may be older than
 * the code or damaged, so a store whose type matters gives a codec that throws on anything unexpected.
 */

/** Both directions; `stored` is a JSON value. `decode` throws when it is not what it should be. */
export interface Codec<T> {
  encode(value: T): unknown;
  decode(stored: unknown): T;
}

/** JSON as it is, trusted to have the type that was written. The default of every store. */
export function json<T>(): Codec<T> {
  return { encode: (value) => value, decode: (stored) => stored as T };
}

/** JSON that is checked when read: `checked(schema.parse)` with zod, or any function that throws. */
export function checked<T>(parse: (stored: unknown) => T): Codec<T> {
  return { encode: (value) => value, decode: (stored) => parse(stored) };
}
