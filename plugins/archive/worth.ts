/** Which messages belong into the archive of an account (XEP-0313 §5.1.1), whatever its owner prefers. */
import { CONTENT_NS, type Element, HINTS_NS, isEncrypted, type Stanza } from "#plugin";

/** Payloads that say something lasting without a text; what is only of the moment (typing, say) is not here. */
const LASTING: ReadonlySet<string> = new Set([
  // About other messages: XEP-0184, XEP-0333, XEP-0424, XEP-0308, XEP-0444, XEP-0461, XEP-0422.
  "urn:xmpp:message-retract:1",
  "urn:xmpp:message-correct:0",
  "urn:xmpp:reactions:0",
  "urn:xmpp:reply:0",
  "urn:xmpp:fasten:0",
  // Files, invitations and calls: XEP-0447, XEP-0066, XEP-0249, XEP-0482.
  "urn:xmpp:sfs:0",
  "jabber:x:oob",
  "jabber:x:conference",
  "urn:xmpp:call-invites:0",
]);

const RECEIPTS_NS = "urn:xmpp:receipts";
const MARKERS_NS = "urn:xmpp:chat-markers:0";
const MUC_USER_NS = "http://jabber.org/protocol/muc#user";

/** Whether a message is worth keeping for an account that it was sent by or to. */
export function isLasting({ type, source }: Stanza): boolean {
  // What is said in rooms is in their archives; errors are about messages that are here.
  if (type === "groupchat" || type === "error") return false;
  const lasting = lastingOf(source, true);
  return lasting === "asked" || (lasting === "itself" && type !== "headline");
}

/**
 * Whether a message lasts: because somebody asked for it, or by what it says. `answers`: also where it only says that another
 * one has arrived or been read. Carbons and what archives give back do not, since they have no text of their own; what else
 * is of their namespaces, such as `<private/>` (XEP-0280 §9), says nothing about that.
 */
export function lastingOf(source: Element, answers: boolean): "asked" | "itself" | undefined {
  const nodes = source.children;
  let lasting = false;
  let wanted = false;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    if (typeof node === "string") continue;
    const { ns, name } = node;
    if (ns === CONTENT_NS) {
      if (name === "body") {
        // Off-the-record encryption (XEP-0364): nobody could ever read it again.
        if (node.text.startsWith("?OTR")) return undefined;
        lasting = true;
      } else if (name === "subject") lasting = true;
    } else if (ns === HINTS_NS) {
      // XEP-0334 §4; "-storage" is how older clients spell it.
      if (name.startsWith("no-") && name !== "no-copy") return undefined;
      if (name === "store") wanted = true;
    } else if (saysSomething(node) || (answers && isAnswer(node))) lasting = true;
  }
  return wanted ? "asked" : lasting ? "itself" : undefined;
}

function isAnswer({ ns, name }: Element): boolean {
  return (ns === RECEIPTS_NS && name === "received") || (ns === MARKERS_NS && name !== "markable");
}

function saysSomething(node: Element): boolean {
  const { ns, children } = node;
  if (LASTING.has(ns) || isEncrypted(node)) return true;
  return ns === MUC_USER_NS && children.some((child) => typeof child !== "string" && child.name === "invite");
}

/** The words to search for in a message; undefined where it has none, or they only stand in for encrypted ones. */
export function wordsOf(stanza: Stanza): string | undefined {
  const { source } = stanza;
  if (source.children.some((node) => typeof node !== "string" && isEncrypted(node))) return undefined;
  const body = source.childText("body", CONTENT_NS);
  const subject = source.childText("subject", CONTENT_NS);
  return subject === undefined ? body : `${subject}\n${body ?? ""}`;
}
