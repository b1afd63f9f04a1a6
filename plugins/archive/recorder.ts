/**
 * What becomes of a message on its way through the archives of its sender and its receiver. The receiver's archive names
 * it when it arrives (XEP-0359), before anybody gets it; both keep it once it was accepted. A message between two accounts
 * of a host is written to text once, at one time, and given to the storage twice in a row, which keeps one text. What comes to each
 * device of an account apart, as whispers in rooms do, is one message all the same.
 */
import {
  type Archive,
  type Arriving,
  type Counter,
  type Element,
  type HostScope,
  itemId,
  Jid,
  type Stanza,
  STANZA_ID_NS,
} from "#plugin";
import { type Named, named, nameOf, withName } from "./naming.ts";
import type { PreferenceBook } from "./preferences.ts";
import { isLasting, wordsOf } from "./worth.ts";

/** Milliseconds within which copies of a message come to all devices of an account. */
const MOMENT = 1000;

/** Who hears of messages that were kept. */
export type Kept = (local: string, peer: Jid, stanza: Stanza, at: number) => void;

/** A departing message in its sender's archive. */
interface Sent {
  readonly stanza: Stanza;
  readonly id: string;
  readonly at: number;
  readonly text: string;
}

export class Recorder {
  /** The last of each: nearly always those that are asked about next. */
  #sent: Sent | undefined;
  #named: Named | undefined;
  /** Of messages that came to several devices, the first. */
  readonly #origins = new WeakMap<Stanza, Named>();
  #last = 0;

  readonly #archived: Counter;

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly archive: Archive,
    private readonly preferences: PreferenceBook,
    private readonly search: boolean,
    private readonly kept: Kept,
  ) {
    this.#archived = host.metrics
      .counter("metronome_archived", "Messages that were put into archives of accounts.", ["host"])
      .of(host.domain);
  }

  /** Takes away ids that only we can give (XEP-0359 §3, rule 2): nobody else may speak for an account of this host. */
  honest(stanza: Stanza): Stanza | undefined {
    const { children } = stanza.source;
    for (let i = 0; i < children.length; i++) {
      const node = children[i]!;
      if (typeof node !== "string" && this.#isForged(node)) {
        return stanza.containing(stanza.source.without((child) => this.#isForged(child)));
      }
    }
    return undefined;
  }

  /** A message leaves: its sender's archive keeps it, unless it is for the same archive, which gets it when it arrives. */
  departed(stanza: Stanza): undefined {
    const sent = this.#sending(stanza);
    if (sent === undefined) return;
    const { from, to } = stanza;
    this.#append(from!.local, to!, stanza, sent);
  }

  /** A departing message for its sender's other devices: only they are told that it has this name in its sender's archive (XEP-0313 §3.5). */
  copied(stanza: Stanza): Stanza | undefined {
    const sent = this.#sending(stanza);
    return sent === undefined ? undefined : withName(stanza, sent.id, stanza.from!.bare);
  }

  /** A message arrives: its name in the receiver's archive goes with it to all who get it. */
  arrives(stanza: Stanza): Stanza | undefined {
    const sent = this.#sent;
    // Its sender's archive has just looked at it.
    const isSent = sent !== undefined && sent.stanza === stanza;
    const honest = isSent ? undefined : this.honest(stanza);
    const before = honest ?? stanza;
    const stores = isSent ? this.preferences.keeps(stanza.to!.local, stanza.from!) : this.#stores(before);
    if (!stores) return honest;
    const account = before.to!.bare;
    const last = this.#named;
    // Both archives give it one name, which is kept once.
    if (isSent) this.#named = named(before, sent.id, sent.at, account);
    else if (last !== undefined && before.isCopyOf(last.before) && this.#isSameFor(account, last)) {
      this.#named = this.#again(before, last);
    } else {
      const at = this.#now();
      this.#named = shareable(named(before, itemId(at), at, account));
    }
    return this.#named.stanza;
  }

  /** A message has been delivered, or taken by somebody who will. */
  arrived({ stanza, claimed }: Readonly<Arriving>): undefined {
    if (!claimed) return;
    const account = stanza.to!.bare;
    const last = this.#named;
    const name = last?.stanza === stanza ? last : nameOf(stanza, account);
    if (name === undefined) return;
    // A name is given once: by that, what a plugin has changed is known, too.
    const origin = name.origin ?? this.#origins.get(stanza) ??
      (last?.id === name.id ? last.origin ?? last : name);
    if (origin.kept) return;
    origin.kept = true;
    const { before, id, at } = name;
    const text = this.#sent?.stanza === before ? this.#sent.text : before.toKeep();
    this.#append(account.local, stanza.from!, before, { id, at, text });
  }

  /** The same message for another device of an account: it has its name, and is kept once. */
  #again(before: Stanza, last: Named): Named {
    const origin = last.origin ?? last;
    const { id, at } = origin;
    const name = { stanza: origin.stanza.addressed(before.to), before, id, at, origin };
    this.#origins.set(origin.stanza, origin).set(name.stanza, origin);
    return name;
  }

  /** Copies come one after another; who keeps a stanza and sends it again later means it. */
  #isSameFor(account: Jid, { before, at }: Named): boolean {
    return before.to!.bare.equals(account) && this.#now() - at < MOMENT;
  }

  #stores(stanza: Stanza): boolean {
    const { from, to } = stanza;
    return from !== undefined && to !== undefined && isLasting(stanza) &&
      this.preferences.keeps(to.local, from);
  }

  #sending(stanza: Stanza): Sent | undefined {
    if (this.#sent?.stanza === stanza) return this.#sent;
    const { from, to } = stanza;
    if (from === undefined || to === undefined || from.bare.equals(to.bare)) return undefined;
    if (!isLasting(stanza) || !this.preferences.keeps(from.local, to)) return undefined;
    const at = this.#now();
    this.#sent = { stanza, id: itemId(at), at, text: stanza.toKeep() };
    return this.#sent;
  }

  #append(
    local: string,
    peer: Jid,
    stanza: Stanza,
    { id, at, text: value }: { id: string; at: number; text: string },
  ): void {
    const item = { id, at, with: peer.bare.toString(), resource: peer.resource, value };
    const words = this.search ? wordsOf(stanza) : undefined;
    this.archive.append(local, words === undefined ? item : { ...item, text: words });
    this.#archived.add();
    this.kept(local, peer, stanza, at);
  }

  /** The order of an archive is that of arrival (XEP-0313 §3.1), also where the clock is set back. */
  #now(): number {
    this.#last = Math.max(this.#last, this.host.clock.now());
    return this.#last;
  }

  #isForged(element: Element): boolean {
    if (element.ns !== STANZA_ID_NS || element.name !== "stanza-id") return false;
    return Jid.tryParse(element.attr("by") ?? "")?.domain === this.host.domain;
  }
}

/** Of what comes to each device apart, the copies are to be known as such with their names, too. */
function shareable(name: Named): Named {
  const { before, stanza } = name;
  return before.isCopyOf(before) ? { ...name, stanza: stanza.addressed(before.to) } : name;
}
