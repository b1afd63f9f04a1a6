/**
 * A privacy list made ready for deciding: the rules for addresses in a map, the few others in a row. What it finds is what
 * walking all items in their order would find first (XEP-0016 §2.2, rules 5 to 7), whatever their number.
 */
import type { Jid } from "#plugin";
import type { RosterItem, Rosters } from "../im/api.ts";
import { isBlock } from "./blocklist.ts";
import { EVERYTHING, type Item, type PrivacyList } from "./item.ts";

/** Whose rules they are, and what rules for groups and subscriptions go by. */
export interface Owner {
  readonly local: string;
  readonly rosters: Pick<Rosters, "get"> | undefined;
}

export interface Rule {
  /** Its place in the list. */
  readonly at: number;
  readonly kinds: number;
  readonly item: Item;
  /** Denies everything from one address, as a blocklist does. */
  readonly blocks: boolean;
  /** The next one for the same address. */
  next: Rule | undefined;
}

export class RuleList {
  readonly #addresses = new Map<string, Rule>();
  readonly #others: Rule[] = [];

  constructor(private readonly list: Pick<PrivacyList, "items">) {
    const { items } = list;
    const last = new Map<string, Rule>();
    for (let at = 0; at < items.length; at++) {
      const item = items[at]!;
      const rule: Rule = {
        at,
        kinds: item.kinds ?? EVERYTHING,
        item,
        blocks: isBlock(item),
        next: undefined,
      };
      const { type, value = "" } = item;
      if (type !== "jid") {
        this.#others.push(rule);
        continue;
      }
      const before = last.get(value);
      if (before === undefined) this.#addresses.set(value, rule);
      else before.next = rule;
      last.set(value, rule);
    }
  }

  /** The rule that keeps stanzas of a kind from or to a contact back; undefined where they may pass. */
  denial(kind: number, contact: Jid, owner: Owner): Rule | undefined {
    const rule = this.#first(kind, contact, owner);
    return rule === undefined || rule.item.allow === true ? undefined : rule;
  }

  /** Whether any rule keeps something of a kind back. */
  denies(kind: number): boolean {
    return this.list.items.some(({ allow, kinds = EVERYTHING }) => allow !== true && (kinds & kind) !== 0);
  }

  /** The addresses with rules of their own. */
  addresses(): Iterable<string> {
    return this.#addresses.keys();
  }

  #first(kind: number, contact: Jid, owner: Owner): Rule | undefined {
    let found: Rule | undefined;
    if (this.#addresses.size > 0) {
      // XEP-0016 §2.1: user@domain/resource, user@domain, domain/resource, domain.
      found = this.#earlier(contact.toString(), kind, undefined);
      if (contact.resource !== "") found = this.#earlier(contact.bare.toString(), kind, found);
      if (contact.local !== "") found = this.#earlier(contact.domain, kind, found);
    }
    let item: RosterItem | undefined | null = null;
    for (let i = 0; i < this.#others.length; i++) {
      const rule = this.#others[i]!;
      if (found !== undefined && found.at < rule.at) break;
      if ((rule.kinds & kind) === 0) continue;
      const { type, value } = rule.item;
      if (type === undefined) return rule;
      if (item === null) item = owner.rosters?.get(owner.local, contact);
      if (
        type === "subscription" ? (item?.subscription ?? "none") === value : item?.groups.includes(value!)
      ) {
        return rule;
      }
    }
    return found;
  }

  #earlier(address: string, kind: number, found: Rule | undefined): Rule | undefined {
    for (let rule = this.#addresses.get(address); rule !== undefined; rule = rule.next) {
      if ((rule.kinds & kind) !== 0) return found === undefined || rule.at < found.at ? rule : found;
    }
    return found;
  }
}
