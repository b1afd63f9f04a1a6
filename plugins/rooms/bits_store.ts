/** Small pieces of data (XEP-0231) that were shown in a room: found by the hash of what they are, until their time is over. */
import {
  decodeBase64,
  el,
  type Element,
  encodeBase64,
  encodeHex,
  hashed,
  type HostScope,
  tables,
} from "#plugin";

export const BOB_NS = "urn:xmpp:bob";

const bitTables = tables("rooms.bits", {
  bits: {
    columns: { cid: "text", type: "text", data: "bytes", age: "integer", until: "integer" },
    key: ["cid"],
    indexes: { by_until: ["until"] },
    across: { by_end: ["until"] },
  },
});

export interface Bit {
  readonly cid: string;
  readonly type: string;
  readonly data: Uint8Array;
  /** Seconds for which its sender wants it to be kept. */
  readonly age: number;
}

export interface BitLimits {
  /** Bytes of one. */
  readonly largest: number;
  /** How many a room keeps. */
  readonly most: number;
  /** Seconds, where a sender does not say how long, and at most. */
  readonly keep: number;
  readonly longest: number;
}

/** Rows at a time. */
const SLICE = 200;

const HASHES = {
  "sha1": "SHA-1",
  "sha-224": "SHA-224",
  "sha-256": "SHA-256",
  "sha-384": "SHA-384",
  "sha-512": "SHA-512",
} as const;

/** §2.6: the name says what the data is; one that does not cannot be checked. */
const CID = /^(sha1|sha-224|sha-256|sha-384|sha-512)\+([0-9a-f]{40,128})@bob\.xmpp\.org$/;

export function isCid(text: string): boolean {
  return CID.test(text);
}

/** What a `<data/>` has, where it is what its name says and neither too large nor of the moment only (§2.4, §2.5). */
export function readBit(element: Element, { largest, keep, longest }: BitLimits): Bit | undefined {
  const cid = element.attr("cid") ?? "";
  const type = element.attr("type") ?? "";
  const [, algorithm, hash] = CID.exec(cid) ?? [];
  const { text } = element;
  if (hash === undefined || text === "" || text.length > largest * 2 || !/^[\w.+-]+\/.{1,100}$/.test(type)) {
    return undefined;
  }
  const data = decodeBase64(text.replace(/\s/g, ""));
  if (data === undefined || data.length === 0 || data.length > largest) return undefined;
  if (encodeHex(hashed(HASHES[algorithm as keyof typeof HASHES], data)) !== hash) return undefined;
  const wanted = element.attr("max-age");
  const age = Math.min(wanted === undefined || !/^\d{1,9}$/.test(wanted) ? keep : Number(wanted), longest);
  return age === 0 ? undefined : { cid, type, data, age };
}

/** As it is given to others. */
export function dataOf({ cid, type, data, age }: Bit): Element {
  return el("data", BOB_NS, { cid, type, "max-age": String(age) }, encodeBase64(data));
}

export class BitStore {
  readonly #bits;

  constructor(private readonly host: HostScope<unknown>, private readonly most: number) {
    this.#bits = host.open(bitTables).bits;
  }

  get(room: string, cid: string): Bit | undefined {
    const row = this.#bits.get(room, { cid });
    return row === undefined || row.until < this.host.clock.now() ? undefined : row;
  }

  add(room: string, bit: Bit): void {
    const known = this.#bits.get(room, { cid: bit.cid }) !== undefined;
    if (!known && this.#bits.count(room, { limit: this.most }) >= this.most) {
      const [first] = this.#bits.range(room, { index: "by_until", limit: 1 });
      if (first !== undefined) this.#bits.delete(room, { cid: first.cid });
    }
    this.#bits.put(room, { ...bit, until: this.host.clock.now() + bit.age * 1000 });
  }

  clear(room: string): void {
    this.#bits.clear(room);
  }

  /** Removes some whose time is over; true when none are left. */
  expire(): boolean {
    const rows = this.#bits.across("by_end", { bounds: { before: this.host.clock.now() }, limit: SLICE });
    for (const { owner, cid } of rows) this.#bits.delete(owner, { cid });
    return rows.length < SLICE;
  }
}
