/** XEP-0440: SASL Channel-Binding Type Capability 1.0.0. */
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import { Made } from "../../xml/made.ts";
import type { ClientSession } from "../client.ts";
import { offered } from "./attempt.ts";

const NS = "urn:xmpp:sasl-cb:0";

/** The feature of one host. */
export function channelBinding(): StreamFeature<ClientSession> {
  const made = new Made();
  return {
    ns: NS,
    needs: 0,
    forbids: Authenticated,
    offer(session) {
      // XEP-0440 §3: bindings without a mechanism for them would look like an attack.
      if (!offered(session).some(({ name }) => name.endsWith("-PLUS"))) return undefined;
      const types = [...session.tls?.bindings.keys() ?? []];
      return made.from(
        types,
        () => el("sasl-channel-binding", NS, {}, types.map((type) => el("channel-binding", NS, { type }))),
      );
    },
  };
}
