/** What other plugins may know of what accounts keep: their cards, and their private pieces of XML. Tokens and types only. */
import { defineEvent, defineService, type Element, type Jid } from "#plugin";

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

/** Private pieces of XML (XEP-0049) that have another place than the others; a key is `{namespace}name` of the root element. */
export interface PrivatePlace {
  /** What the account's disco#info says where this place is in use. */
  readonly features: readonly string[];
  readonly keys: readonly string[];
  get(local: string, key: string): Element | undefined;
  /** Throws a StanzaError where it cannot be kept. */
  set(local: string, key: string, element: Element): void;
  /** Takes what was kept among the others before; true where it is here now. */
  adopt(local: string, key: string, element: Element): boolean;
}

export const privatePlace = defineService<PrivatePlace>("privatePlace");
