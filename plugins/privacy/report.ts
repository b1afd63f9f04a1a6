/** XEP-0377: what comes along with a blocked address. A report that says nothing useful is no reason not to block. */
import { defineEvent, type Element, Jid, STANZA_ID_NS } from "#plugin";

export const REPORTING_NS = "urn:xmpp:reporting:1";

/** An account has blocked an address, and says why. Not yet looked at. */
export const reportSubmitted = defineEvent<{
  readonly account: Jid;
  readonly reported: Jid;
  readonly report: Element;
}>("reportSubmitted");

/** What a report says, as it is kept. */
export interface Said {
  readonly reason: string;
  readonly texts: readonly { readonly text: string; readonly lang?: string }[];
  readonly stanzas: readonly { readonly id: string; readonly by: string }[];
  readonly origin: boolean;
  readonly thirdParties: boolean;
}

export interface ReportLimits {
  /** Characters in all texts together. */
  readonly text: number;
  /** Messages that a report may be about. */
  readonly messages: number;
}

const LONGEST_REASON = 255;
const LONGEST_LANG = 35;
const LONGEST_ID = 1023;

/** What a report says, cut to size; undefined without the reason that it must have (§4). */
export function readReport(report: Element, limits: ReportLimits): Said | undefined {
  const reason = report.attr("reason");
  if (reason === undefined || reason === "" || reason.length > LONGEST_REASON) return undefined;
  return {
    reason,
    texts: textsOf(report, limits.text),
    stanzas: stanzasOf(report, limits.messages),
    origin: report.has("report-origin"),
    thirdParties: report.has("third-party"),
  };
}

function textsOf(report: Element, room: number): Said["texts"] {
  const texts: { text: string; lang?: string }[] = [];
  for (const child of report.elements()) {
    if (child.name !== "text" || child.ns !== REPORTING_NS) continue;
    const text = child.text.trim().slice(0, room).toWellFormed();
    room -= text.length;
    if (text === "") continue;
    const lang = child.attr("xml:lang");
    texts.push(lang === undefined ? { text } : { text, lang: lang.slice(0, LONGEST_LANG) });
  }
  return texts;
}

function stanzasOf(report: Element, most: number): Said["stanzas"] {
  const stanzas: { id: string; by: string }[] = [];
  for (const child of report.elements()) {
    if (child.name !== "stanza-id" || child.ns !== STANZA_ID_NS || stanzas.length >= most) continue;
    const id = child.attr("id");
    const by = Jid.tryParse(child.attr("by") ?? "");
    if (id !== undefined && id.length <= LONGEST_ID && by !== undefined) {
      stanzas.push({ id, by: by.toString() });
    }
  }
  return stanzas;
}
