/**
 * What other plugins may do about servers elsewhere.
 *
 * To refuse a domain, register guards: `host.tap(claiming, …)` refuses it when it wants to authenticate (incoming, before any
 * call-back; the answer is the `StanzaError` that is returned), `host.at(exporting).guard(…)` refuses what is about to leave
 * for it, and `host.at(arriving).guard(…)` what comes from it on a stream that is there already. `close` ends such streams.
 */
import { defineService, type PeerPair } from "#plugin";

export interface Federation {
  /** The authenticated pairs of this host with others. */
  pairs(): PeerPair[];
  /** Ends every stream of a domain with this host, with `policy-violation`; what waits for it is bounced. Counts the pairs. */
  close(remote: string, reason: string): number;
}

export const federation = defineService<Federation>("federation");
