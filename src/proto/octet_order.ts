/**
 * The collation `i;octet` (RFC 4790 §9.3): texts in the order of their UTF-8 bytes, which is that of their
 * code points.
 */

/** Compares two texts for sorting. */
export function octetOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return weight(left) - weight(right);
  }
  return a.length - b.length;
}

// UTF-16 puts the surrogates, which stand for the code points above U+FFFF, before U+E000.
function weight(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
