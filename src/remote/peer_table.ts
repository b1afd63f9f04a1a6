/** What is known of domains elsewhere: their lanes, our streams to them, and for how long they are left alone. */
import { Lru } from "../base/lru.ts";
import type { LocalDomain, PeerStream } from "../session/federation.ts";
import type { ServerOut } from "../session/server_out.ts";
import { BackOff } from "./back_off.ts";
import { Lane } from "./lane.ts";

/** One domain elsewhere. */
export interface Peer {
  readonly remote: string;
  /** By the host of ours. */
  readonly lanes: Map<string, Lane>;
  /** Streams that we opened, and that are negotiated as far as they get. */
  readonly outs: Set<ServerOut>;
  /** Streams, of whoever opened them, that something may be sent to it on. */
  readonly streams: Set<PeerStream>;
  readonly backOff: BackOff;
}

/** Domains that are left alone, and of which nothing else is known. */
const MOST_RESTING = 10_000;

export class PeerTable {
  readonly #peers = new Map<string, Peer>();
  readonly #resting = new Lru<string, BackOff>(MOST_RESTING);

  find(remote: string): Peer | undefined {
    return this.#peers.get(remote);
  }

  /** Made when it is first asked for. */
  of(remote: string): Peer {
    let peer = this.#peers.get(remote);
    if (peer === undefined) {
      const backOff = this.#resting.get(remote) ?? new BackOff();
      peer = { remote, lanes: new Map(), outs: new Set(), streams: new Set(), backOff };
      this.#peers.set(remote, peer);
    }
    return peer;
  }

  /** What leads from a host of ours to a domain; undefined where nothing does or shall. */
  lane(local: string, remote: string): Lane | undefined {
    return this.#peers.get(remote)?.lanes.get(local);
  }

  /** Whoever has reached us, or was reached, can be reached. */
  reached(peer: Peer): void {
    peer.backOff.reset();
    this.#resting.delete(peer.remote);
  }

  /** A stream that we opened to the servers of a domain, on which a key for a host of ours may be confirmed. */
  standing({ policy }: LocalDomain, remote: string, not: PeerStream): ServerOut | undefined {
    for (const out of this.#peers.get(remote)?.outs ?? []) {
      if (out === not || !out.isSettled || out.errand.verifies) continue;
      if (out.isSecure || !policy.tlsRequired(remote)) return out;
    }
    return undefined;
  }

  /** Forgets a domain of which there is nothing to know. */
  tidy(remote: string): void {
    const peer = this.#peers.get(remote);
    if (peer === undefined) return;
    for (const [domain, lane] of peer.lanes) if (lane.isIdle) peer.lanes.delete(domain);
    if (peer.lanes.size > 0 || peer.outs.size > 0 || peer.streams.size > 0) return;
    this.#peers.delete(remote);
    if (peer.backOff.failure !== undefined) this.#resting.set(remote, peer.backOff);
  }

  /** Stanzas that wait for a connection. */
  get waiting(): number {
    let count = 0;
    for (const lane of this.lanes()) count += lane.waiting;
    return count;
  }

  *lanes(): IterableIterator<Lane> {
    for (const { lanes } of [...this.#peers.values()]) yield* [...lanes.values()];
  }
}

/** The lane of a host of ours to a domain; made when it is first asked for. */
export function laneOf(peer: Peer, local: LocalDomain): Lane {
  let lane = peer.lanes.get(local.domain);
  if (lane === undefined) peer.lanes.set(local.domain, lane = new Lane(local, peer.remote));
  return lane;
}
