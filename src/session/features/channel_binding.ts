/** XEP-0440: SASL Channel-Binding Type Capability 1.0.0. */
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";
import { offered } from "./attempt.ts";

const NS = "urn:xmpp:sasl-cb:0";

export const channelBinding: StreamFeature<ClientSession> = {
  ns: NS,
  needs: 0,
  forbids: Authenticated,
  offer(session) {
    // XEP-0440 §3: bindings without a mechanism for them would look like an attack.
    if (!offered(session).some(({ name }) => name.endsWith("-PLUS"))) return undefined;
    const bindings = [...session.tls?.bindings.keys() ?? []];
    return el(
      "sasl-channel-binding",
      NS,
      {},
      bindings.map((type) => el("channel-binding", NS, { type })),
    );
  },
};
