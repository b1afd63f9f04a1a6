/** XEP-0386: Bind 2 1.1.0. A resource within the login, and everything that the session begins with in one step. */
import { StanzaError, STANZAS_NS } from "../../stanza/error.ts";
import { el, type Element } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";
import type { BindInline } from "../inline.ts";

export const BIND2_NS = "urn:xmpp:bind:0";

/** What stands in `<inline/>` of the login. */
export function offerBind(inlines: readonly BindInline<ClientSession>[]): Element {
  const features = inlines.map(({ feature }) => el("feature", BIND2_NS, { var: feature }));
  return el("bind", BIND2_NS, {}, features.length === 0 ? [] : [el("inline", BIND2_NS, {}, features)]);
}

/**
 * Gives the session its name and what it asks for. Where there is none to be had the login still counts: the client is told
 * why and may ask again, by RFC 6120 §7.
 */
export function bindInline(session: ClientSession, request: Element): Element {
  const home = session.home!;
  try {
    session.jid = home.bindClient(session, request.childText("tag"));
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    return el("failed", BIND2_NS, {}, [el(error.condition, STANZAS_NS)]);
  }
  return el("bound", BIND2_NS, {}, home.inlines.bind2.map((inline) => inline.take(session, request)));
}
