/** The options of federation as decisions about one domain. */
import { domainsOf, type PeerPolicy, StanzaError } from "#plugin";
import type { Config } from "./config.ts";

/** What a host has decided, by its options. */
export function policyOf(domain: string, config: Config): PeerPolicy {
  const allow = domainsOf(config.allow);
  const deny = domainsOf(config.deny);
  const withoutTls = domainsOf(config.without_tls);
  const withoutCertificate = domainsOf(config.without_certificate);
  const withCertificate = domainsOf(config.with_certificate);
  const oneWay = domainsOf(config.one_way);
  return {
    refuses(remote) {
      // A list of who is allowed allows nobody else; who is denied is denied for all that.
      if (!deny.covers(remote) && (allow.size === 0 || allow.covers(remote))) return undefined;
      return new StanzaError("not-allowed", `${domain} does not talk to ${remote}`);
    },
    tlsRequired: (remote) => config.tls_required && !withoutTls.covers(remote),
    certificateRequired: (remote) =>
      withCertificate.covers(remote) || (config.certificate_required && !withoutCertificate.covers(remote)),
    bidi: (remote) => config.bidi && !oneWay.covers(remote),
    dialback: config.dialback,
    dialbackSecret: config.dialback_secret?.reveal(),
    dialbackErrors: config.dialback_errors,
    pairsPerStream: config.pairs_per_stream,
    callBackWithin: config.call_back_timeout,
    connectWithin: config.connect_timeout,
    idleAfter: config.idle_timeout,
    pingAfter: config.ping_after,
    acknowledges: config.acknowledge,
    resumeWithin: config.resume_timeout,
    waitingStanzas: config.waiting_stanzas,
    waitingSize: config.waiting_size,
    backOffFirst: config.retry_after,
    backOffMost: config.retry_after_at_most,
  };
}
