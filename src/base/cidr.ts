/**
 * Ranges of addresses: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`. An IPv4 address that comes mapped into IPv6
 * (`::ffff:192.0.2.7`, RFC 4291 §2.5.5.2) is the IPv4 address.
 */

/** A list of ranges, asked once a connection. */
export class CidrList {
  readonly #ranges: readonly { readonly bytes: Uint8Array; readonly bits: number }[];

  /** Throws an Error that names the first entry that is no range. */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map(parseRange);
  }

  has(address: string): boolean {
    if (this.#ranges.length === 0) return false;
    const bytes = addressBytes(address);
    return bytes !== undefined && this.#ranges.some((range) => within(bytes, range.bytes, range.bits));
  }
}

function parseRange(text: string): { bytes: Uint8Array; bits: number } {
  const [address = "", length, ...more] = text.trim().split("/");
  const bytes = addressBytes(address);
  const most = (bytes?.length ?? 0) * 8;
  const mapped = bytes?.length === 4 && address.includes(":");
  const bits = length === undefined
    ? most
    : /^\d{1,3}$/.test(length)
    ? Number(length) - (mapped ? 96 : 0)
    : NaN;
  if (bytes === undefined || more.length > 0 || !(bits >= 0 && bits <= most)) {
    throw new Error(
      `"${text}" is not an address or a range: write "10.0.0.0/8", "2001:db8::/32" or "192.0.2.7"`,
    );
  }
  return { bytes, bits };
}

function within(address: Uint8Array, range: Uint8Array, bits: number): boolean {
  if (address.length !== range.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== range[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((address[whole]! ^ range[whole]!) >> (8 - rest)) === 0;
}

/** An address as 4 or 16 bytes; `undefined` for anything else. A zone (`fe80::1%eth0`) is left out. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return dotted(text);
  const address = text.split("%", 1)[0]!;
  const tail = address.includes(".") ? dotted(address.slice(address.lastIndexOf(":") + 1)) : undefined;
  if (address.includes(".") && tail === undefined) return undefined;
  const plain = tail === undefined
    ? address
    : address.slice(0, address.lastIndexOf(":") + 1) + hex(tail, 0) + ":" + hex(tail, 2);
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!);
  const rest = halves.length === 2 ? groups(halves[1]!) : [];
  if (head === undefined || rest === undefined) return undefined;
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(16);
  [...head, ...Array<number>(missing).fill(0), ...rest].forEach((group, index) => {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  });
  return unmapped(bytes);
}

function unmapped(bytes: Uint8Array): Uint8Array {
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff &&
    bytes.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? bytes.slice(12) : bytes;
}

function dotted(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

function groups(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  return parts.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part))
    ? parts.map((part) => parseInt(part, 16))
    : undefined;
}

function hex(bytes: Uint8Array, at: number): string {
  return ((bytes[at]! << 8) | bytes[at + 1]!).toString(16);
}

/** What stands for one customer: the address itself for IPv4, the first 64 bits for IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const bytes = addressBytes(address);
  if (bytes === undefined) return address;
  if (bytes.length === 4) return bytes.join(".");
  let prefix = "";
  for (let i = 0; i < 8; i++) prefix += String.fromCharCode(bytes[i]!);
  return prefix;
}
