/** Where answers come from, seen from the cache: one question, one answer and how long it holds. */
import type { SrvRecord, TlsaRecord } from "./resolver.ts";

/** The types of record that are asked for. */
export type Kind = "A" | "AAAA" | "SRV" | "TLSA";

/** What a record of each type holds. */
export interface Data {
  readonly A: string;
  readonly AAAA: string;
  readonly SRV: SrvRecord;
  readonly TLSA: TlsaRecord;
}

/** The answer to one question, aliases followed. */
export interface Found<K extends Kind> {
  readonly records: readonly Data[K][];
  readonly authentic: boolean;
  /** How long it holds, in milliseconds; undefined when nobody said. */
  readonly ttlMs: number | undefined;
}

/** Whoever can be asked. Rejects with a `DnsError` or the signal's reason. */
export interface Source {
  ask<K extends Kind>(kind: K, name: string, signal: AbortSignal): Promise<Found<K>>;
}
