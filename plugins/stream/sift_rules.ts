/** The rules of one session (XEP-0273 §3.3): read from a request, and asked about a stanza. */
import { type Element, type Jid, type Stanza, StanzaError } from "#plugin";

export const SIFT_NS = "urn:xmpp:sift:2";

const KINDS = ["iq", "message", "presence", "sub"] as const;
const SENDERS = ["all", "local", "others", "remote", "self"] as const;
const RECIPIENTS = ["all", "bare", "full"] as const;

type Sifted = typeof KINDS[number];
type Sender = typeof SENDERS[number];
type Recipient = typeof RECIPIENTS[number];

export interface Rule {
  readonly sender: Sender;
  readonly recipient: Recipient;
  /** Payloads that come through all the same; none where nothing does. */
  readonly allow: readonly { readonly name: string; readonly ns: string }[];
}

export type Rules = Partial<Record<Sifted, Rule>>;

/** All that can be asked for, as features (XEP-0273 §3.1). */
export const FEATURES: readonly string[] = [
  SIFT_NS,
  ...KINDS.map((kind) => `urn:xmpp:sift:stanzas:${kind}`),
  ...SENDERS.map((sender) => `urn:xmpp:sift:senders:${sender}`),
  ...RECIPIENTS.map((recipient) => `urn:xmpp:sift:recipients:${recipient}`),
  "urn:xmpp:sift:payloads:qname",
];

/** Most payloads that one rule may name. */
const MOST_ALLOWED = 100;

/** Reads a `<sift/>`; undefined where it has no rules. Throws the StanzaError that answers it. */
export function readRules(sift: Element): Rules | undefined {
  const rules: Rules = {};
  const children = sift.elements();
  for (const child of children) {
    const kind = KINDS.find((known) => known === child.name);
    if (child.ns !== SIFT_NS || kind === undefined) {
      throw new StanzaError("feature-not-implemented", `<${child.name}/> cannot be sifted`);
    }
    if (rules[kind] !== undefined) throw new StanzaError("bad-request", `there are two rules for <${kind}/>`);
    rules[kind] = readRule(child);
  }
  return children.length === 0 ? undefined : rules;
}

function readRule(rule: Element): Rule {
  const sender = SENDERS.find((known) => known === (rule.attr("sender") ?? "all"));
  const recipient = RECIPIENTS.find((known) => known === (rule.attr("recipient") ?? "all"));
  if (sender === undefined) {
    throw new StanzaError("bad-request", `there is no sender "${rule.attr("sender")}"`);
  }
  if (recipient === undefined) {
    throw new StanzaError("bad-request", `there is no recipient "${rule.attr("recipient")}"`);
  }
  const allowed = rule.elements();
  if (allowed.length > MOST_ALLOWED) throw new StanzaError("resource-constraint", "too many payloads");
  const allow = allowed.map((child) => {
    if (child.ns !== SIFT_NS || child.name !== "allow") {
      throw new StanzaError("feature-not-implemented", `<${child.name}/> is no rule that is known here`);
    }
    const name = child.attr("name");
    const ns = child.attr("ns");
    if (name === undefined || ns === undefined) {
      throw new StanzaError("bad-request", "<allow/> needs a name and a namespace");
    }
    return { name, ns };
  });
  return { sender, recipient, allow };
}

/** Whether a stanza is kept from a session of `account`. */
export function isSifted(stanza: Stanza, rules: Rules, account: Jid): boolean {
  const kind = kindFor(stanza);
  const rule = kind === undefined ? undefined : rules[kind];
  if (rule === undefined) return false;
  if (rule.recipient !== "all" && (rule.recipient === "bare") !== (stanza.to?.resource === "")) return false;
  if (!isSender(rule.sender, stanza.from, account)) return false;
  const { allow } = rule;
  if (allow.length === 0) return true;
  return !stanza.source.elements().some((child) =>
    allow.some(({ name, ns }) => child.name === name && child.ns === ns)
  );
}

/** Answers to requests of the session's own, and errors, are never sifted: it waits for them. */
function kindFor({ kind, type, isRequest }: Stanza): Sifted | undefined {
  if (type === "error") return undefined;
  if (kind === "iq") return isRequest ? "iq" : undefined;
  if (kind === "message") return "message";
  return type === "available" || type === "unavailable" ? "presence" : "sub";
}

function isSender(sender: Sender, from: Jid | undefined, account: Jid): boolean {
  const isSelf = from === undefined || from.bare.equals(account);
  const isLocal = from === undefined || from.domain === account.domain;
  switch (sender) {
    case "all":
      return true;
    case "local":
      return isLocal;
    case "remote":
      return !isLocal;
    case "self":
      return isSelf;
    case "others":
      return !isSelf;
  }
}
