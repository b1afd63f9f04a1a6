/**
 * What presence says, of which the latest counts (RFC 6121 §3, §4): whether a device is there, and whether a contact is
 * subscribed, either way. What is said to an address holds for all its devices, what is said to one device for that one only.
 */
import type { Jid } from "../jid/jid.ts";

/** A presence, or how it was written. */
interface Said {
  readonly type: string;
  readonly from: Jid | undefined;
  readonly to: Jid | undefined;
}

export class States {
  /** Whom it was said to, by what it is about. */
  readonly #said = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    return this.#said.size === 0;
  }

  add(presence: Said): void {
    const key = about(presence);
    const receivers = this.#said.get(key);
    const to = String(presence.to);
    if (receivers === undefined) this.#said.set(key, new Set([to]));
    else receivers.add(to);
  }

  has(presence: Said): boolean {
    return this.#said.get(about(presence))?.has(String(presence.to)) === true;
  }

  /** Something newer is said. */
  replace(presence: Said): void {
    const key = about(presence);
    if (presence.to?.isBare() === true) this.#said.delete(key);
    else this.#said.get(key)?.delete(String(presence.to));
  }
}

function about({ type, from, to }: Said): string {
  return `${SUBJECTS[type] ?? type} ${from} ${to?.bare}`;
}

const SUBJECTS: Readonly<Record<string, string>> = {
  available: "presence",
  unavailable: "presence",
  subscribe: "to",
  unsubscribe: "to",
  subscribed: "from",
  unsubscribed: "from",
};
