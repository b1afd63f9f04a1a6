/** When a message is too long to be shown as it is, and what becomes of it. */
import { duration, options, size, text, webPath, z } from "#plugin";

const count = (fallback: number, what: string) =>
  z.number().int().min(1).max(1_000_000).default(fallback).describe(what);

const common = {
  characters: count(500, "Characters that a message may have before a link takes its place."),
  lines: count(4, "Lines that it may have."),
  trigger: text().optional().meta({ example: "!paste" }).describe(
    "A word that a message begins with, to be put there whatever its length.",
  ),
  summary: count(150, "Characters of the beginning that are still shown with the link."),
  html_preview: z.boolean().default(true).describe(
    "Whether the message also says it in XHTML (XEP-0071), for the clients that still read that.",
  ),
  keep: duration({ forever: Infinity }).prefault("1 day").describe("How long a text is kept."),
  quota: size({ unlimited: Infinity }).prefault("64 MiB").describe(
    "What all texts of the host may take; the oldest go first.",
  ),
};

export const roomPasteOptions = options({
  path: webPath("/pastebin"),
  ...common,
  private_messages: z.boolean().default(false).describe(
    "Whether private messages in rooms are treated the same: the server then shows them to whoever has the link.",
  ),
});

export const chatPasteOptions = options({ path: webPath("/chat-pastebin"), ...common });

/** What both have. */
export type PasteOptions = z.infer<typeof chatPasteOptions>;
