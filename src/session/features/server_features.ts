/** What other servers are offered, in this order. */
import type { StreamFeature } from "../../stream/feature.ts";
import type { InboundPeer } from "../federation.ts";
import { serverBidi } from "./server_bidi.ts";
import { serverDialback } from "./server_dialback.ts";
import { serverExternal } from "./server_external.ts";
import { serverManagement } from "./server_management.ts";
import { serverTls } from "./server_tls.ts";

export const SERVER_FEATURES: readonly StreamFeature<InboundPeer>[] = Object.freeze([
  serverTls,
  serverExternal,
  serverDialback,
  serverBidi,
  serverManagement,
]);
