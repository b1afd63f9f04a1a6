/** XEP-0220 §2.4.2: dialback, with errors that do not end the stream. Its elements are server_dialback.ts's. */
import type { StreamFeature } from "../../stream/feature.ts";
import { el } from "../../xml/element.ts";
import type { InboundPeer } from "../federation.ts";

export const DIALBACK_FEATURE_NS = "urn:xmpp:features:dialback";

export const serverDialback: StreamFeature<InboundPeer> = {
  ns: DIALBACK_FEATURE_NS,
  needs: 0,
  forbids: 0,
  offer(session) {
    const { policy } = session.local!;
    if (!policy.dialback || (!session.isSecure && policy.tlsRequired(session.remote))) return undefined;
    return el("dialback", DIALBACK_FEATURE_NS, {}, [el("errors", DIALBACK_FEATURE_NS)]);
  },
};
