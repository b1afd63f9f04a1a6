/** Connections that only pretend to have TLS. */
import type { TlsInfo } from "#plugin";
import type { CarrierOptions } from "#testing";

/** A connection over TLS without a certificate of the client's and without channel bindings, unless these are `known`. */
export function pretended(known: Partial<TlsInfo>): CarrierOptions {
  return {
    tls: {
      version: "TLSv1.3",
      cipher: "",
      alpn: "",
      sni: "",
      bindings: new Map(),
      peerCertificate: () => [],
      ...known,
    },
  };
}
