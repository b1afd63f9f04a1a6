/**
 * The messages kept for accounts, in the order in which they were said: one that a session had before it was kept comes before
 * what was said since. A message and the account's totals are written together; the number of a message is never used again,
 * so that a client cannot remove one it has not seen.
 */
import { type HostScope, type Keyval, keyval, parseXml, Stanza, tables, utf8Length } from "#plugin";

const kept = tables("offline", {
  messages: {
    columns: { number: "integer", at: "integer", sender: "text", size: "integer", stanza: "text" },
    key: ["number"],
    indexes: { by_time: ["at", "number"] },
  },
});

interface Total {
  readonly count: number;
  /** Bytes of all of them. */
  readonly size: number;
  /** The number of the last message that was ever kept. */
  readonly last: number;
}

const totals = keyval<Total>("offline.total");
/** Messages that are read at a time. */
const SLICE = 50;
const NOTHING: Total = { count: 0, size: 0, last: 0 };

/** One message as it lies in the queue. */
export interface Kept {
  readonly number: number;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** The full address of its sender. */
  readonly sender: string;
  readonly size: number;
  readonly stanza: string;
}

/** What an account may have in its queue. */
export interface Quota {
  readonly messages: number;
  readonly size: number;
}

export class OfflineQueue {
  readonly #messages;
  readonly #totals: Keyval<Total>;

  constructor(private readonly host: HostScope<unknown>) {
    this.#messages = host.open(kept).messages;
    this.#totals = host.open(totals);
  }

  count(local: string): number {
    return this.#total(local).count;
  }

  /** Keeps a message; undefined where it does not fit in the quota any more. */
  append(local: string, stanza: Stanza, at: number, quota: Quota): Kept | undefined {
    const text = stanza.toText(true);
    const size = utf8Length(text);
    const total = this.#total(local);
    if (total.count >= quota.messages || total.size + size > quota.size) return undefined;
    const number = total.last + 1;
    const message = { number, at, sender: String(stanza.from), size, stanza: text };
    this.host.atomic(() => {
      this.#messages.insert(local, message);
      this.#totals.set(local, { count: total.count + 1, size: total.size + size, last: number });
    });
    return message;
  }

  /** Up to `limit` messages, oldest first, after one of them. */
  page(local: string, after: Kept | undefined, limit: number): readonly Kept[] {
    const index = "by_time";
    if (after === undefined) return this.#messages.range(local, { index, limit });
    const { at, number } = after;
    const same = this.#messages.range(local, { index, where: { at }, bounds: { after: number }, limit });
    const left = limit - same.length;
    if (left <= 0) return same;
    return [...same, ...this.#messages.range(local, { index, bounds: { after: at }, limit: left })];
  }

  /** All messages, oldest first, a slice at a time. */
  *all(local: string): IterableIterator<Kept> {
    let after: Kept | undefined;
    for (;;) {
      const messages = this.page(local, after, SLICE);
      if (messages.length === 0) return;
      yield* messages;
      after = messages.at(-1);
    }
  }

  get(local: string, number: number): Kept | undefined {
    return this.#messages.get(local, { number });
  }

  /** Removes messages; those that are gone already do not matter. */
  remove(local: string, messages: readonly Kept[]): void {
    if (messages.length === 0) return;
    this.host.atomic(() => {
      const { count, size, last } = this.#total(local);
      let [gone, bytes] = [0, 0];
      for (const { number, size: own } of messages) {
        if (!this.#messages.delete(local, { number })) continue;
        gone++;
        bytes += own;
      }
      // Also where the account, and its totals, have gone meanwhile.
      if (gone > 0) this.#totals.set(local, { count: count - gone, size: size - bytes, last });
    });
  }

  clear(local: string): void {
    this.host.atomic(() => {
      this.#messages.clear(local);
      this.#totals.set(local, { ...NOTHING, last: this.#total(local).last });
    });
  }

  #total(local: string): Total {
    return this.#totals.get(local) ?? NOTHING;
  }
}

/** A message as it was when it was kept. */
export function stanzaOf(message: Kept): Stanza {
  return Stanza.read(parseXml(message.stanza));
}
