/** SASL in the profile of RFC 6120 §6. */
import { encodeBase64 } from "../../base/bytes.ts";
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";
import { begin, fail, offered, type Profile, respond, SASL_NS } from "./attempt.ts";

export { SASL_NS } from "./attempt.ts";

const profile: Profile = {
  ns: SASL_NS,
  waits() {},
  succeed(session, { success, data }) {
    const { mechanism } = session.negotiation!;
    session.home!.authenticated(session, success, mechanism);
    session.negotiation = undefined;
    const coded = data === undefined ? undefined : encodeBase64(data);
    session.stream!.send(el("success", SASL_NS, {}, coded === "" ? "=" : coded));
    return { gain: Authenticated, restart: true };
  },
};

export const sasl: StreamFeature<ClientSession> = {
  ns: SASL_NS,
  needs: 0,
  forbids: Authenticated,
  offer(session) {
    const mechanisms = offered(session);
    if (mechanisms.length === 0) return undefined;
    return el("mechanisms", SASL_NS, {}, mechanisms.map(({ name }) => el("mechanism", SASL_NS, {}, name)));
  },
  take(session, element) {
    const { name, text } = element;
    switch (name) {
      case "auth": {
        const wanted = element.attr("mechanism");
        const mechanism = offered(session).find((m) => m.name === wanted);
        // "=" is how an empty initial response is spelled (RFC 6120 §6.4.2).
        return begin(session, profile, mechanism, text === "" ? undefined : unsaid(text));
      }
      case "response":
        return respond(session, profile, unsaid(text));
      case "abort":
        return fail(session, profile, "aborted");
      default:
        throw new StreamError("unsupported-stanza-type", `<${name}/> is not part of SASL`);
    }
  },
};

function unsaid(text: string): string {
  return text === "=" ? "" : text;
}
