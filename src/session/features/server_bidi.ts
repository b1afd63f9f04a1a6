/** XEP-0288: Bidirectional Server-to-Server Connections 1.0.1. Offered once there is TLS; in force once authenticated. */
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated, Secure } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { InboundPeer } from "../federation.ts";

export const BIDI_NS = "urn:xmpp:bidi";
export const BIDI_FEATURE_NS = "urn:xmpp:features:bidi";

export const serverBidi: StreamFeature<InboundPeer> = {
  ns: BIDI_NS,
  needs: Secure,
  forbids: Authenticated,
  offer(session) {
    return session.local!.policy.bidi(session.remote) ? el("bidi", BIDI_FEATURE_NS) : undefined;
  },
  take(session) {
    session.bidi = session.local!.policy.bidi(session.remote);
    return undefined;
  },
};
