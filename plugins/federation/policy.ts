/** The options of federation as decisions about one domain. */
import { type PeerPolicy, StanzaError } from "#plugin";
import type { Config } from "./config.ts";
import { Domains } from "./domains.ts";

/** What a host has decided, by its options. */
export function policyOf(domain: string, config: Config): PeerPolicy {
  const allow = new Domains(config.allow);
  const deny = new Domains(config.deny);
  const withoutTls = new Domains(config.without_tls);
  const withoutCertificate = new Domains(config.without_certificate);
  const withCertificate = new Domains(config.with_certificate);
  const oneWay = new Domains(config.one_way);
  return {
    refuses(remote) {
      // A list of who is allowed allows nobody else; who is denied is denied for all that.
      if (!deny.has(remote) && (allow.empty || allow.has(remote))) return undefined;
      return new StanzaError("not-allowed", `${domain} does not talk to ${remote}`);
    },
    tlsRequired: (remote) => config.tls_required && !withoutTls.has(remote),
    certificateRequired: (remote) =>
      withCertificate.has(remote) || (config.certificate_required && !withoutCertificate.has(remote)),
    bidi: (remote) => config.bidi && !oneWay.has(remote),
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
