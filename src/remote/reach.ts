/** How a lane gets its stream: one more pair on a stream that is there (XEP-0220 §2.6), else a stream of its own. */
import type { Federation, LocalDomain, PeerStream } from "../session/federation.ts";
import type { DialbackOutcome } from "../session/dialback_element.ts";
import { dialbackFailure } from "../session/server_failure.ts";
import type { ServerOut } from "../session/server_out.ts";
import { StanzaError } from "../stanza/error.ts";
import { type ConnectorGround, Decision, openStream } from "./connector.ts";
import type { Lane } from "./lane.ts";
import type { Peer } from "./peer_table.ts";

/** Why there is no stream. */
export class Unreached extends Error {
  constructor(
    readonly reason: StanzaError,
    /** Whether the domain is to be left alone for a while; not where the peer has answered, and may answer otherwise. */
    readonly backsOff: boolean,
  ) {
    super(reason.message);
  }
}

/** The stream that was opened; undefined where another one took the pair. Rejects with `Unreached`. */
export async function reach(
  federation: Federation,
  ground: ConnectorGround,
  peer: Peer,
  lane: Lane,
  resuming: PeerStream | undefined,
  signal: AbortSignal,
): Promise<ServerOut | undefined> {
  const { local } = lane;
  const { remote } = peer;
  for (const out of resuming === undefined ? [...peer.outs] : []) {
    const own = out.local?.domain === local.domain;
    if (!suits(out, local, remote, own)) continue;
    const outcome = await inTime(out.claim(local), signal);
    if (outcome === "valid") return undefined;
    // Its own stream, on which the pair was refused before: the peer's word holds, and the stream goes on.
    if (own && out.isSettled) throw new Unreached(dialbackFailure(remote, outcome), false);
  }
  try {
    return await openStream(federation, ground, { local, remote, verifies: false, resuming, signal });
  } catch (error) {
    if (error instanceof Decision) {
      // The stream is open still; the next stanza may try again on it.
      if (error.session.isSettled) peer.outs.add(error.session);
      throw new Unreached(error.failure, false);
    }
    // Where we gave up it is not the domain's fault, unless it was for its slowness.
    if (error instanceof StanzaError) throw new Unreached(error, error.condition !== "not-allowed");
    throw error;
  }
}

/** Whether a stream to the domain can take one more pair without anybody's policy being bent. */
function suits(out: ServerOut, local: LocalDomain, remote: string, own: boolean): boolean {
  const { policy } = local;
  if (!out.isSettled || out.errand.verifies || !policy.dialback || out.pairs.size >= policy.pairsPerStream) {
    return false;
  }
  if (policy.tlsRequired(remote) && !out.isSecure) return false;
  if (policy.certificateRequired(remote) && out.proof?.valid !== true) return false;
  if (out.bidi && !policy.bidi(remote)) return false;
  // With a certificate of its own a host does better on a stream of its own.
  return own || (out.multiplexes && out.pairs.size > 0 && out.local?.tlsContext() === local.tlsContext());
}

function inTime(asked: Promise<DialbackOutcome>, signal: AbortSignal): Promise<DialbackOutcome> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      const { reason } = signal;
      reject(
        new Unreached(
          reason instanceof StanzaError ? reason : new StanzaError("remote-server-timeout"),
          true,
        ),
      );
    };
    if (signal.aborted) return aborted();
    signal.addEventListener("abort", aborted, { once: true });
    asked.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
