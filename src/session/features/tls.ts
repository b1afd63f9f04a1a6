/** STARTTLS (RFC 6120 §5): offered in the clear, required unless the host says otherwise. */
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated, Secure } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";

const NS = "urn:ietf:params:xml:ns:xmpp-tls";
const OFFERED = el("starttls", NS);
const REQUIRED = el("starttls", NS, {}, [el("required", NS)]);

export const starttls: StreamFeature<ClientSession> = {
  ns: NS,
  needs: 0,
  forbids: Secure | Authenticated,
  offer(session) {
    const home = session.home!;
    if (home.tlsContext() === undefined || session.stream?.carrier.startTls === undefined) return undefined;
    return home.policy.tlsRequired ? REQUIRED : OFFERED;
  },
  async take(session, element) {
    const stream = session.stream!;
    const home = session.home!;
    const context = home.tlsContext();
    if (element.name !== "starttls") {
      throw new StreamError("bad-format", "only <starttls/> is understood here");
    }
    if (context === undefined || stream.carrier.startTls === undefined) {
      // RFC 6120 §5.4.2.2: failure, then the stream is closed.
      stream.send(el("failure", NS));
      stream.end();
      return undefined;
    }
    stream.flush();
    try {
      await stream.carrier.startTls(`<proceed xmlns='${NS}'/>`, context, {
        requestCertificate: home.asksForCertificates,
        timeoutMs: stream.limits.handshakeTimeout,
      });
    } catch (error) {
      // The carrier is closed by now, and its peer is gone; this is the admin's to know.
      home.log.info("tls-failed", { peer: stream.carrier.peer.address, reason: String(error) });
      return undefined;
    }
    return { gain: Secure, restart: true };
  },
};
