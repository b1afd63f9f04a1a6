/** Everything one plugin registers on one host, as data, until it is fitted (ARCHITECTURE: build, freeze, swap). */
import type { Maybe } from "../base/maybe.ts";
import { PointDraft } from "../hook/draft.ts";
import type { IqTarget, IqType } from "../hook/table.ts";
import type { Token } from "../hook/token.ts";
import type { App } from "../http/apps.ts";
import type { Jid } from "../jid/jid.ts";
import type { Mechanism } from "../sasl/mechanism.ts";
import type { ClientSession } from "../session/client.ts";
import type { Inlines } from "../session/inline.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { StreamFeature } from "../stream/feature.ts";
import type { Element } from "../xml/element.ts";
import type { DiscoProvider, Identity } from "./disco.ts";
import type { Route } from "./router.ts";

/** A request as its handler sees it. */
export interface Query {
  readonly stanza: Stanza;
  readonly payload: Element;
  /** Who asks; stamped. */
  readonly from: Jid;
  /** The account asked, or the one that asks itself; the host's own JID otherwise. */
  readonly to: Jid;
  /** The asking session, where it is one of this server. */
  readonly session: ClientSession | undefined;
}

/** The result's payload; undefined for an empty result; throw a StanzaError for an error. */
export type Answer = Maybe<Element | undefined>;
export type IqHandler = (query: Query) => Answer;

export class Draft {
  readonly points: PointDraft;
  readonly iqs: { type: IqType; ns: string; name: string; to: IqTarget; fn: IqHandler }[] = [];
  readonly nonzas: {
    ns: string;
    name: string;
    fn: (session: ClientSession, element: Element) => Maybe<undefined>;
  }[] = [];
  readonly streamFeatures: StreamFeature<ClientSession>[] = [];
  readonly mechanisms: Mechanism[] = [];
  readonly inlines: { [P in keyof Inlines<ClientSession>]: Inlines<ClientSession>[P][number][] } = {
    sasl2: [],
    resume: [],
    bind2: [],
  };
  readonly features: { on: "host" | "account"; namespaces: readonly string[] }[] = [];
  readonly identities: { on: "host" | "account"; identity: Identity }[] = [];
  readonly providers: { on: "host" | "account"; provider: DiscoProvider }[] = [];
  readonly listeners: { event: Token; fn: (e: never) => undefined }[] = [];
  readonly services = new Map<Token, unknown>();
  readonly taps: { tap: Token; fn: (x: never) => unknown }[] = [];
  readonly routes: Route[] = [];
  readonly http: { path: string; app: App; bodyLimit?: number }[] = [];

  constructor(readonly owner: string) {
    this.points = new PointDraft(owner);
  }
}
