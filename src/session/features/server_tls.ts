/** STARTTLS for other servers (RFC 6120 §5); they are asked for their certificate. */
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated, Secure } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { InboundPeer } from "../federation.ts";

export const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";

export const serverTls: StreamFeature<InboundPeer> = {
  ns: TLS_NS,
  needs: 0,
  forbids: Secure | Authenticated,
  offer(session) {
    const local = session.local!;
    if (local.tlsContext() === undefined || session.stream?.carrier.startTls === undefined) return undefined;
    return el(
      "starttls",
      TLS_NS,
      {},
      local.policy.tlsRequired(session.remote) ? [el("required", TLS_NS)] : [],
    );
  },
  async take(session, element) {
    const stream = session.stream!;
    const local = session.local!;
    const context = local.tlsContext();
    if (element.name !== "starttls") {
      throw new StreamError("bad-format", "only <starttls/> is understood here");
    }
    if (context === undefined || stream.carrier.startTls === undefined) {
      // RFC 6120 §5.4.2.2: failure, then the stream is closed.
      stream.send(el("failure", TLS_NS));
      stream.end();
      return undefined;
    }
    stream.flush();
    try {
      await stream.carrier.startTls(`<proceed xmlns='${TLS_NS}'/>`, context, {
        requestCertificate: true,
        timeoutMs: stream.limits.handshakeTimeout,
      });
    } catch (error) {
      local.log.info("tls-failed", { peer: stream.carrier.peer.address, reason: String(error) });
      return undefined;
    }
    return { gain: Secure, restart: true };
  },
};
