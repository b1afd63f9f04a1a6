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
  Jid,
  type Maybe,
  nextTurn,
  parseXml,
  type Stanza,
} from "#plugin";
import { RETRACT_NS } from "./names.ts";

const MUC_USER_NS = "http://jabber.org/protocol/muc#user";
/** What may be written otherwise in the text of a message. */
const ESCAPED = /[^\w.:\-+=/@]/;
/** Messages read at a time, and in all: who retracts something older than that only tells the other clients. */
const SLICE = 100;
const MOST = 5_000;
/** Searches under way in all; further ones read one slice only. */
const SEARCHES = 16;

interface Retraction {
  readonly local: string;
  readonly peer: Jid;
  /** Who said it, and may take it back: any device of the account, but in a room only the occupant. */
  readonly by: Jid;
  readonly isInRoom: boolean;
  /** The id that the message had, and the one that its retraction has. */
  readonly retracted: string;
  readonly id: string | undefined;
  readonly at: number;
}

export class Tombstones {
  #searches = 0;

  constructor(private readonly host: HostScope<unknown>, private readonly archive: Archive) {}

  /** A message was kept in an archive; sees whether it is a retraction. */
  kept(local: string, peer: Jid, stanza: Stanza, at: number): undefined {
    const retracted = stanza.child("retract", RETRACT_NS)?.attr("id");
    if (retracted === undefined || retracted === "") return;
    const by = stanza.from!;
    // What the account itself says is its own in rooms, too.
    const isInRoom = by.bare.equals(peer.bare) && stanza.child("x", MUC_USER_NS) !== undefined;
    const retraction = { local, peer: peer.bare, by, isInRoom, retracted, id: stanza.id, at };
    // What a client retracts is nearly always recent, and then it is gone before anybody can ask for it.
    const next = this.#slice(retraction, "");
    if (next !== undefined && this.#searches < SEARCHES) {
      this.host.spawn((signal) => this.#search(retraction, next, signal));
    }
  }

  async #search(retraction: Retraction, from: Maybe<string | undefined>, signal: AbortSignal): Promise<void> {
    this.#searches++;
    try {
      let before = await from;
      for (let read = SLICE; read < MOST && before !== undefined && !signal.aborted; read += SLICE) {
        await nextTurn();
        before = await this.#slice(retraction, before);
      }
    } finally {
      this.#searches--;
    }
  }

  /** Reads one slice; gives where the next one ends, or undefined when there is nothing more to do. */
  #slice(retraction: Retraction, before: string): Maybe<string | undefined> {
    const { local, peer } = retraction;
    const found = this.archive.find(local, { with: peer.toString() }, { limit: SLICE, before });
    return isPromise(found) ? found.then((it) => this.#bury(retraction, it)) : this.#bury(retraction, found);
  }

  #bury(retraction: Retraction, { items, complete }: Found): Maybe<string | undefined> {
    const { retracted } = retraction;
    const isPlain = !ESCAPED.test(retracted);
    for (const item of items.toReversed()) {
      if (isPlain && !item.value.includes(retracted)) continue;
      const message = parseXml(item.value);
      if (!isOf(message, retraction)) continue;
      const text = tombstone(message, retraction).toString();
      const done = this.archive.replace(retraction.local, item.id, text);
      return isPromise(done) ? done.then(() => undefined) : undefined;
    }
    return complete ? undefined : items[0]?.id;
  }
}

/** Only who sent a message may retract it, and a retraction is not itself retracted. */
function isOf(message: Element, { by, peer, isInRoom, retracted, id }: Retraction): boolean {
  if (message.attr("id") !== retracted || retracted === id || message.has("retracted", RETRACT_NS)) {
    return false;
  }
  const from = Jid.tryParse(message.attr("from") ?? "");
  if (from === undefined) return false;
  // Private messages of a room's occupants differ in the nickname only (XEP-0045 §7.5).
  const byOccupant = isInRoom || (from.bare.equals(peer) && message.has("x", MUC_USER_NS));
  return byOccupant ? from.equals(by) : from.bare.equals(by.bare);
}

function tombstone(message: Element, { id, at }: Retraction): Element {
  return message.withChildren([el("retracted", RETRACT_NS, { id, stamp: formatDateTime(at) })]);
}
