/**
 * The server that these tests judge, and those it is held against. METRONOME_FEDERATION_TARGET=prosody (or ejabberd) puts
 * that one in the place of ours, to prove that a test is right before it judges.
 */
import { ejabberd } from "./peers/ejabberd.ts";
import { metronome } from "./peers/metronome.ts";
import type { PeerKind } from "./peers/peer.ts";
import { prosody } from "./peers/prosody.ts";

const known: Readonly<Record<string, PeerKind>> = { metronome, prosody, ejabberd };

/** What is judged. */
export const ours: PeerKind = known[Deno.env.get("METRONOME_FEDERATION_TARGET") ?? "metronome"]!;

/** The others. */
export const others: readonly PeerKind[] = [prosody, ejabberd];

/** Whether a program of Debian's is there; tests that need it are left out where it is not. */
export function isThere({ name }: PeerKind): boolean {
  const path = name === "prosody" ? "/usr/bin/prosody" : name === "ejabberd" ? "/usr/sbin/ejabberdctl" : ".";
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Everything that repeats itself does it more often then. */
export const long = Deno.env.get("METRONOME_LONG") === "1";
