/** How a peer says in its log that it was authenticated, or has authenticated us. */
import type { Peer } from "./peers/peer.ts";

export type Proof = "certificate" | "dialback";

interface Evidence {
  /** They have authenticated us, on a stream that we opened. */
  readonly us: Readonly<Record<Proof, RegExp>>;
  /** We have authenticated them, on a stream that they opened. */
  readonly them: Readonly<Record<Proof, RegExp>>;
}

const KNOWN: Readonly<Record<string, Evidence>> = {
  prosody: {
    us: {
      certificate: /Accepting SASL EXTERNAL identity from/,
      dialback: /Sending\[s2sin\]: <db:result .*type='valid'/,
    },
    them: {
      certificate: /SASL EXTERNAL with \S+ succeeded/,
      dialback: /Received\[s2sout\w*\]: <result .*type='valid'/,
    },
  },
  ejabberd: {
    us: {
      certificate: /Accepted inbound s2s EXTERNAL authentication/,
      dialback: /Accepted inbound s2s dialback authentication/,
    },
    them: {
      certificate: /Accepted outbound s2s EXTERNAL authentication/,
      dialback: /Accepted outbound s2s dialback authentication/,
    },
  },
};

/** Waits until a peer's log says how it and we have proved ourselves. */
export async function proved(peer: Peer, whom: "us" | "them", by: Proof): Promise<void> {
  await peer.process.logged(KNOWN[peer.kind.name]![whom][by]);
}
