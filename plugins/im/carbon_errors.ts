/**
 * Which messages an account lately copied to its devices, so that an error can be told to answer one of them (XEP-0280
 * §6.1): the last few, as numbers. Two messages with one number cost at most a copy too many.
 */
import type { Jid } from "#plugin";

const REMEMBERED = 64;

export class CopiedMessages {
  readonly #marks = new Uint32Array(REMEMBERED);
  #next = 0;

  add(id: string, peer: Jid): void {
    this.#marks[this.#next] = markOf(id, peer.bare.toString());
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  has(id: string, peer: Jid): boolean {
    return this.#marks.includes(markOf(id, peer.bare.toString()));
  }
}

/** FNV-1a over both; 0 stands for an empty place. */
function markOf(id: string, peer: string): number {
  let mark = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) mark = Math.imul(mark ^ id.charCodeAt(i), 0x01000193);
  for (let i = 0; i < peer.length; i++) mark = Math.imul(mark ^ peer.charCodeAt(i), 0x01000193);
  return mark >>> 0 || 1;
}
