/**
 * Sets of code points as sorted ranges, read from the packed text of tables.ts and searched by halving.
 */

/** Starts and ends, in turn, in rising order. */
export type Ranges = Uint32Array;

/** The ranges that a packed table stands for. */
export function unpacked(table: string): Ranges {
  const words = table.split(" ");
  const ranges = new Uint32Array(words.length);
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    at += parseInt(words[i] ?? "", 36);
    ranges[i] = at;
  }
  return ranges;
}

/** Whether a code point lies in one of the ranges. */
export function within(ranges: Ranges, code: number): boolean {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (code > (ranges[middle * 2 + 1] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length >> 1 && code >= (ranges[low * 2] ?? 0);
}
