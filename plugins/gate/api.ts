/** What other plugins may know of the gate: who is kept out, and how they report what domains elsewhere have done. */
import { defineEvent, defineService, type Jid } from "#plugin";

/** What somebody of a domain elsewhere has done. */
export interface Offence {
  /** A few words for administrators, such as "spam"; they are logged and shown with the ban. */
  readonly reason: string;
  /** After how many offences the domain is banned, and for how long (milliseconds); as the options say where left out. */
  readonly hits?: number;
  readonly ban?: number;
}

/** A domain that is kept out for a time. */
export interface Ban {
  /** A domain, or `*.example.org` for all those below it. */
  readonly domain: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Undefined for ever. */
  readonly until?: number | undefined;
}

/** Offences that are not forgotten yet. */
export interface Hits {
  readonly domain: string;
  readonly count: number;
  readonly reason: string;
}

/** The gate of a host; services of a user host have its gate. */
export interface Gate {
  /** Counts an offence; too many of them are a ban. Domains of this server and those that are always let in do not count. */
  hit(domain: string, offence: Offence): void;
  /** Why nothing is exchanged with a domain, for people; undefined where it may. */
  refuses(domain: string): string | undefined;
  /** Why nothing is taken from an address elsewhere, by the lists of others; undefined where it may. */
  refusesSender(sender: Jid): string | undefined;
  /** Keeps a domain out, or all below it where it begins with `*.`; for ever where no time is given. */
  ban(domain: string, reason: string, duration?: number): void;
  /** Lifts a ban and forgets what was counted; false where there was nothing. */
  pardon(domain: string): boolean;
  bans(): Ban[];
  hits(): Hits[];
}

export const gate = defineService<Gate>("gate");

/** A domain is kept out from now on. */
export const domainBanned = defineEvent<Ban>("domainBanned");
