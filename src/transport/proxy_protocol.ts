/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a balancer in front of us says whom it
 * speaks for. Only peers in the trusted ranges may, and they must; what others send of the kind is simply bad XML
 * or a bad handshake. The header comes before everything, TLS included.
 */
import { concat } from "../base/bytes.ts";
import type { Logger } from "../base/log.ts";
import type { Endpoint, Sink } from "./carrier.ts";
import { CidrList } from "../base/cidr.ts";
import type { SocketCarrier } from "./socket_carrier.ts";
import type { Waiting } from "./starttls.ts";

/** Which peers are balancers of ours. */
export class ProxyTrust {
  readonly #ranges: CidrList;
  /** The header must be there by then. */
  readonly timeoutMs: number;

  /** Throws an Error that names the first entry that is no range. */
  constructor(ranges: readonly string[], timeoutMs = 5_000) {
    this.#ranges = new CidrList(ranges);
    this.timeoutMs = timeoutMs;
  }

  trusts(address: string): boolean {
    return this.#ranges.has(address);
  }
}

/** A header that was understood. */
export interface ProxyHeader {
  /** Whom the connection is from; `undefined` when it is the balancer's own (`LOCAL`, `UNKNOWN`). */
  readonly source: Endpoint | undefined;
  /** How many bytes the header has. */
  readonly length: number;
}

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
/** Version 1 has at most 107 bytes, the line end included. */
const MOST_V1 = 107;
/** Version 2 may carry what it likes in up to 64 KiB; more than this is not a balancer's header. */
const MOST_V2 = 4_096;

/** The header at the beginning of the bytes, `undefined` while some are missing; throws an Error if it is none. */
export function proxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] === SIGNATURE[0]) return versionTwo(bytes);
  return versionOne(bytes);
}

function versionOne(bytes: Uint8Array): ProxyHeader | undefined {
  const line = String.fromCharCode(...bytes.subarray(0, MOST_V1));
  const end = line.indexOf("\r\n");
  if (!("PROXY ".startsWith(line) || line.startsWith("PROXY "))) throw new Error("no PROXY header");
  if (end < 0) {
    if (bytes.length >= MOST_V1) throw new Error("PROXY header: the line is too long");
    return undefined;
  }
  const [, family, source = "", destination = "", port = "", toPort = "", ...more] = line.slice(0, end).split(
    " ",
  );
  if (family === "UNKNOWN") return { source: undefined, length: end + 2 };
  const list = family === "TCP4" ? IPV4 : family === "TCP6" ? IPV6 : undefined;
  const known = list !== undefined && more.length === 0 && source.includes(":") === (family === "TCP6") &&
    list.has(source) && list.has(destination) &&
    isPort(port) && isPort(toPort);
  if (!known) throw new Error("PROXY header: not as version 1 has it");
  return { source: { address: source.toLowerCase(), port: Number(port) }, length: end + 2 };
}

/** Every address of a family. */
const IPV4 = new CidrList(["0.0.0.0/0"]);
const IPV6 = new CidrList(["::/0", "::ffff:0.0.0.0/96"]);

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function versionTwo(bytes: Uint8Array): ProxyHeader | undefined {
  const seen = Math.min(bytes.length, SIGNATURE.length);
  for (let i = 0; i < seen; i++) if (bytes[i] !== SIGNATURE[i]) throw new Error("no PROXY header");
  if (bytes.length < 16) return undefined;
  const [version, family] = [bytes[12]!, bytes[13]!];
  const size = (bytes[14]! << 8) | bytes[15]!;
  if (version >> 4 !== 2 || (version & 0x0f) > 1) throw new Error("PROXY header: unknown version or command");
  if (size > MOST_V2) throw new Error("PROXY header: too long");
  if (bytes.length < 16 + size) return undefined;
  const length = 16 + size;
  // LOCAL: a health check of the balancer; UNSPEC and datagrams say nothing that we could use.
  if ((version & 0x0f) === 0) return { source: undefined, length };
  if (family === 0x11) return { source: endpoint(bytes, 16, 4, size), length };
  if (family === 0x21) return { source: endpoint(bytes, 16, 16, size), length };
  return { source: undefined, length };
}

function endpoint(bytes: Uint8Array, at: number, width: 4 | 16, size: number): Endpoint {
  if (size < 2 * width + 4) throw new Error("PROXY header: the addresses are cut off");
  const raw = bytes.subarray(at, at + width);
  const port = (bytes[at + 2 * width]! << 8) | bytes[at + 2 * width + 1]!;
  return { address: width === 4 ? raw.join(".") : addressSix(raw), port };
}

function addressSix(raw: Uint8Array): string {
  if (raw[10] === 0xff && raw[11] === 0xff && raw.subarray(0, 10).every((byte) => byte === 0)) {
    return raw.subarray(12).join(".");
  }
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((raw[i]! << 8) | raw[i + 1]!).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** Reads the header of a trusted peer, which then is the one it speaks for; closes the connection if there is none. */
export function expectProxy(carrier: SocketCarrier, trust: ProxyTrust, log: Logger, done: () => void): void {
  const reader = new HeaderReader(carrier, log, done);
  carrier.await(reader, trust.timeoutMs);
  carrier.attach(reader);
}

class HeaderReader implements Sink, Waiting {
  readonly #carrier: SocketCarrier;
  readonly #log: Logger;
  readonly #done: () => void;
  #seen: Uint8Array = new Uint8Array(0);

  constructor(carrier: SocketCarrier, log: Logger, done: () => void) {
    this.#carrier = carrier;
    this.#log = log;
    this.#done = done;
  }

  bytes(chunk: Uint8Array): void {
    this.#seen = concat(this.#seen, chunk);
    let header: ProxyHeader | undefined;
    try {
      header = proxyHeader(this.#seen);
    } catch (error) {
      return this.#refuse(error instanceof Error ? error.message : String(error));
    }
    if (header === undefined) return;
    this.#carrier.release();
    this.#carrier.detach(this.#seen.subarray(header.length));
    if (header.source !== undefined) this.#carrier.peer = header.source;
    this.#done();
  }

  drained(): void {}

  closed(): void {}

  expired(): void {
    this.#refuse("no PROXY header came");
  }

  lost(): void {}

  #refuse(why: string): void {
    this.#log.warn("connection of a trusted proxy refused", { peer: this.#carrier.peer.address, why });
    this.#carrier.destroy();
  }
}
