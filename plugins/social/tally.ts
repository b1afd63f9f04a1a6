/** What people attach to an item, counted (XEP-0470 §4.6 to §4.8). */
import { el, type Element } from "#plugin";
import { ATTACHMENTS_NS, SUMMARY_NS } from "./names.ts";

/** Reactions of one person that count, and different ones that a summary has. */
const EACH = 20;
const MOST = 500;
const LONGEST = 64;

export class Tally {
  #noticed = 0;
  readonly #reactions = new Map<string, number>();

  /** Goes on from a summary. */
  static of(summary: Element | undefined): Tally {
    const tally = new Tally();
    tally.#noticed = number(summary?.child("noticed")?.attr("count"), 0);
    for (const it of summary?.child("reactions")?.elements() ?? []) {
      tally.#reactions.set(it.text, number(it.attr("count"), 1));
    }
    return tally;
  }

  /** Counts what one person has attached, or (-1) does so no more. */
  count(attachments: Element | undefined, step: 1 | -1): void {
    if (attachments === undefined) return;
    if (attachments.has("noticed", ATTACHMENTS_NS)) this.#noticed = Math.max(0, this.#noticed + step);
    for (const reaction of reactionsOf(attachments)) {
      const before = this.#reactions.get(reaction) ?? 0;
      const after = before + step;
      if (after <= 0) this.#reactions.delete(reaction);
      else if (before > 0 || this.#reactions.size < MOST) this.#reactions.set(reaction, after);
    }
  }

  /** Undefined where there is nothing. */
  summary(): Element | undefined {
    const reactions = [...this.#reactions].sort(([, a], [, b]) => b - a).map(([reaction, count]) =>
      el("reaction", SUMMARY_NS, { count: count === 1 ? undefined : String(count) }, reaction)
    );
    const parts = [
      this.#noticed === 0 ? undefined : el("noticed", SUMMARY_NS, { count: String(this.#noticed) }),
      reactions.length === 0 ? undefined : el("reactions", SUMMARY_NS, {}, reactions),
    ];
    return parts.every((it) => it === undefined) ? undefined : el("summary", SUMMARY_NS, {}, parts);
  }
}

/** Each once, however often somebody says it. */
function reactionsOf(attachments: Element): Iterable<string> {
  const found = new Set<string>();
  for (const { name, text } of attachments.child("reactions", ATTACHMENTS_NS)?.elements() ?? []) {
    if (name === "reaction" && text !== "" && text.length <= LONGEST && found.size < EACH) found.add(text);
  }
  return found;
}

function number(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
