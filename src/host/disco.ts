/** What a host and its accounts say of themselves (XEP-0030), collected from registrations. */
import type { Maybe } from "../base/maybe.ts";
import type { Jid } from "../jid/jid.ts";
import type { Element } from "../xml/element.ts";
import type { Draft } from "./draft.ts";

export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string | undefined;
}

export interface Item {
  readonly jid: string;
  readonly node?: string | undefined;
  readonly name?: string | undefined;
}

export interface DiscoQuery {
  /** Whom it is about: the host's JID or an account's. */
  readonly about: Jid;
  readonly from: Jid;
  /** undefined for the entity itself. */
  readonly node: string | undefined;
}

/** Adds to what is said about an entity or a node of it; what it leaves out it does not know. */
export interface DiscoProvider {
  identities?(query: DiscoQuery): Maybe<readonly Identity[] | undefined>;
  features?(query: DiscoQuery): Maybe<readonly string[] | undefined>;
  /** Forms of XEP-0128. */
  forms?(query: DiscoQuery): Maybe<readonly Element[] | undefined>;
  items?(query: DiscoQuery): Maybe<readonly Item[] | undefined>;
}

/** One side's registrations, frozen. */
export class DiscoBook {
  readonly identities: readonly Identity[];
  readonly features: readonly string[];
  readonly providers: readonly DiscoProvider[];

  constructor(on: "host" | "account", drafts: readonly Draft[]) {
    const pick = <T extends { on: string }>(list: (d: Draft) => readonly T[]) =>
      drafts.flatMap((d) => list(d).filter((entry) => entry.on === on));
    this.identities = pick((d) => d.identities).map((entry) => entry.identity);
    this.features = [...new Set(pick((d) => d.features).flatMap((entry) => entry.namespaces))].sort();
    this.providers = pick((d) => d.providers).map((entry) => entry.provider);
  }
}
