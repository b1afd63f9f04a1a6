/** How a host federates: the token of the policy that makes it talk to other servers at all, and what plugins may do. */
import { defineService } from "../hook/token.ts";
import type { PeerPolicy } from "../session/federation.ts";

/** Provided by the plugin `federation`; a host without it talks to nobody elsewhere. */
export const peerPolicy = defineService<PeerPolicy>("federation policy");

/** A domain pair that a stream is authenticated for. */
export interface PeerPair {
  readonly local: string;
  readonly remote: string;
  /** Who opened the stream: "in" is the peer. A stream with `bidi` serves both directions. */
  readonly direction: "in" | "out";
  readonly bidi: boolean;
  readonly secure: boolean;
  /** How the peer was authenticated. */
  readonly by: "certificate" | "dialback";
  readonly address: string;
}

/** The servers elsewhere, as plugins see them. */
export interface Peers {
  /** The authenticated pairs of all streams. */
  pairs(): PeerPair[];
  /** Ends what a domain has with a host of ours, or with all of them; what waits for it is bounced. Counts the pairs. */
  close(remote: string, reason: string, local?: string): number;
}
