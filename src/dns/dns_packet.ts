/** The types of what is used of the library `dns-packet`, which has none of its own; nothing here runs (see packet.ts). */
import type { Buffer } from "node:buffer";

/** How a name, or the data of one type of record, is read and written; `bytes` is how far the last call went. */
interface Codec<T> {
  decode: { (bytes: Buffer, offset: number): T; bytes: number };
}

export declare const name: Codec<string>;
export declare const a: Codec<string>;
export declare const aaaa: Codec<string>;
export declare const cname: Codec<string>;
export declare const srv: Codec<{ priority: number; weight: number; port: number; target: string }>;
export declare const tlsa: Codec<
  { usage: number; selector: number; matchingType: number; certificate: Buffer }
>;

/** Records as they are written; what is left out is zero, or class IN. */
export interface WrittenRecord {
  type: string;
  name: string;
  ttl?: number;
  data?: unknown;
  udpPayloadSize?: number;
  flags?: number;
}

/** A message as it is written. */
export interface Written {
  type: "query" | "response";
  id: number;
  /** The second 16 bits without their first one; the response code is the lowest four. */
  flags: number;
  questions: { type: string; name: string }[];
  answers?: WrittenRecord[];
  authorities?: WrittenRecord[];
  additionals?: WrittenRecord[];
}

export declare function encode(message: Written): Buffer;
export declare function decode(bytes: Buffer): {
  id: number;
  flags: number;
  questions: { name: string; type: string }[];
  additionals: { type: string; udpPayloadSize?: number; flags?: number }[];
};
