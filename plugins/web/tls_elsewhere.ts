/** The TLS of a client that speaks it with HTTP: protected, but no part of XMPP can be bound to it. */
import type { Endpoint, TlsInfo } from "#plugin";

export const HTTPS: TlsInfo = Object.freeze({
  version: "",
  cipher: "",
  alpn: "",
  sni: "",
  bindings: new Map(),
  peerCertificate: () => [],
});

/** The near end of a connection that has none of its own. */
export const NOWHERE: Endpoint = Object.freeze({ address: "", port: 0 });
