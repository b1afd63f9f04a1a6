/** A report as a message: in words for people, and as an element for programs that collect them. */
import { buildStanzaId, CONTENT_NS, el, type Element, Jid, randomId, Stanza } from "#plugin";
import type { AbuseReport } from "./api.ts";
import { REPORTING_NS } from "./report.ts";

const JID_NS = "urn:xmpp:jid:0";
const WORDS: ReadonlyMap<string, string> = new Map([
  ["urn:xmpp:reporting:spam", "spam"],
  ["urn:xmpp:reporting:abuse", "abuse"],
]);

/** The reason in a word, where it is one that XEP-0377 defines. */
export function reasonOf({ reason }: Pick<AbuseReport, "reason">): string {
  return WORDS.get(reason) ?? reason;
}

/** For the host's own people: who reported is part of it. */
export function messageToAdmin(report: AbuseReport, from: Jid, to: Jid): Stanza {
  const { reporter, reported, stanzas } = report;
  const lines = [
    `${reporter} has blocked ${reported} and reports ${reasonOf(report)}.`,
    ...report.texts.map(({ text }) => `They say: ${text}`),
    ...(stanzas.length === 0 ? [] : [`Messages: ${stanzas.map(({ id, by }) => `${id} (${by})`).join(", ")}`]),
  ];
  return message(report, from, to, `Abuse report: ${reported}`, lines.join("\n"));
}

/** For others: nothing in it says whose report it is (XEP-0377 §5). */
export function messageToOthers(report: AbuseReport, from: Jid, to: Jid): Stanza {
  const { reported, reporter } = report;
  // Ids that the reporter's own archive gave would name its account.
  const stanzas = report.stanzas.filter(({ by }) => Jid.tryParse(by)?.bare.equals(reporter) === false);
  const text = [
    `${reported} was reported for ${reasonOf(report)}.`,
    ...report.texts.map((said) => said.text),
  ];
  return message({ ...report, stanzas }, from, to, `Abuse report: ${reported}`, text.join("\n"));
}

function message(report: AbuseReport, from: Jid, to: Jid, subject: string, body: string): Stanza {
  const source = el("message", CONTENT_NS, { id: randomId(9) }, [
    el("subject", CONTENT_NS, {}, subject),
    el("body", CONTENT_NS, {}, body),
    reportElement(report),
  ]);
  return Stanza.of(source, from, to);
}

function reportElement({ reason, reported, stanzas, texts }: AbuseReport): Element {
  return el("report", REPORTING_NS, { reason }, [
    el("jid", JID_NS, {}, reported.toString()),
    ...stanzas.flatMap(({ id, by }) => {
      const address = Jid.tryParse(by);
      return address === undefined ? [] : [buildStanzaId(id, address)];
    }),
    ...texts.map(({ text, lang }) => el("text", REPORTING_NS, { "xml:lang": lang }, text)),
  ]);
}
