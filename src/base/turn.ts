/** Turns of the event loop: how long work is cut into slices, so that everything else gets its share in between. */

/** Resolves in the next turn, after input and output that is waiting. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
