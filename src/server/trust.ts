/** Whom the server believes about other servers, as `[tls]` says. */
import type { Clock } from "../base/clock.ts";
import type { Settings } from "../config/mod.ts";
import { Trust } from "../remote/trust.ts";
import { Posh } from "../remote/trust_posh.ts";
import { PeerTrust } from "../transport/peer_certificate.ts";
import { readAuthorities } from "../transport/roots.ts";

/** Reads the files of `tls.roots`; throws an Error that names the one that cannot be used. */
export function trustOf({ tls }: Settings, clock: Clock): Trust {
  const roots = tls.roots?.map(readRoots);
  return new Trust({
    certificates: new PeerTrust({ roots, clock }),
    clock,
    posh: tls.posh ? new Posh({ clock }) : undefined,
  });
}

function readRoots(path: string): string {
  try {
    const pem = Deno.readTextFileSync(path);
    readAuthorities(pem);
    return pem;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`tls.roots: "${path}" cannot be used: ${why}`, { cause });
  }
}
