/** What this server thinks of the certificates that were shown. */
import { createHash } from "node:crypto";
import type { Finding } from "../checks/finding.ts";
import type { Reached, Stage, Visit } from "./stage.ts";

export const certificate: Stage = {
  id: "certificate",
  line: "whether their certificates stand for the domain",
  async run(visit) {
    const findings: Finding[] = [];
    for (const alike of byCertificate(visit.reached)) findings.push(await judged(visit, alike));
    return findings;
  },
};

/** Places that showed the same certificate, and have the same to say about it in DNS, are judged once. */
function byCertificate(reached: readonly Reached[]): Reached[][] {
  const groups = new Map<string, Reached[]>();
  for (const it of reached) {
    if (it.chain === undefined) continue;
    const [leaf] = it.chain;
    const digest = leaf === undefined ? "" : createHash("sha256").update(leaf).digest("hex");
    const key = it.tlsa === undefined ? digest : `${digest} ${it.target.host}:${it.target.port}`;
    groups.set(key, [...groups.get(key) ?? [], it]);
  }
  return [...groups.values()];
}

async function judged({ domain, settings, trust }: Visit, alike: readonly Reached[]): Promise<Finding> {
  const [first] = alike;
  const places = alike.map(({ target: { port }, address }) => `${address} port ${port}`).join(", ");
  const chain = first?.chain ?? [];
  const records = settings.tls.dane ? first?.tlsa : undefined;
  const dane = records === undefined || first === undefined
    ? undefined
    : { records, host: first.target.host };
  const { valid, why, how } = await trust.identify(domain, chain, dane);
  if (valid) return { severity: "ok", text: `valid for ${domain} (${WAYS[how]}): ${places}` };
  const fix = "it can still be known by dialback, where the host's policy allows that";
  return { severity: "warning", text: `${why}: ${places}`, fix };
}

const WAYS = {
  pkix: "by an authority",
  dane: "by its DNS, DANE",
  posh: "by its web server, POSH",
} as const;
