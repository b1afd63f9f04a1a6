/**
 * The elements of XEP-0220 as text and as data. Every one is written with the prefix `db`, which our headers declare: some
 * servers know it by no other name (XEP-0220 §2.4.1).
 */
import { Jid } from "../jid/jid.ts";
import { STANZAS_NS } from "../stanza/error.ts";
import { StreamError } from "../stream/error.ts";
import type { Element } from "../xml/element.ts";
import { escapeAttr, escapeText } from "../xml/escape.ts";

export const DIALBACK_NS = "jabber:server:dialback";

/**
 * What came of a key: "valid", "invalid", or the condition of an error. `remote-connection-failed` is among the latter,
 * although RFC 6120 knows it for streams only (XEP-0220 §2.5).
 */
export type DialbackOutcome = string;

export type DialbackKind = "result" | "verify";

/** One of them, read. */
export interface DialbackElement {
  readonly kind: DialbackKind;
  readonly from: string;
  readonly to: string;
  readonly id: string | undefined;
  /** Absent in a request. */
  readonly outcome: DialbackOutcome | undefined;
  readonly key: string;
}

/** Reads `<db:result/>` or `<db:verify/>`; throws the stream error for what cannot be answered. */
export function readDialback(element: Element): DialbackElement {
  const { name } = element;
  if (name !== "result" && name !== "verify") {
    throw new StreamError("unsupported-stanza-type", `<${name.slice(0, 100)}/> is not part of dialback`);
  }
  const from = domainOf(element, "from");
  const to = domainOf(element, "to");
  const id = element.attr("id");
  if (name === "verify" && (id === undefined || id === "")) {
    throw new StreamError("bad-format", "<verify/> needs the id of a stream");
  }
  return { kind: name, from, to, id, outcome: outcomeOf(element), key: element.text.trim() };
}

function domainOf(element: Element, which: "from" | "to"): string {
  const jid = Jid.tryParse(element.attr(which) ?? "");
  if (jid === undefined || jid.local !== "" || jid.resource !== "") {
    // RFC 6120 §4.9.3.7; without the pair there is nothing that an error could be for.
    throw new StreamError("improper-addressing", `the '${which}' of <${element.name}/> is not a domain`);
  }
  return jid.domain;
}

function outcomeOf(element: Element): DialbackOutcome | undefined {
  const type = element.attr("type");
  if (type === undefined) return undefined;
  if (type === "valid" || type === "invalid") return type;
  const error = element.elements().find((child) => child.name === "error");
  const condition = error?.elements().find((child) => child.ns === STANZAS_NS && child.name !== "text");
  return condition?.name.slice(0, 50) ?? "undefined-condition";
}

/** A key: of ours in a result (step 1), or of somebody else in a verification (step 2). */
export function keyText(
  kind: DialbackKind,
  from: string,
  to: string,
  id: string | undefined,
  key: string,
): string {
  return `<db:${kind}${addresses(from, to, id)}>${escapeText(key)}</db:${kind}>`;
}

/** An answer to one (steps 3 and 4). */
export function outcomeText(
  kind: DialbackKind,
  from: string,
  to: string,
  id: string | undefined,
  outcome: DialbackOutcome,
): string {
  const start = `<db:${kind}${addresses(from, to, id)}`;
  if (outcome === "valid" || outcome === "invalid") return `${start} type="${outcome}"/>`;
  return `${start} type="error"><error type="${TYPES[outcome] ?? "cancel"}">` +
    `<${outcome} xmlns="${STANZAS_NS}"/></error></db:${kind}>`;
}

function addresses(from: string, to: string, id: string | undefined): string {
  const at = ` from="${escapeAttr(from)}" to="${escapeAttr(to)}"`;
  return id === undefined ? at : `${at} id="${escapeAttr(id)}"`;
}

/** The types of conditions that are not `cancel` (RFC 6120 §8.3.3). */
const TYPES: Readonly<Record<string, string>> = {
  "not-authorized": "auth",
  "forbidden": "auth",
  "not-acceptable": "modify",
  "policy-violation": "modify",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
};
