/**
 * XEP-0198 for other servers: offered to who is authenticated, and beforehand to who can only become so by dialback, after
 * which no features come any more. Its elements are server_management.ts's.
 */
import type { StreamFeature } from "../../stream/feature.ts";
import { Secure } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import { SM_NS } from "../server_acks.ts";
import type { InboundPeer } from "../federation.ts";

export const serverManagement: StreamFeature<InboundPeer> = {
  ns: SM_NS,
  needs: Secure,
  forbids: 0,
  offer(session) {
    if (!session.local!.policy.acknowledges || session.offersExternal) return undefined;
    return el("sm", SM_NS);
  },
};
