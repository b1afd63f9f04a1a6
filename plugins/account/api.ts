/** What other plugins may know of what accounts keep: their cards, and their private pieces of XML. Tokens and types only. */
import { defineEvent, defineService, type Element, type Jid, map } from "#plugin";

/** The cards of accounts (XEP-0054). */
export interface Cards {
  get(local: string): Element | undefined;
  /** Throws a StanzaError where the card is too large; one without anything in it is none. */
  set(local: string, card: Element | undefined): void;
}

export const cards = defineService<Cards>("cards");

/** A card was set, or removed. It is told before it is safe: what plugins change then is part of the same commit. */
export const cardChanged = defineEvent<{
  readonly local: string;
  readonly before: Element | undefined;
  readonly after: Element | undefined;
  /** Undefined for the server itself. */
  readonly by: Jid | undefined;
}>("cardChanged");

/** Private pieces of XML (XEP-0049), by `{namespace}name` of the root element. */
export const privateElements = map<string>("private");

/** Private pieces of XML that have another place than the others. */
export interface PrivatePlace {
  /** What the account's disco#info says where this place is in use. */
  readonly features: readonly string[];
  /** Whether an element of this key, `{namespace}name`, is kept here. */
  has(key: string): boolean;
  get(local: string, key: string): Element | undefined;
  /** Throws a StanzaError where it cannot be kept. */
  set(local: string, key: string, element: Element): void;
}

export const privatePlace = defineService<PrivatePlace>("privatePlace");
