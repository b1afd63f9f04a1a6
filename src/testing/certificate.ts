/** Certificates of tests, which are a line of text, and who believes them: a server that is trusted is so by its word. */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import type { Judge } from "../remote/connector.ts";
import type { TlsContext } from "../transport/tls_context.ts";

const UNTRUSTED = "untrusted";

/** A certificate for some names; `trusted: false` is one that nobody believes. */
export function testCertificate(
  { names, trusted = true }: { readonly names: readonly string[]; readonly trusted?: boolean },
): TlsContext {
  const leaf = encodeUtf8([trusted ? "trusted" : UNTRUSTED, ...names].join(" "));
  return {
    // Only ever handed on: `shownBy` finds the certificate in it again.
    secure: { leaf } as unknown as TlsContext["secure"],
    leaf,
    names: { dns: [], addresses: [] } as unknown as TlsContext["names"],
    notBefore: 0,
    notAfter: Infinity,
    endPoint: undefined,
    bindings: new Map(),
    pem: { cert: "", key: "" },
    selfSigned: !trusted,
  };
}

/** The chain that a client of TLS shows with a context. */
export function shownBy(secure: TlsContext["secure"] | undefined): Uint8Array[] {
  const leaf = (secure as { leaf?: Uint8Array } | undefined)?.leaf;
  return leaf === undefined ? [] : [leaf];
}

/** Judges them. */
export const testTrust: Judge = {
  identify(domain, chain) {
    const [word, ...names] = decodeUtf8(chain[0] ?? new Uint8Array(0)).split(" ");
    if (word === "") return { valid: false, why: "no certificate was shown" };
    if (word === UNTRUSTED) return { valid: false, why: "nobody has signed it" };
    const matches = names.some((name) =>
      name === domain || (name.startsWith("*.") && domain.slice(domain.indexOf(".")) === name.slice(1))
    );
    return matches ? { valid: true, why: "" } : { valid: false, why: `it is for ${names.join(", ")}` };
  },
};
