/** SASL EXTERNAL for clients (XEP-0178 §2): which of this host's accounts a certificate stands for, if it is trusted. */
import type { X509Certificate } from "node:crypto";
import { Jid } from "../jid/jid.ts";
import { chainFault } from "../transport/certificate_chain.ts";
import { subjectNames } from "../transport/subject_names.ts";

/** The leaf, where the chain leads to one of the authorities; only such a one is worth offering EXTERNAL for. */
export function trustedLeaf(
  chain: readonly Uint8Array[],
  authorities: readonly X509Certificate[],
  now: number,
): Uint8Array | undefined {
  return chain.length > 0 && chainFault(chain, authorities, now) === undefined ? chain[0] : undefined;
}

/**
 * The account named by the certificate's xmppAddr. Where it names several, the client must say which (XEP-0178 §2 step 10);
 * where it names none here, nobody is meant.
 */
export function accountOf(leaf: Uint8Array, asked: string | undefined, domain: string): string | undefined {
  let names: readonly string[];
  try {
    names = subjectNames(leaf).xmpp;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const accounts = names.flatMap((name) => {
    const jid = Jid.tryParse(name);
    return jid !== undefined && jid.domain === domain && jid.local !== "" ? [jid.local] : [];
  });
  if (asked === undefined) return accounts.length === 1 ? accounts[0] : undefined;
  const wanted = Jid.tryParse(asked)?.bare;
  return wanted?.domain === domain && accounts.includes(wanted.local) ? wanted.local : undefined;
}
