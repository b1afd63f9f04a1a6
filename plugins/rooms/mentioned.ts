/** Whom a message speaks of, among the members of a room who have registered a nickname. */
import { CONTENT_NS, type Element, isEncrypted, Jid, mentions } from "#plugin";
import type { Affiliation, Room } from "../muc/api.ts";

/** XEP-0372. */
const REFERENCE_NS = "urn:xmpp:reference:0";
const MEMBERS: ReadonlySet<Affiliation> = new Set(["owner", "admin", "member"]);
const WORD = /[\p{L}\p{N}_]+/gu;

interface Member {
  readonly jid: Jid;
  readonly nick: string;
}

/**
 * The members of a room by the first word of their nicknames: what a message costs depends on its length, not on how many
 * they are.
 */
export class Nicknames {
  readonly #byWord = new Map<string, Member[]>();
  /** Those whose nicknames have no word in them. */
  readonly #others: Member[] = [];
  readonly #byNick = new Map<string, Jid>();

  constructor(private readonly room: Room) {
    for (const [jid, { nick, affiliation }] of room.standings()) {
      if (nick === undefined || !MEMBERS.has(affiliation)) continue;
      this.#byNick.set(nick, jid);
      const [word] = wordsOf(nick);
      const list = word === undefined ? this.#others : this.#byWord.get(word);
      if (list === undefined) this.#byWord.set(word!, [{ jid, nick }]);
      else list.push({ jid, nick });
    }
  }

  get size(): number {
    return this.#byNick.size;
  }

  /** At most so many of those who are mentioned by name, or by a reference, and are still who they were. */
  in(message: Element, most: number): Jid[] {
    const found = new Map<string, Jid>();
    for (const jid of [...this.#referenced(message), ...this.#named(message)]) {
      if (found.size < most) found.set(jid.toString(), jid);
    }
    return [...found.values()];
  }

  *#named(message: Element): Iterable<Jid> {
    const body = message.children.some((node) => typeof node !== "string" && isEncrypted(node))
      ? undefined
      : message.childText("body", CONTENT_NS);
    if (body === undefined) return;
    for (const { jid, nick } of this.#others) if (mentions(body, nick)) yield jid;
    for (const word of new Set(wordsOf(body))) {
      for (const { jid, nick } of this.#byWord.get(word) ?? []) if (mentions(body, nick)) yield jid;
    }
  }

  /** By an address in the room, or by the true one, which only those use who know it. */
  *#referenced(message: Element): Iterable<Jid> {
    for (const reference of message.elementsOf(REFERENCE_NS)) {
      const uri = reference.attr("uri") ?? "";
      if (reference.attr("type") !== "mention" || !uri.startsWith("xmpp:")) continue;
      const jid = Jid.tryParse(unescaped(uri.slice("xmpp:".length).split("?")[0]!));
      if (jid === undefined) continue;
      const member = jid.bare.equals(this.room.jid) ? this.#byNick.get(jid.resource) : jid.bare;
      if (member !== undefined && MEMBERS.has(this.room.affiliation(member))) yield member;
    }
  }
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** RFC 5122 §2.2; what is no good escape is an address nobody has. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
