/** SASL in the profile of RFC 6120 §6, with the channel bindings it can use announced (XEP-0440). */
import { decodeBase64, encodeBase64 } from "../../base/bytes.ts";
import { isPromise, type Maybe } from "../../base/maybe.ts";
import type { SaslCondition, Step } from "../../sasl/mechanism.ts";
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature, Taken } from "../../stream/feature.ts";
import { Authenticated, Secure } from "../../stream/state.ts";
import { el, type Element } from "../../xml/element.ts";
import type { ClientSession, Negotiation } from "../client.ts";

export const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const CHANNEL_BINDING_NS = "urn:xmpp:sasl-cb:0";

export const sasl: StreamFeature<ClientSession> = {
  ns: SASL_NS,
  needs: 0,
  forbids: Authenticated,
  offer(session) {
    if (!mayLogIn(session)) return undefined;
    const names = session.home!.mechanisms(session).map((m) => m.name);
    if (names.length === 0) return undefined;
    const mechanisms = el("mechanisms", SASL_NS, {}, names.map((name) => el("mechanism", SASL_NS, {}, name)));
    if (!names.some((name) => name.endsWith("-PLUS"))) return mechanisms;
    const bindings = [...session.tls?.bindings.keys() ?? []];
    const announced = bindings.map((type) => el("channel-binding", CHANNEL_BINDING_NS, { type }));
    return [mechanisms, el("sasl-channel-binding", CHANNEL_BINDING_NS, {}, announced)];
  },
  take(session, element) {
    switch (element.name) {
      case "auth":
        return begin(session, element);
      case "response":
        return respond(session, element);
      case "abort":
        return fail(session, "aborted");
      default:
        throw new StreamError("unsupported-stanza-type", `<${element.name}/> is not part of SASL`);
    }
  },
};

/** RFC 6120 §6.3.1 and the host's policy: no login in the clear where TLS is required. */
function mayLogIn(session: ClientSession): boolean {
  return (session.state & Secure) !== 0 || !session.home!.policy.tlsRequired;
}

function negotiation(session: ClientSession): Negotiation {
  return session.negotiation ??= {
    exchange: undefined,
    mechanism: "",
    failures: 0,
    account: undefined,
    bindingRefused: false,
  };
}

function begin(session: ClientSession, element: Element): Maybe<Taken | undefined> {
  if (!mayLogIn(session)) return fail(session, "encryption-required");
  const name = element.attr("mechanism") ?? "";
  const mechanism = session.home!.mechanisms(session).find((m) => m.name === name);
  if (mechanism === undefined) return fail(session, "invalid-mechanism");
  const state = negotiation(session);
  state.account = undefined;
  state.mechanism = name;
  state.exchange = session.home!.exchange(session, mechanism, state);
  if (element.text === "") {
    // Every mechanism here lets the client speak first: without an initial response it is asked to (RFC 6120 §6.4.2).
    session.stream!.send(el("challenge", SASL_NS));
    return undefined;
  }
  return step(session, element.text);
}

function respond(session: ClientSession, element: Element): Maybe<Taken | undefined> {
  if (session.negotiation?.exchange === undefined) return fail(session, "malformed-request");
  return step(session, element.text);
}

function step(session: ClientSession, text: string): Maybe<Taken | undefined> {
  const { exchange } = negotiation(session);
  // "=" is how an empty initial response is spelled (RFC 6120 §6.4.2).
  const input = text === "=" || text === "" ? EMPTY : decodeBase64(text.trim());
  if (input === undefined) return fail(session, "incorrect-encoding");
  const result = exchange!.step(input);
  return isPromise(result) ? result.then((r) => settle(session, r)) : settle(session, result);
}

const EMPTY = new Uint8Array(0);

function settle(session: ClientSession, result: Step): Maybe<Taken | undefined> {
  if (session.stream === undefined) return undefined;
  if ("challenge" in result) {
    session.stream.send(el("challenge", SASL_NS, {}, encodeBase64(result.challenge)));
    return undefined;
  }
  if ("failure" in result) {
    if (result.cause !== undefined) session.home!.failed(session, result.cause);
    if (result.uncounted === true) {
      negotiation(session).bindingRefused = true;
      return refuse(session, result.failure, result.text);
    }
    return fail(session, result.failure, result.text);
  }
  const mechanism = negotiation(session).mechanism;
  session.home!.authenticated(session, result.success, mechanism);
  session.negotiation = undefined;
  const data = result.data === undefined ? undefined : encodeBase64(result.data);
  session.stream.send(el("success", SASL_NS, {}, data === "" ? "=" : data));
  return { gain: Authenticated, restart: true };
}

/** A failed login: counted, and answered later the more of them there were. */
function fail(session: ClientSession, condition: SaslCondition, text?: string): Maybe<undefined> {
  const state = negotiation(session);
  state.failures++;
  const wait = session.home!.loginFailed(session, condition, state.mechanism);
  const { stream } = session;
  if (wait === 0 || stream === undefined) return refuse(session, condition, text);
  return stream.delay(wait).then(() => refuse(session, condition, text));
}

function refuse(session: ClientSession, condition: SaslCondition, text?: string): undefined {
  const state = negotiation(session);
  const { home, stream } = session;
  state.exchange = undefined;
  if (stream === undefined) return undefined;
  const said = text === undefined ? undefined : el("text", SASL_NS, { "xml:lang": "en" }, text);
  stream.send(el("failure", SASL_NS, {}, [el(condition, SASL_NS), said]));
  if (state.failures >= home!.policy.loginAttempts) {
    // RFC 6120 §6.4.5: a reasonable number of retries, then the stream is closed.
    throw new StreamError("policy-violation", "too many failed attempts to log in");
  }
  return undefined;
}
