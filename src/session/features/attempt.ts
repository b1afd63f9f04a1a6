/**
 * One attempt to log in, whatever the profile of SASL: mechanisms, steps, failures and their price. RFC 6120 §6 and
 * XEP-0388 differ in their elements and in what a success is; those are a `Profile`.
 */
import { decodeBase64, encodeBase64 } from "../../base/bytes.ts";
import { isPromise, type Maybe } from "../../base/maybe.ts";
import type { Mechanism, SaslCondition, Step, Success } from "../../sasl/mechanism.ts";
import { StreamError } from "../../stream/error.ts";
import type { Taken } from "../../stream/feature.ts";
import { Secure } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";
import { negotiationOf } from "../negotiation.ts";

/** The conditions of RFC 6120 §6.5 are in this namespace in either profile. */
export const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";

/** Why a login counts no more that took its time. */
export const CHANGED = "the account has changed meanwhile, log in again";

/** How a login is spoken about. */
export interface Profile {
  /** The namespace of its elements. */
  readonly ns: string;
  /** A challenge was sent; the client's answer may take its time. */
  waits(session: ClientSession): void;
  succeed(session: ClientSession, success: Success): Maybe<Taken | undefined>;
}

const EMPTY = new Uint8Array(0);

/** RFC 6120 §6.3.1 and the host's policy: no login in the clear where TLS is required. */
export function mayLogIn(session: ClientSession): boolean {
  return (session.state & Secure) !== 0 || !session.home!.policy.tlsRequired;
}

/** The mechanisms that this stream is offered, strongest first. */
export function offered(session: ClientSession): readonly Mechanism[] {
  return negotiationOf(session).offered ??= mayLogIn(session) ? session.home!.mechanisms(session) : [];
}

/** Begins an attempt. `initial` is the initial response in base64; undefined where there is none. */
export function begin(
  session: ClientSession,
  profile: Profile,
  mechanism: Mechanism | undefined,
  initial: string | undefined,
): Maybe<Taken | undefined> {
  if (!mayLogIn(session)) return fail(session, profile, "encryption-required");
  if (mechanism === undefined) return fail(session, profile, "invalid-mechanism");
  const wait = session.home!.loginWait(session);
  if (wait === 0) return start(session, profile, mechanism, initial);
  return session.stream!.delay(wait).then(() => start(session, profile, mechanism, initial));
}

function start(
  session: ClientSession,
  profile: Profile,
  mechanism: Mechanism,
  initial: string | undefined,
): Maybe<Taken | undefined> {
  if (session.stream === undefined) return undefined;
  const state = negotiationOf(session);
  state.account = undefined;
  state.mechanism = mechanism.name;
  state.exchange = session.home!.exchange(session, mechanism, state);
  if (initial !== undefined) return step(session, profile, initial);
  // Every mechanism here lets the client speak first: without an initial response it is asked to (RFC 6120 §6.4.2).
  session.stream!.send(el("challenge", profile.ns));
  profile.waits(session);
  return undefined;
}

/** The client's answer to a challenge. */
export function respond(session: ClientSession, profile: Profile, text: string): Maybe<Taken | undefined> {
  if (session.negotiation?.exchange === undefined) return fail(session, profile, "malformed-request");
  return step(session, profile, text);
}

function step(session: ClientSession, profile: Profile, text: string): Maybe<Taken | undefined> {
  const { exchange } = negotiationOf(session);
  const input = text === "" ? EMPTY : decodeBase64(text.trim());
  if (input === undefined) return fail(session, profile, "incorrect-encoding");
  const result = exchange!.step(input);
  return isPromise(result)
    ? result.then((r) => settle(session, profile, r))
    : settle(session, profile, result);
}

function settle(session: ClientSession, profile: Profile, result: Step): Maybe<Taken | undefined> {
  if (session.stream === undefined) return undefined;
  if ("challenge" in result) {
    session.stream.send(el("challenge", profile.ns, {}, encodeBase64(result.challenge)));
    profile.waits(session);
    return undefined;
  }
  if ("failure" in result) {
    if (result.cause !== undefined) session.home!.failed(session, result.cause);
    if (result.uncounted === true) {
      negotiationOf(session).bindingRefused = true;
      return refuse(session, profile, result.failure, result.text);
    }
    return fail(session, profile, result.failure, result.text);
  }
  negotiationOf(session).exchange = undefined;
  return profile.succeed(session, result);
}

/** A failed login: counted, and answered later the more of them there were. */
export function fail(
  session: ClientSession,
  profile: Profile,
  condition: SaslCondition,
  text?: string,
): Maybe<undefined> {
  const state = negotiationOf(session);
  state.failures++;
  const wait = session.home!.loginFailed(session, condition, state.mechanism);
  const { stream } = session;
  if (wait === 0 || stream === undefined) return refuse(session, profile, condition, text);
  return stream.delay(wait).then(() => refuse(session, profile, condition, text));
}

function refuse(
  session: ClientSession,
  profile: Profile,
  condition: SaslCondition,
  text?: string,
): undefined {
  const { home, stream } = session;
  if (stream === undefined) return undefined;
  const state = negotiationOf(session);
  state.exchange = undefined;
  state.login = undefined;
  const said = text === undefined ? undefined : el("text", profile.ns, { "xml:lang": "en" }, text);
  stream.send(el("failure", profile.ns, {}, [el(condition, SASL_NS), said]));
  if (state.failures >= home!.policy.loginAttempts) {
    // RFC 6120 §6.4.5: a reasonable number of retries, then the stream is closed.
    throw new StreamError("policy-violation", "too many failed attempts to log in");
  }
  return undefined;
}
