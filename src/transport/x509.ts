/**
 * A certificate as data (RFC 5280 §4.1), read by ourselves: what decides about trust is taken from exactly the bytes that
 * are signed, and what is not plain DER of a version 3 certificate is refused. The latter is a matter of safety: for
 * certificates that the runtime cannot read (version 1 among them) its TLS client lets the proof of the key pass.
 */
import { equal } from "../base/bytes.ts";
import { derChildren, type DerElement, derElement, derWhole, oidText, tagged, wholeBits } from "./der.ts";

/** One extension, its value as DER. */
export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** A certificate that was read; nothing about it has been checked. */
export interface X509 {
  readonly der: Uint8Array;
  /** What the signature is over. */
  readonly body: Uint8Array;
  /** Distinguished names as DER: equal ones are equal byte by byte (RFC 5280 §7.1 as certificates are made today). */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo as DER. */
  readonly key: Uint8Array;
  /** AlgorithmIdentifier of the signature, as DER. */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** By object identifier. */
  readonly extensions: ReadonlyMap<string, Extension>;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BOOLEAN = 0x01;
const OCTETS = 0x04;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** No certificate of a server is longer; the runtime's TLS takes none that are. */
const LONGEST = 65_535;

/** Reads a certificate; throws a RangeError where it is none, or none of version 3. */
export function readX509(der: Uint8Array): X509 {
  if (der.length > LONGEST) throw new RangeError("X.509: the certificate is too long");
  const [body, algorithm, signature, ...rest] = derChildren(der, derWhole(der, SEQUENCE));
  if (rest.length > 0) throw new RangeError("X.509: something follows the signature");
  const fields = derChildren(der, tagged(body, SEQUENCE));
  const [version, serial, signed, issuer, validity, subject, key, extensions, ...more] = fields;
  if (more.length > 0) throw new RangeError("X.509: unknown fields");
  versionThree(der, version);
  if (tagged(serial, INTEGER).end === serial!.start) throw new RangeError("X.509: no serial number");
  const algorithmBytes = whole(der, algorithm, SEQUENCE);
  if (!equal(algorithmBytes, whole(der, signed, SEQUENCE))) {
    throw new RangeError("X.509: two different signature algorithms");
  }
  const [notBefore, notAfter] = derChildren(der, tagged(validity, SEQUENCE));
  return {
    der,
    body: whole(der, body, SEQUENCE),
    issuer: whole(der, issuer, SEQUENCE),
    subject: whole(der, subject, SEQUENCE),
    notBefore: moment(der, notBefore),
    notAfter: moment(der, notAfter),
    key: whole(der, key, SEQUENCE),
    algorithm: algorithmBytes,
    signature: wholeBits(der, signature),
    extensions: extensions === undefined ? new Map() : extensionsOf(der, tagged(extensions, EXTENSIONS)),
  };
}

/** An element with its own header. */
function whole(der: Uint8Array, element: DerElement | undefined, tag: number): Uint8Array {
  const { start, end } = tagged(element, tag);
  return der.subarray(headerOf(start, end), end);
}

/** Where an element begins whose contents are known: lengths are in their shortest form. */
function headerOf(start: number, end: number): number {
  const length = end - start;
  return start - (length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5);
}

function versionThree(der: Uint8Array, version: DerElement | undefined): void {
  const wrapped = tagged(version, VERSION);
  const number = tagged(derElement(der, wrapped.start, wrapped.end), INTEGER);
  if (number.end !== wrapped.end || number.end - number.start !== 1 || der[number.start] !== 2) {
    throw new RangeError("X.509: not a certificate of version 3");
  }
}

function extensionsOf(der: Uint8Array, wrapped: DerElement): Map<string, Extension> {
  const list = tagged(derElement(der, wrapped.start, wrapped.end), SEQUENCE);
  if (list.end !== wrapped.end) throw new RangeError("X.509: something follows the extensions");
  const extensions = new Map<string, Extension>();
  for (const entry of derChildren(der, list)) {
    const parts = derChildren(der, tagged(entry, SEQUENCE));
    const id = oidText(der, parts[0]);
    const critical = parts[1]?.tag === BOOLEAN && flag(der, parts[1]);
    const value = tagged(parts[parts[1]?.tag === BOOLEAN ? 2 : 1], OCTETS);
    if (value.end !== entry.end) throw new RangeError("X.509: something follows the value of an extension");
    // RFC 5280 §4.2: no extension twice.
    if (extensions.has(id)) throw new RangeError(`X.509: the extension ${id} is there twice`);
    extensions.set(id, { critical, value: der.subarray(value.start, value.end) });
  }
  return extensions;
}

/** A BOOLEAN; DER has one spelling for each of the two. */
export function flag(der: Uint8Array, { start, end }: DerElement): boolean {
  const value = der[start];
  if (end - start !== 1 || (value !== 0 && value !== 0xff)) throw new RangeError("X.509: not a boolean");
  return value === 0xff;
}

/** RFC 5280 §4.1.2.5: UTCTime and GeneralizedTime, with seconds, in Greenwich Mean Time. */
function moment(der: Uint8Array, element: DerElement | undefined): number {
  if (element === undefined || (element.tag !== UTC_TIME && element.tag !== GENERALIZED_TIME)) {
    throw new RangeError("X.509: no time");
  }
  const text = String.fromCharCode(...der.subarray(element.start, Math.min(element.end, element.start + 16)));
  const digits = element.tag === UTC_TIME ? /^\d{12}Z$/ : /^\d{14}Z$/;
  if (!digits.test(text)) throw new RangeError("X.509: a time in another form");
  const full = element.tag === GENERALIZED_TIME ? text : `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text}`;
  const [, year, month, day, hour, minute, second] = /^(.{4})(..)(..)(..)(..)(..)Z$/.exec(full)!;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(at)) throw new RangeError("X.509: no such time");
  return at;
}
