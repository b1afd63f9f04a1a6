/**
 * XEP-0424 §5: a message that its sender retracts leaves a tombstone in the archives that have it. The retraction itself
 * is kept like any message. The retracted message is found by its sender's id, for which there is no index: the newest
 * messages of the conversation are read, a slice at a time.
 */
import {
  type Archive,
  el,
  type Element,
  formatDateTime,
  type Found,
  type HostScope,
  isPromise,
  type Jid,
  type Maybe,
  mayBeRetracted,
  nextTurn,
  parseXml,
  RETRACT_NS,
  type Retraction,
  retractionOf,
  retracts,
  type Stanza,
} from "#plugin";

/** Messages read at a time, and in all: who retracts something older than that only tells the other clients. */
const SLICE = 100;
const MOST = 5_000;
/** Searches under way in all; further ones read one slice only. */
const SEARCHES = 16;

/** A retraction in one archive. */
interface Kept {
  readonly local: string;
  readonly peer: Jid;
  readonly retraction: Retraction;
  readonly at: number;
}

export class Tombstones {
  #searches = 0;

  constructor(private readonly host: HostScope<unknown>, private readonly archive: Archive) {}

  /** A message was kept in an archive; sees whether it is a retraction. */
  kept(local: string, peer: Jid, stanza: Stanza, at: number): undefined {
    const retraction = retractionOf(stanza);
    if (retraction === undefined) return;
    const kept = { local, peer: peer.bare, retraction, at };
    // What a client retracts is nearly always recent, and then it is gone before anybody can ask for it.
    const next = this.#slice(kept, "");
    if (next !== undefined && this.#searches < SEARCHES) {
      this.host.spawn((signal) => this.#search(kept, next, signal));
    }
  }

  async #search(kept: Kept, from: Maybe<string | undefined>, signal: AbortSignal): Promise<void> {
    this.#searches++;
    try {
      let before = await from;
      for (let read = SLICE; read < MOST && before !== undefined && !signal.aborted; read += SLICE) {
        await nextTurn();
        before = await this.#slice(kept, before);
      }
    } finally {
      this.#searches--;
    }
  }

  /** Reads one slice; gives where the next one ends, or undefined when there is nothing more to do. */
  #slice(kept: Kept, before: string): Maybe<string | undefined> {
    const { local, peer } = kept;
    const found = this.archive.find(local, { with: peer.toString() }, { limit: SLICE, before });
    return isPromise(found) ? found.then((it) => this.#bury(kept, it)) : this.#bury(kept, found);
  }

  #bury(kept: Kept, { items, complete }: Found): Maybe<string | undefined> {
    const { local, peer, retraction } = kept;
    for (const item of items.toReversed()) {
      if (!mayBeRetracted(item.value, retraction)) continue;
      const message = parseXml(item.value);
      if (!retracts(retraction, message, peer)) continue;
      const text = tombstone(message, kept).toString();
      const done = this.archive.replace(local, item.id, text);
      return isPromise(done) ? done.then(() => undefined) : undefined;
    }
    return complete ? undefined : items[0]?.id;
  }
}

function tombstone(message: Element, { retraction: { id }, at }: Kept): Element {
  return message.withChildren([el("retracted", RETRACT_NS, { id, stamp: formatDateTime(at) })]);
}
