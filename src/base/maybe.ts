/**
 * `Maybe<T>`: a value that is there already, or a promise of it. Code on a stanza's way looks at what it got and
 * goes on at once when nothing waits, so that the common case makes no promise and runs no microtask.
 */

/** A value, or a promise of it. */
export type Maybe<T> = T | Promise<T>;

/** Whether `value` has to be waited for. */
export function isPromise<T>(value: Maybe<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** Applies `fn` to the value: now when it is there, else when it has come. An error of `fn` is thrown or rejects alike. */
export function then<T, R>(value: Maybe<T>, fn: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(fn) : fn(value);
}
