/** What all services of one host stand on. */
import type { HostScope } from "#plugin";
import type { Configs } from "./configs.ts";
import type { Outbox } from "./outbox.ts";
import type { PubsubTables } from "./store.ts";

export interface Ground {
  readonly host: HostScope<unknown>;
  readonly tables: PubsubTables;
  readonly outbox: Outbox;
  readonly configs: Configs;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Something was written. */
  changed(): void;
}
