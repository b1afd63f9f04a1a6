/** What a kept message says to people who read the pages of a room: a line, or nothing. */
import { type ArchiveItem, CONTENT_NS, type Element, hasEncryptedWords, Jid, parseXml } from "#plugin";
import { RETRACT_NS } from "./names.ts";
import { FASTEN_NS, isTombstone } from "./tombstone.ts";

const CORRECT_NS = "urn:xmpp:message-correct:0";

export interface Line {
  /** The name of the message in its archive. */
  readonly id: string;
  readonly at: number;
  /** Who said it, by the name they had in the room; "" for the room itself. */
  readonly nick: string;
  /** `words` and `action` have a text; the others have none. */
  readonly kind: "words" | "action" | "subject" | "encrypted" | "retracted";
  readonly text: string;
  /** It takes the place of something that was said before (XEP-0308). */
  readonly corrects: boolean;
}

const ACTION = "/me ";

export function lineOf({ id, at, value }: ArchiveItem): Line | undefined {
  const message = parseXml(value);
  const nick = Jid.tryParse(message.attr("from") ?? "")?.resource ?? "";
  const line = (kind: Line["kind"], text = ""): Line => ({
    id,
    at,
    nick,
    kind,
    text,
    corrects: message.has("replace", CORRECT_NS),
  });
  if (isTombstone(message)) return line("retracted");
  // What is only about other messages has a text for clients that do not know it.
  if (message.has("retract", RETRACT_NS) || message.has("apply-to", FASTEN_NS)) return undefined;
  if (message.elements().some(hasEncryptedWords)) return line("encrypted");
  const body = textOf(message, "body");
  if (body !== undefined && body !== "") {
    return body.startsWith(ACTION) ? line("action", body.slice(ACTION.length)) : line("words", body);
  }
  const subject = body === undefined ? textOf(message, "subject") : undefined;
  return subject === undefined ? undefined : line("subject", subject);
}

function textOf(message: Element, name: string): string | undefined {
  return message.childText(name, CONTENT_NS);
}
