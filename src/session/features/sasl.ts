/** SASL in the profile of RFC 6120 §6. */
import { encodeBase64 } from "../../base/bytes.ts";
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated } from "../../stream/state.ts";
import { el, type Element } from "../../xml/element.ts";
import { Made } from "../../xml/made.ts";
import type { ClientSession } from "../client.ts";
import { begin, CHANGED, fail, offered, type Profile, respond, SASL_NS } from "./attempt.ts";

export { SASL_NS } from "./attempt.ts";

const profile: Profile = {
  ns: SASL_NS,
  waits() {},
  succeed(session, { success, data }) {
    if (!session.home!.isCurrent(session, success.username)) {
      return fail(session, profile, "not-authorized", CHANGED);
    }
    session.home!.authenticated(session, success, session.negotiation!.mechanism);
    const coded = data === undefined ? undefined : encodeBase64(data);
    session.stream!.send(el("success", SASL_NS, {}, coded === "" ? "=" : coded));
    return { gain: Authenticated, restart: true };
  },
};

/** The feature of one host. */
export function sasl(): StreamFeature<ClientSession> {
  const made = new Made();
  return { ...feature, offer: (session) => offer(session, made) };
}

function offer(session: ClientSession, made: Made): Element | undefined {
  const mechanisms = offered(session);
  if (mechanisms.length === 0) return undefined;
  return made.from(
    [mechanisms],
    () => el("mechanisms", SASL_NS, {}, mechanisms.map(({ name }) => el("mechanism", SASL_NS, {}, name))),
  );
}

const feature: Omit<StreamFeature<ClientSession>, "offer"> = {
  ns: SASL_NS,
  needs: 0,
  forbids: Authenticated,
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
