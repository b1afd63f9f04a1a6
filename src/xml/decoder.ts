/**
 * Bytes to text, strictly: RFC 6120 §11.6 allows UTF-8 only. One decoder serves every connection, because what a chunk
 * leaves unfinished (at most three bytes of one character) is carried over by the reader.
 */

// ignoreBOM keeps U+FEFF in the output: only the reader knows whether it stands at the start of a stream.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of the first `length` bytes; undefined when they are not UTF-8. */
export function decode(bytes: Uint8Array, length: number): string | undefined {
  try {
    return UTF8.decode(length < bytes.length ? bytes.subarray(0, length) : bytes);
  } catch {
    return undefined;
  }
}

/** What was left over, with what came after it. */
export function joined(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + rest.length);
  all.set(head);
  all.set(rest, head.length);
  return all;
}

/** How many bytes remain when an unfinished character at the end is left out. */
export function wholeLength(bytes: Uint8Array): number {
  const length = bytes.length;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back]!;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) {
      const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return back < needed ? length - back : length;
    }
  }
  return length;
}

/** The longest valid beginning, by halving: only a stream that is about to end pays for this. */
export function validLength(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const part = bytes.subarray(0, middle);
    if (decode(part, wholeLength(part)) !== undefined) good = middle;
    else bad = middle;
  }
  return wholeLength(bytes.subarray(0, good));
}
