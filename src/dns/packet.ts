/**
 * Messages of the DNS (RFC 1035 §4) as far as a stub resolver needs them. The library `dns-packet` reads names and the
 * data of records; the frame around them is read here, by the lengths that the message gives, so that a record of a
 * type or form unknown to it spoils no other.
 *
 * Contract: `decodeReply` takes any bytes and never throws; what is no reply in good order is undefined.
 */
import { Buffer } from "node:buffer";
// @ts-types="./dns_packet.ts"
import * as codec from "dns-packet";
import { dnsName } from "./name.ts";
import type { Data, Kind } from "./source.ts";

/** A record that may be part of an answer. `owner` and targets are as `dnsName` gives them. */
export type Rr =
  | { readonly kind: "CNAME"; readonly owner: string; readonly ttl: number; readonly data: string }
  | { [K in Kind]: Owned<K> }[Kind];

interface Owned<K extends Kind> {
  readonly kind: K;
  readonly owner: string;
  readonly ttl: number;
  readonly data: Data[K];
}

/** What a name server said. */
export interface Reply {
  readonly id: number;
  /** The question as it was echoed; undefined when the server left it out, as some do with errors. */
  readonly question: { readonly name: string; readonly type: number } | undefined;
  /** The response code (RFC 1035 §4.1.1). */
  readonly code: number;
  /** Cut short: to be asked for again over TCP. Then it holds no records. */
  readonly truncated: boolean;
  /** The AD bit: the server says it has validated all of it (RFC 4035 §3.2.3). */
  readonly authentic: boolean;
  /** The records of the answer that concern us, whoever owns them. */
  readonly records: readonly Rr[];
  /** For how many seconds the absence of records holds (RFC 2308 §5); undefined when not said. */
  readonly absentFor: number | undefined;
}

/** The types by their numbers. */
export const TYPES: Readonly<Record<Kind | "CNAME" | "SOA", number>> = {
  A: 1,
  CNAME: 5,
  SOA: 6,
  AAAA: 28,
  SRV: 33,
  TLSA: 52,
};

const RESPONSE = 0x8000;
const OPCODE = 0x7800;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const AUTHENTIC = 0x0020;
const CLASS_IN = 1;

/** What fits into one datagram on any network (the DNS flag day of 2020). */
const PAYLOAD = 1232;

/** A hostile message of 64 KiB is made of thousands; nobody needs as many. */
const MOST_RECORDS = 256;

/**
 * A question. The AD bit in it asks for the AD bit in the answer (RFC 6840 §5.7); DO is not set, since that would bring
 * the signatures as well, which a stub that trusts its resolver has no use for.
 */
export function encodeQuestion(id: number, name: string, kind: Kind, edns: boolean): Uint8Array {
  return codec.encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED | AUTHENTIC,
    questions: [{ type: kind, name }],
    additionals: edns ? [{ type: "OPT", name: ".", udpPayloadSize: PAYLOAD }] : [],
  });
}

/** Reads a reply. */
export function decodeReply(bytes: Uint8Array): Reply | undefined {
  try {
    return new Reading(bytes).reply();
  } catch {
    // Names and numbers that run over the end of the message, pointers that go round: the library throws.
    return undefined;
  }
}

class Reading {
  readonly #bytes: Buffer;
  #at = 12;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  reply(): Reply | undefined {
    const flags = this.#bytes.readUInt16BE(2);
    const questions = this.#bytes.readUInt16BE(4);
    if ((flags & (RESPONSE | OPCODE)) !== RESPONSE || questions > 1) return undefined;
    const question = questions === 0 ? undefined : { name: this.#name(), type: this.#number() };
    if (question !== undefined && this.#number() !== CLASS_IN) return undefined;
    const truncated = (flags & TRUNCATED) !== 0;
    const records: Rr[] = [];
    let absentFor: number | undefined;
    if (!truncated) {
      const [answers, authorities] = [this.#bytes.readUInt16BE(6), this.#bytes.readUInt16BE(8)];
      if (answers + authorities > MOST_RECORDS) return undefined;
      for (let i = 0; i < answers; i++) this.#record(records);
      for (let i = 0; i < authorities; i++) absentFor = this.#record([]) ?? absentFor;
    }
    return {
      id: this.#bytes.readUInt16BE(0),
      question,
      code: flags & 15,
      truncated,
      authentic: (flags & AUTHENTIC) !== 0,
      records,
      absentFor,
    };
  }

  #number(): number {
    const number = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return number;
  }

  #name(): string {
    const name = codec.name.decode(this.#bytes, this.#at);
    this.#at += codec.name.decode.bytes;
    return name;
  }

  /** One record: put into the list when it is one of ours. For a SOA, how long absence holds. */
  #record(into: Rr[]): number | undefined {
    const owner = dnsName(this.#name());
    const [type, klass] = [this.#number(), this.#number()];
    const ttl = positive(this.#bytes.readUInt32BE(this.#at));
    const data = this.#at + 4;
    const end = data + 2 + this.#bytes.readUInt16BE(data);
    if (end > this.#bytes.length) throw new RangeError("a record runs over the end of the message");
    this.#at = end;
    if (klass !== CLASS_IN || owner === undefined) return undefined;
    // RFC 2308 §5: the smaller of the record's own time and of its last field.
    if (type === TYPES.SOA && end - data >= 22) {
      return Math.min(ttl, positive(this.#bytes.readUInt32BE(end - 4)));
    }
    const read = this.#data(type, data, end);
    if (read !== undefined) into.push({ ...read, owner, ttl } as Rr);
    return undefined;
  }

  /** The data of a record between two places; undefined when it is not one of ours, or not in good order. */
  #data(type: number, at: number, end: number): Pick<Rr, "kind" | "data"> | undefined {
    const bytes = this.#bytes.subarray(0, end);
    const length = end - at - 2;
    switch (type) {
      case TYPES.A:
        return length === 4 ? { kind: "A", data: codec.a.decode(bytes, at) } : undefined;
      case TYPES.AAAA:
        return length === 16 ? { kind: "AAAA", data: codec.aaaa.decode(bytes, at) } : undefined;
      case TYPES.CNAME: {
        const data = dnsName(codec.cname.decode(bytes, at));
        return data === undefined ? undefined : { kind: "CNAME", data };
      }
      case TYPES.SRV: {
        const { priority, weight, port, target: written } = codec.srv.decode(bytes, at);
        const target = dnsName(written);
        return target === undefined ? undefined : { kind: "SRV", data: { priority, weight, port, target } };
      }
      case TYPES.TLSA: {
        if (length < 4) return undefined;
        const { usage, selector, matchingType, certificate } = codec.tlsa.decode(bytes, at);
        const data = { usage, selector, matching: matchingType, data: new Uint8Array(certificate) };
        return { kind: "TLSA", data };
      }
      default:
        return undefined;
    }
  }
}

/** RFC 2181 §8: a time with the highest bit set is zero. */
function positive(seconds: number): number {
  return seconds > 0x7fff_ffff ? 0 : seconds;
}
