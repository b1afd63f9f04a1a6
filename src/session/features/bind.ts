/** Resource binding (RFC 6120 §7). */
import { Jid } from "../../jid/jid.ts";
import { StanzaError } from "../../stanza/error.ts";
import { errorOf, resultOf } from "../../stanza/reply.ts";
import { Stanza } from "../../stanza/stanza.ts";
import type { StreamFeature } from "../../stream/feature.ts";
import { Authenticated, Bound } from "../../stream/state.ts";
import { el, type Element } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";

export const BIND_NS = "urn:ietf:params:xml:ns:xmpp-bind";
const OFFERED = el("bind", BIND_NS);

export const bind: StreamFeature<ClientSession> = {
  ns: BIND_NS,
  needs: Authenticated,
  forbids: Bound,
  offer: () => OFFERED,
  take(session, element) {
    const request = readRequest(element);
    if (request instanceof StanzaError) {
      const type = element.attr("type");
      if (type !== "error" && type !== "result") {
        const { id } = element.attrs;
        const broken = Stanza.of(el("iq", element.ns, { type: "error", id }, [request.toElement()]));
        session.write(broken);
      }
      return undefined;
    }
    try {
      const wanted = request.payload!.childText("resource", BIND_NS);
      session.jid = session.home!.bind(session, wanted === "" ? undefined : wanted);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      const reply = errorOf(request, error);
      if (reply !== undefined) session.write(reply);
      return undefined;
    }
    const jid = el("jid", BIND_NS, {}, session.jid.toString());
    session.write(resultOf(request, el("bind", BIND_NS, {}, [jid])));
    return { gain: Bound };
  },
};

function readRequest(element: Element): Stanza | StanzaError {
  try {
    const request = Stanza.read(element);
    if (request.type !== "set" || request.payload?.name !== "bind") {
      return new StanzaError("bad-request", "a resource is bound by an iq of type set");
    }
    return request;
  } catch (error) {
    if (error instanceof StanzaError) return error;
    throw error;
  }
}

/** The resource a client asked for, prepared. Throws the StanzaError of RFC 6120 §7.7.2.1. */
export function prepareResource(account: Jid, wanted: string): Jid {
  try {
    return account.withResource(wanted);
  } catch {
    throw new StanzaError("bad-request", "the resource is not a valid resourcepart");
  }
}
