/**
 * What is special about a piece of input, found once for all of it: most pieces hold no reference, no control character
 * and no "]", and then neither values nor texts in them need a look at every character.
 */

/** More than ASCII: characters and bytes are not the same number. */
export const WIDE = 1;
/** Something in it must be replaced or refused, perhaps: texts and values must be looked at. */
export const ODD = 2;

/** The traits of `piece`, which is what the first `length` of `bytes` decode to. */
export function traitsOf(piece: string, bytes: Uint8Array, length: number): number {
  // Only ASCII has as many characters as bytes.
  const wide = piece.length !== length;
  const odd = hasControls(bytes, length) || piece.indexOf("&") >= 0 || piece.indexOf("]") >= 0 ||
    (wide && (piece.indexOf("\ufffe") >= 0 || piece.indexOf("\uffff") >= 0));
  return (wide ? WIDE : 0) | (odd ? ODD : 0);
}

/** Anything below a space, white space too: it is rare inside stanzas. Four at a time, which is a third faster. */
function hasControls(bytes: Uint8Array, length: number): boolean {
  let below = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    below |= (bytes[i]! - 32) | (bytes[i + 1]! - 32) | (bytes[i + 2]! - 32) | (bytes[i + 3]! - 32);
  }
  for (; i < length; i++) below |= bytes[i]! - 32;
  return below < 0;
}
