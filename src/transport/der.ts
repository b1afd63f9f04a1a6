/**
 * As much DER (X.690) as reading certificates needs: elements with definite lengths, in the shortest form, and low tag
 * numbers. Everything that does not fit throws a RangeError; nothing is read beyond the bytes given.
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
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) {
      throw new RangeError("DER: length is not in its shortest form");
    }
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

/** The one element that the bytes are; throws where something follows it, or where it has another tag. */
export function derWhole(bytes: Uint8Array, tag: number): DerElement {
  const element = derElement(bytes, 0, bytes.length);
  if (element.end !== bytes.length) throw new RangeError("DER: something follows the element");
  return tagged(element, tag);
}

/** The element, where it is there and has the tag; throws otherwise. */
export function tagged(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new RangeError(`DER: expected an element with the tag ${tag}`);
  return element;
}

/** An object identifier in dotted form: "2.5.29.17". */
export function oidText(bytes: Uint8Array, element: DerElement | undefined): string {
  const { start, end } = tagged(element, 0x06);
  const arcs: number[] = [];
  let arc = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new RangeError("DER: an object identifier is too long");
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first] = arcs;
  if (first === undefined || (bytes[end - 1]! & 0x80) !== 0) {
    throw new RangeError("DER: an object identifier is incomplete");
  }
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...arcs.slice(1)].join(".");
}

/** The bytes of a BIT STRING that has no unused bits, as those of keys and signatures. */
export function wholeBits(bytes: Uint8Array, element: DerElement | undefined): Uint8Array {
  const { start, end } = tagged(element, 0x03);
  if (end === start || bytes[start] !== 0) throw new RangeError("DER: a bit string has unused bits");
  return bytes.subarray(start + 1, end);
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
