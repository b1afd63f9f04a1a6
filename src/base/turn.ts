/** Turns of the event loop: how long work is cut into slices, so that everything else gets its share in between. */

/** Resolves in the next turn, when everything that belongs to this one has been done. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Resolves after so many milliseconds of real time: what is put off for a moment, so that it can be done together. */
export function shortly(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/**
 * Resolves after input that is waiting. A turn does not do for that: as long as there is something to do the runtime looks
 * for input once in dozens of turns only (Deno 2.9.6; its scheduler polls when it would sleep, and else every 61 polls), so that
 * work in slices holds up everybody whom it means to spare. Costs a millisecond in which others work: for what goes out to many.
 */
export function stepAside(): Promise<void> {
  return shortly(0);
}
