/** The options of the gate. */
import { duration, Jid, options, readDomainPattern, text, z } from "#plugin";

const pattern = z.string().refine((it) => readDomainPattern(it) !== undefined, {
  error: 'expected a domain such as "example.org", or "*.example.org" for all below it',
});

const address = text().refine((it) => Jid.tryParse(it) !== undefined, {
  error: 'expected an address such as "xmppbl.org"',
});

export const config = options({
  block: z.array(pattern).default([]).describe(
    'Domains that nothing is exchanged with; "*.example.org" stands for all below example.org.',
  ),
  allow: z.array(pattern).default([]).describe("Domains that are always let in, whatever they do."),
  protect: z.boolean().default(false).describe("Whether nobody else is let in but those in `allow`."),
  hits: z.number().int().min(1).max(100_000).default(50).describe("Offences after which a domain is banned."),
  forget: duration().prefault("1 day").describe(
    "The time in which so many offences are forgotten, little by little.",
  ),
  ban: duration().prefault("2 days").describe("For how long."),
  domains_per_address: z.number().int().min(0).max(1000).default(1).describe(
    "Connections from an address are refused where a banned domain came from it, and no more than so many domains have; " +
      "0 for never.",
  ),
  lists: z.array(z.strictObject({
    service: address.describe("Who publishes the list."),
    node: text().default("muc_bans_sha256").describe("Its node there."),
  })).default([]).describe(
    "Block lists to follow: nodes whose items are named by addresses or domains, plain or as SHA-256.",
  ),
  refresh: duration().prefault("6 hours").describe(
    "After what time a list is read anew, for what was not told.",
  ),
});

export type GateOptions = z.infer<typeof config>;
