/** As much DER (X.690) as writing a certificate needs: every function returns one whole element. */
import { concat } from "../base/bytes.ts";

/** Any element: its tag, then its contents one after the other. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = concat(...contents);
  return concat(Uint8Array.of(tag), lengthOf(body.length), body);
}

export function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...contents);
}

/** An element within `[number]`, as the EXPLICIT fields have it. */
export function explicit(number: number, content: Uint8Array): Uint8Array {
  return der(0xa0 | number, content);
}

/** A non-negative integer, most significant byte first. */
export function integer(bytes: Uint8Array): Uint8Array {
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes);
}

/** "1.2.840.10045.4.3.2" */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Uint8Array.from(bytes));
}

/** UTF8String or, with another tag, any text that is written as it is. */
export function text(value: string, tag = 0x0c): Uint8Array {
  return der(tag, new TextEncoder().encode(value));
}

/** A moment: UTCTime until 2049, then GeneralizedTime (RFC 5280 §4.1.2.5). */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/\.\d+Z$/, "").replace(/\D/g, "");
  return Number(digits.slice(0, 4)) < 2050 ? text(`${digits.slice(2)}Z`, 0x17) : text(`${digits}Z`, 0x18);
}

export function bitString(bytes: Uint8Array, unused = 0): Uint8Array {
  return der(0x03, Uint8Array.of(unused), bytes);
}

export const TRUE: Uint8Array = Uint8Array.of(0x01, 0x01, 0xff);

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >> 8, length & 0xff);
}
