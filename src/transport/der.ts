/**
 * As much DER (X.690) as reading certificates needs: elements with definite lengths and low tag numbers. Everything
 * that does not fit throws a RangeError; nothing is read beyond the bytes given.
 */

/** One element: its tag byte and where its contents are. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The element at `at`, which must end at or before `limit`. */
export function derElement(bytes: Uint8Array, at: number, limit: number): DerElement {
  const tag = byteAt(bytes, at, limit);
  if ((tag & 0x1f) === 0x1f) throw new RangeError("DER: tag numbers above 30 are not supported");
  let length = byteAt(bytes, at + 1, limit);
  let start = at + 2;
  if ((length & 0x80) !== 0) {
    const count = length & 0x7f;
    if (count === 0 || count > 3) throw new RangeError("DER: length is indefinite or too long");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + byteAt(bytes, start++, limit);
  }
  if (start + length > limit) throw new RangeError("DER: element reaches beyond its container");
  return { tag, start, end: start + length };
}

/** The elements within a constructed element. */
export function derChildren(bytes: Uint8Array, parent: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let at = parent.start; at < parent.end;) {
    const child = derElement(bytes, at, parent.end);
    children.push(child);
    at = child.end;
  }
  return children;
}

/** Whether an element is the object identifier with these contents. */
export function isOid(bytes: Uint8Array, element: DerElement | undefined, oid: readonly number[]): boolean {
  if (element === undefined || element.tag !== 0x06 || element.end - element.start !== oid.length) {
    return false;
  }
  return oid.every((value, index) => bytes[element.start + index] === value);
}

function byteAt(bytes: Uint8Array, at: number, limit: number): number {
  const value = at < limit ? bytes[at] : undefined;
  if (value === undefined) throw new RangeError("DER: ends too early");
  return value;
}
