/** Taking back what pairs of domains were granted: a domain is banned, a host is gone, or the configuration has changed. */
import type { Federation, PeerStream } from "../session/federation.ts";
import { StanzaError } from "../stanza/error.ts";
import { StreamError } from "../stream/error.ts";
import type { PeerTable } from "./peer_table.ts";

/** What there is to take from. */
export interface Granted {
  readonly table: PeerTable;
  readonly sessions: ReadonlySet<PeerStream>;
  /** Streams that broke, and may come back with all their pairs. */
  readonly parked: Iterable<PeerStream>;
  /** A pair is no longer a stream's. */
  revoke(session: PeerStream, local: string, remote: string): void;
}

/** Ends what a domain has with a host of ours, or with all; what waits for it is bounced. Counts the pairs. */
export function closeDomain(granted: Granted, remote: string, error: StreamError, local?: string): number {
  const { table, sessions } = granted;
  let count = 0;
  for (const session of [...sessions, ...granted.parked]) {
    for (const pair of session.pairs.all()) {
      if (pair.remote !== remote || (local !== undefined && pair.local !== local)) continue;
      count++;
      granted.revoke(session, pair.local, remote);
    }
    // Other pairs keep their stream.
    if (session.pairs.size === 0) session.end(error);
  }
  const failure = new StanzaError("not-allowed", error.text);
  for (const lane of [...table.find(remote)?.lanes.values() ?? []]) {
    if (local === undefined || lane.local.domain === local) lane.giveUp(failure);
  }
  table.tidy(remote);
  return count;
}

/** Goes through everything by what the hosts say now. */
export function revokeStale(granted: Granted, federation: Federation): void {
  for (const session of [...granted.sessions, ...granted.parked]) {
    if (session.local !== undefined) session.local = federation.local(session.local.domain);
    let why = session.local === undefined ? new StreamError("host-gone") : undefined;
    for (const { local: domain, remote } of session.pairs.all()) {
      const stale = staleness(federation, domain, remote);
      if (stale === undefined) continue;
      granted.revoke(session, domain, remote);
      why ??= stale;
    }
    if (session.pairs.size === 0 || session.local === undefined) session.end(why);
  }
  for (const lane of granted.table.lanes()) {
    const local = federation.local(lane.local.domain);
    const refusal = local?.policy.refuses(lane.remote);
    if (local !== undefined) lane.local = local;
    if (local === undefined || refusal !== undefined) {
      lane.giveUp(refusal ?? new StanzaError("remote-server-timeout", "the host is no longer served"));
    }
    granted.table.tidy(lane.remote);
  }
}

function staleness(federation: Federation, domain: string, remote: string): StreamError | undefined {
  const local = federation.local(domain);
  if (local === undefined) return new StreamError("host-gone", `${domain} is no longer served`);
  const refusal = local.policy.refuses(remote);
  return refusal === undefined ? undefined : new StreamError("policy-violation", refusal.text);
}
