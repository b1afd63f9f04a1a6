/**
 * SASL EXTERNAL for other servers (XEP-0178 §3): offered where the certificate proves the domain of the stream's header, and
 * then a matter of saying so. A failure leaves the stream as it is, for dialback.
 */
import { decodeBase64, decodeUtf8Strict } from "../../base/bytes.ts";
import { isPromise, type Maybe } from "../../base/maybe.ts";
import { Jid } from "../../jid/jid.ts";
import type { StanzaError } from "../../stanza/error.ts";
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature, Taken } from "../../stream/feature.ts";
import { Authenticated } from "../../stream/state.ts";
import { el } from "../../xml/element.ts";
import type { InboundPeer } from "../federation.ts";

const NS = "urn:ietf:params:xml:ns:xmpp-sasl";
/** RFC 6120 §6.4.5: a reasonable number of retries, then the stream is closed. */
const MOST_FAILURES = 4;

export const serverExternal: StreamFeature<InboundPeer> = {
  ns: NS,
  needs: 0,
  forbids: Authenticated,
  offer(session) {
    return session.offersExternal
      ? el("mechanisms", NS, {}, [el("mechanism", NS, {}, "EXTERNAL")])
      : undefined;
  },
  take(session, element) {
    switch (element.name) {
      case "auth": {
        if (!session.isSecure) return fail(session, "encryption-required");
        if (element.attr("mechanism") !== "EXTERNAL") return fail(session, "invalid-mechanism");
        // Without an initial response it is asked for (RFC 6120 §6.4.2).
        if (element.text === "") return void session.stream!.send(el("challenge", NS));
        return judge(session, element.text.trim());
      }
      case "response":
        return session.isSecure ? judge(session, element.text.trim()) : fail(session, "malformed-request");
      case "abort":
        return fail(session, "aborted");
      default:
        throw new StreamError(
          "unsupported-stanza-type",
          `<${element.name.slice(0, 100)}/> is not part of SASL`,
        );
    }
  },
};

function judge(session: InboundPeer, text: string): Maybe<Taken | undefined> {
  const bytes = text === "=" || text === "" ? new Uint8Array(0) : decodeBase64(text);
  const said = bytes === undefined ? undefined : decodeUtf8Strict(bytes);
  if (said === undefined) return fail(session, "incorrect-encoding");
  const { remote, proof, federation } = session;
  // XEP-0178 §3: whom it speaks for is the header's 'from'; an authorization identity may only repeat it.
  if (remote === "") return fail(session, "invalid-authzid");
  if (said !== "" && Jid.tryParse(said)?.toString() !== remote) return fail(session, "invalid-authzid");
  if (proof?.valid !== true || federation.isOurs(remote)) {
    session.refused = remote;
    return fail(session, "not-authorized");
  }
  const local = session.local!;
  if (local.policy.refuses(remote) !== undefined) return fail(session, "not-authorized");
  const { address } = session.peer;
  const refusal = local.admits({ local: local.domain, remote, direction: "in", address });
  return isPromise(refusal)
    ? refusal.then((r) => r === undefined ? succeed(session) : fail(session, "not-authorized", r))
    : refusal === undefined
    ? succeed(session)
    : fail(session, "not-authorized", refusal);
}

function succeed(session: InboundPeer): Taken | undefined {
  session.stream?.send(el("success", NS));
  return { gain: Authenticated, restart: true };
}

function fail(session: InboundPeer, condition: string, why?: StanzaError): undefined {
  const said = why?.text === undefined ? undefined : el("text", NS, { "xml:lang": "en" }, why.text);
  session.stream?.send(el("failure", NS, {}, [el(condition, NS), said]));
  if (++session.failures >= MOST_FAILURES) {
    throw new StreamError("policy-violation", "too many failed attempts to authenticate");
  }
  return undefined;
}
