/** What a plugin can say about a host and its accounts (XEP-0030). */
import type { Maybe } from "../base/maybe.ts";
import type { Jid } from "../jid/jid.ts";
import type { Element } from "../xml/element.ts";

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
  /** Namespaces that others speak for: what this host's own plugins register about them is left out (XEP-0355 §7.2). */
  withholds?(query: DiscoQuery): readonly string[] | undefined;
}
