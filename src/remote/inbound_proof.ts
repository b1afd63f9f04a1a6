/**
 * Whose certificate a server has shown that connects to us. Beyond what all certificates are judged by, it counts when the
 * domain names it in its DNS for one of the servers that others connect to (DANE; RFC 7712). That is looked for only when
 * everything else has failed, and takes nothing from a certificate that an authority vouches for: the servers that a domain
 * sends from need not be those that it receives at.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import type { Proof } from "../session/federation.ts";
import type { ConnectorGround } from "./connector.ts";

/** How long DNS may take; without an answer the first judgement stands. */
const WITHIN_MS = 5_000;

type Ground = Pick<ConnectorGround, "dial" | "trust" | "context">;

export function identifyInbound(ground: Ground, domain: string, chain: readonly Uint8Array[]): Maybe<Proof> {
  const { dial, trust } = ground;
  const proof = trust.identify(domain, chain);
  if (dial.associations === undefined || chain.length === 0) return proof;
  if (isPromise(proof)) return proof.then((p) => p.valid ? p : byDns(ground, domain, chain, p));
  return proof.valid ? proof : byDns(ground, domain, chain, proof);
}

async function byDns(
  { dial, trust, context: { clock } }: Ground,
  domain: string,
  chain: readonly Uint8Array[],
  otherwise: Proof,
): Promise<Proof> {
  const abort = new AbortController();
  const timer = clock.after(WITHIN_MS, () => abort.abort(new Error("DNS took too long")));
  try {
    for (const dane of await dial.associations!(domain, abort.signal)) {
      const proof = await trust.identify(domain, chain, dane);
      if (proof.valid) return proof;
    }
    return otherwise;
  } catch {
    // A domain that cannot be looked up has nothing to add.
    return otherwise;
  } finally {
    timer.cancel();
  }
}
