/** What other plugins may know of blocked addresses, privacy lists and reports of abuse. Tokens and types only. */
import { type ClientSession, defineEvent, defineService, type Jid } from "#plugin";

/**
 * What accounts let through. `local` is an account's local part. Stanzas need no asking: they are kept back at the points
 * they pass. This is for what is made of them, or besides them.
 */
export interface Privacy {
  /** Whether what a contact sends does not reach the account as a whole. */
  refuses(local: string, contact: Jid, kind: "message" | "iq" | "presence"): boolean;
  /** Whether a contact is not told of the account's presence, or of that of one session, nor of what goes with it. */
  hides(local: string, contact: Jid, session?: ClientSession): boolean;
  /** Whether a session has chosen rules of its own that hide it from somebody, as who is invisible does (XEP-0126). */
  conceals(session: ClientSession): boolean;
  /** The blocked addresses: a domain, an account, or a resource. */
  blocked(local: string): readonly Jid[];
}

export const privacy = defineService<Privacy>("privacy");

/** What somebody said of an address when blocking it (XEP-0377). */
export interface AbuseReport {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The account that reports. */
  readonly reporter: Jid;
  readonly reported: Jid;
  /** `urn:xmpp:reporting:spam`, `urn:xmpp:reporting:abuse`, or another. */
  readonly reason: string;
  readonly texts: readonly { readonly text: string; readonly lang?: string }[];
  /** The messages it is about, as the archive calls them (XEP-0359). */
  readonly stanzas: readonly { readonly id: string; readonly by: string }[];
  /** Whether it may be told to the server of the reported, and to others who look after such things. */
  readonly mayTell: { readonly origin: boolean; readonly thirdParties: boolean };
}

export interface Reports {
  /** The newest first, at most `limit`, older than `before` (milliseconds since 1970) where that is given. */
  latest(limit: number, before?: number): AbuseReport[];
  /** Forgets one; false where there is none. */
  remove(reporter: string, id: string): boolean;
}

export const reports = defineService<Reports>("reports");

/** An account has reported an address; it is stored already. */
export const abuseReported = defineEvent<AbuseReport>("abuseReported");
