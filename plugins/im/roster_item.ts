/** Roster items on the wire (RFC 6121 §2.1.2): reading what a client sets, and writing what it gets. */
import { el, type Element, Jid, StanzaError } from "#plugin";
import type { RosterItem } from "./api.ts";

export const ROSTER_NS = "jabber:iq:roster";

/** What a server may limit (RFC 6121 §2.3.3). */
export interface ItemLimits {
  readonly name_length: number;
  readonly groups: number;
  readonly group_length: number;
}

/** What a roster set asks for. */
export interface Wish {
  readonly contact: Jid;
  readonly remove: boolean;
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

const NO_GROUPS: readonly string[] = Object.freeze([]);

/** Reads the one item of a roster set. Throws the StanzaError that answers it (RFC 6121 §2.1.5, §2.3.3). */
export function readWish(query: Element, account: Jid, limits: ItemLimits): Wish {
  const items = query.elements().filter((child) => child.name === "item" && child.ns === ROSTER_NS);
  if (items.length !== 1) throw new StanzaError("bad-request", "a roster set holds exactly one item");
  // What is kept must not keep the received chunk alive.
  const item = items[0]!.detached();
  const contact = readContact(item.attr("jid"));
  if (contact.equals(account)) {
    throw new StanzaError("not-allowed", "an account is not a contact of its own");
  }
  if (item.attr("subscription") === "remove") {
    return { contact, remove: true, name: undefined, groups: NO_GROUPS };
  }
  return { contact, remove: false, name: readName(item, limits), groups: readGroups(item, limits) };
}

/** Subscriptions, and with them roster items, belong to bare JIDs (RFC 6121 §3.1.1): a resource is taken away. */
function readContact(text: string | undefined): Jid {
  if (text === undefined) throw new StanzaError("bad-request", "the item needs a 'jid'");
  const jid = Jid.tryParse(text);
  if (jid === undefined) throw new StanzaError("jid-malformed", "the item's 'jid' is not a JID");
  return jid.bare;
}

/** RFC 6121 §2.4.1: an empty name is none. */
function readName(item: Element, limits: ItemLimits): string | undefined {
  const name = item.attr("name");
  if (name === undefined || name === "") return undefined;
  if (name.length > limits.name_length) {
    throw new StanzaError("not-acceptable", `a name may have ${limits.name_length} characters`);
  }
  return name;
}

function readGroups(item: Element, limits: ItemLimits): readonly string[] {
  const groups = new Set<string>();
  for (const child of item.elements()) {
    if (child.name !== "group" || child.ns !== ROSTER_NS) continue;
    const group = child.text;
    if (group === "") throw new StanzaError("not-acceptable", "a group needs a name");
    if (group.length > limits.group_length) {
      throw new StanzaError("not-acceptable", `a group's name may have ${limits.group_length} characters`);
    }
    if (groups.has(group)) throw new StanzaError("bad-request", "the same group is given twice");
    groups.add(group);
  }
  if (groups.size > limits.groups) {
    throw new StanzaError("not-acceptable", `a contact may be in ${limits.groups} groups`);
  }
  return groups.size === 0 ? NO_GROUPS : [...groups];
}

/** An item as a client gets it. */
export function itemElement(item: RosterItem): Element {
  return el(
    "item",
    ROSTER_NS,
    {
      jid: item.jid.toString(),
      name: item.name,
      subscription: item.subscription,
      ask: item.ask ? "subscribe" : undefined,
      approved: item.approved ? "true" : undefined,
    },
    item.groups.map((group) => el("group", ROSTER_NS, {}, group)),
  );
}

/** An item that is gone (RFC 6121 §2.5.2). */
export function removedElement(contact: Jid | string): Element {
  return el("item", ROSTER_NS, { jid: contact.toString(), subscription: "remove" });
}
