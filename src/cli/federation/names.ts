/** What DNS says of a domain's servers, and in which order they are tried because of it. */
import type { Answer, SrvRecord } from "../../dns/resolver.ts";
import { asciiDomain } from "../../jid/domain.ts";
import { addressLiteral, type Target } from "../../remote/resolve.ts";
import type { Finding } from "../checks/finding.ts";
import type { Stage, Visit } from "./stage.ts";

const SERVICES = ["_xmpps-server", "_xmpp-server"];

export const names: Stage = {
  id: "dns",
  line: "where the servers of the domain are",
  async run(visit) {
    const findings: Finding[] = [];
    if (addressLiteral(visit.domain) === undefined) {
      findings.push({ severity: "note", text: `asked: ${visit.resolver.asks}` });
      for (const service of SERVICES) findings.push(...await records(visit, service));
    }
    try {
      visit.targets = await visit.dial.targets(visit.domain);
    } catch (error) {
      return [...findings, { severity: "error", text: reasonOf(error), fix: FIX }];
    }
    return [...findings, ...visit.targets.map(inOrder)];
  },
};

const FIX = "publish SRV records of _xmpp-server._tcp, or addresses of the domain itself";

async function records({ domain, resolver }: Visit, service: string): Promise<Finding[]> {
  const name = `${service}._tcp.${asciiDomain(domain)}`;
  let answer: Answer<SrvRecord>;
  try {
    answer = await resolver.srv(name);
  } catch (error) {
    return [{ severity: "warning", text: reasonOf(error) }];
  }
  if (answer.records.length === 0) return [{ severity: "note", text: `${name}: no SRV records` }];
  const proved = answer.authentic ? ", proved by DNSSEC" : "";
  return answer.records.map(({ priority, weight, port, target }): Finding =>
    target === "." ? { severity: "note", text: `${name}: not offered (the target is ".")${proved}` } : {
      severity: "ok",
      text: `${name}: priority ${priority}, weight ${weight}, ${target}:${port}${proved}`,
    }
  );
}

function inOrder(target: Target, place: number): Finding {
  return { severity: "ok", text: `${place + 1}. ${placeOf(target)}` };
}

/** A target as a person reads it. */
export function placeOf({ host, port, direct }: Target): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port} with ${
    direct ? "TLS from the first byte" : "STARTTLS"
  }`;
}

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
