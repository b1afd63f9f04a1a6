/**
 * XEP-0203 §6: nobody but this host says that this host has delayed a message. Its own stamps never come the way of what is
 * sent: they are added where a message is handed to a session.
 */
import { DELAY_NS, type Element, Jid, type Stanza } from "#plugin";

const LEGACY_NS = "jabber:x:delay";

/** Takes away stamps in the name of a host; undefined where there are none, or it is the host that sends. */
export function withoutForgedDelay(stanza: Stanza, domain: string): Stanza | undefined {
  const { children } = stanza.source;
  for (let i = 0; i < children.length; i++) {
    const node = children[i]!;
    if (typeof node === "string" || !isForged(node, domain)) continue;
    if (stanza.from?.local === "" && stanza.from.domain === domain) return undefined;
    return stanza.containing(stanza.source.without((child) => isForged(child, domain)));
  }
  return undefined;
}

function isForged({ ns, name, attrs }: Element, domain: string): boolean {
  if (!(ns === DELAY_NS && name === "delay") && !(ns === LEGACY_NS && name === "x")) return false;
  const from = Jid.tryParse(attrs.from ?? "");
  return from !== undefined && from.local === "" && from.domain === domain;
}
