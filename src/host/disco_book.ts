/** What a host and its accounts say of themselves (XEP-0030), collected from registrations. */
import type { DiscoProvider, Identity } from "./disco.ts";
import type { Draft } from "./draft.ts";

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
