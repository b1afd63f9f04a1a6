/** What the parts of a host may use of it: an interface, so that they know the whole without importing it. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Outcome } from "../hook/compiled.ts";
import type { Refusal } from "../hook/point.ts";
import type { Event } from "../hook/token.ts";
import type { ClientSession } from "../session/client.ts";
import type { Registry } from "../session/registry.ts";
import type { StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Storage } from "../storage/store.ts";
import type { HostOptions } from "./context.ts";
import type { Fittings } from "./fittings.ts";

export interface HostParts {
  readonly domain: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly storage: Storage;
  readonly registry: Registry;
  readonly fittings: Fittings;
  readonly options: HostOptions;
  /** Whether an account is there, whether it is switched off, and what may have happened to it meanwhile. */
  readonly accounts: {
    exists(local: string): boolean;
    isDisabled(local: string): boolean;
    stamp(): number;
    isCurrent(local: string, stamp: number): boolean;
  };
  send(stanza: Stanza): void;
  deliver(session: ClientSession, stanza: Stanza): Maybe<Outcome>;
  refuse(stanza: Stanza, refusal: Refusal, at: string): void;
  emit<E>(event: Event<E>, e: E): void;
  fault(owner: string, error: unknown, stanza: Stanza | undefined): StanzaError;
}
