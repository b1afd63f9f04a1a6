/** What can be said about other servers. The defaults are those that the network has settled on: TLS always, and a certificate or a call-back. */
import { duration, options, readDomainPattern, secret, size, z } from "#plugin";

/** A domain, all below one, or all. */
const pattern = z.string().refine((text) => text === "*" || readDomainPattern(text) !== undefined, {
  error: 'expected a domain such as "example.org", "*.example.org" for all below it, or "*" for all',
});
const domains = (text: string) => z.array(pattern).default([]).describe(text);
const count = z.number().int().min(1);

export const config = options({
  allow: domains('The only domains to talk to; "*.example.org" is all below. Without any, all.'),
  deny: domains("Domains not to talk to."),
  tls_required: z.boolean().default(true).describe("Whether other servers must use TLS."),
  without_tls: domains("Domains that need no TLS."),
  certificate_required: z.boolean().default(false).describe(
    "Whether other servers must prove themselves by a certificate; without it a call-back (dialback) will do.",
  ),
  with_certificate: domains("Domains that must show a valid certificate in any case."),
  without_certificate: domains("Domains for which a call-back will do in any case."),
  dialback: z.boolean().default(true).describe(
    "Whether servers may prove themselves by a call-back, we to them too.",
  ),
  dialback_secret: secret().optional().describe(
    "What dialback keys are made from, where several servers must make the same; without it, a secret of this one.",
  ),
  dialback_errors: z.number().int().min(0).default(10).describe(
    "Errors that one stream may get before it is closed.",
  ),
  bidi: z.boolean().default(true).describe("Whether one connection serves both directions."),
  one_way: domains("Domains with which each direction has a connection of its own."),
  acknowledge: z.boolean().default(true).describe(
    "Whether stanzas are acknowledged where the other side can.",
  ),
  resume_timeout: duration({ off: 0 }).prefault("1 min").describe(
    "How long a stream that broke waits to be resumed.",
  ),
  pairs_per_stream: count.default(500).describe("Pairs of domains that may share a stream."),
  connect_timeout: duration().prefault("60 s").describe(
    "How long stanzas wait for a connection before they are returned.",
  ),
  call_back_timeout: duration().prefault("15 s").describe("How long a call-back may take."),
  waiting_stanzas: count.default(1000).describe("Stanzas that may wait for one domain."),
  waiting_size: size().prefault("4 MiB").describe("What they may take up."),
  retry_after: duration().prefault("5 s").describe(
    "How long a domain that could not be reached is left alone; doubled each time.",
  ),
  retry_after_at_most: duration().prefault("10 min").describe("How long that gets at most."),
  idle_timeout: duration({ off: 0 }).prefault("30 min").describe(
    "After how long a stream that carries nothing is closed.",
  ),
  ping_after: duration().prefault("5 min").describe("After how much silence a connection is tried."),
});

export type Config = z.infer<typeof config>;
