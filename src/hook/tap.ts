/**
 * Taps: places where a stream's own life can be watched or steered, beside the points that routed stanzas pass. A tap has
 * one kind of handler, and its type says what that may answer and whether it may wait.
 */

export interface Tap<X, R = undefined> {
  readonly label: string;
  readonly of?: (x: X) => R;
}

/** Makes a tap; its owner exports it. */
export function defineTap<X, R = undefined>(label: string): Tap<X, R> {
  return Object.freeze({ label });
}

/** A handler at a tap. */
export type TapHandler<X, R> = (x: Readonly<X>) => R;
