/** What other plugins may know of external components (XEP-0114), and of what they may do. Tokens and types only. */
import { defineEvent, defineService, type Stanza } from "#plugin";

/** Somebody has connected as a component, and there was nobody before. Emitted on every host of the server. */
export const componentConnected = defineEvent<{ readonly domain: string }>("componentConnected");

/** Nobody is connected as a component any more. Emitted on every host of the server. */
export const componentGone = defineEvent<{ readonly domain: string }>("componentGone");

/** The connections to one component: of its own host. */
export interface Line {
  readonly isConnected: boolean;
}

export const line = defineService<Line>("componentLine");

/** Which requests of a host others answer (XEP-0355). */
export interface Delegating {
  /** This request is answered by the server itself: who manages its namespace has had it made (XEP-0355 §4.3.1). */
  exempt(request: Stanza): void;
  /** Who answers requests of a namespace, as a domain. */
  manager(ns: string): string | undefined;
}

export const delegating = defineService<Delegating>("delegating");
