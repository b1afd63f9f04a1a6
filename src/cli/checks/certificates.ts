/** Whether every host has a certificate that clients accept, and for how long. */
import { createLog } from "../../base/log.ts";
import { certificateSource } from "../../server/certificates.ts";
import { Certificates } from "../../transport/certificates.ts";
import { covers } from "../../transport/tls_context.ts";
import type { HostSettings } from "../../config/mod.ts";
import type { Check, Finding, Subject } from "./finding.ts";

const DAY = 86_400_000;
const SOON = 14;

export const certificates: Check = {
  id: "certificates",
  line: "every host has a certificate for its name that lasts",
  run(subject) {
    const { settings } = subject.loaded.read;
    const hosts = Object.values(settings.hosts);
    const sources = hosts.map((host) => certificateSource(host, settings));
    const known = new Certificates({
      hosts: sources.filter((source) => source !== "self-signed"),
      folder: settings.tls.certs_dir,
      clock: subject.clock,
      log: createLog({ level: "error", write: () => {} }),
    });
    const findings: Finding[] = known.problems.map(({ host, message }) => ({
      severity: "error",
      text: `${host}: ${message}`,
    }));
    const broken = new Set(known.problems.map(({ host }) => host));
    hosts.forEach((host, i) => {
      if (broken.has(host.domain)) return;
      findings.push(sources[i] === "self-signed" ? selfSigned(host) : lookAt(host, hosts, known, subject));
    });
    return Promise.resolve(findings);
  },
};

function selfSigned({ domain }: HostSettings): Finding {
  return {
    severity: domain === "localhost" ? "note" : "warning",
    text: `${domain}: none, so the server makes one itself, which clients warn about`,
    fix: `give it one: certificate = "PATH" for host."${domain}", or files named ${domain} in tls.certs_dir`,
  };
}

function lookAt(
  { domain, parent }: HostSettings,
  hosts: readonly HostSettings[],
  known: Certificates,
  { clock }: Subject,
): Finding {
  const context = known.forHost(domain);
  if (context === undefined) {
    const above = hosts.find((host) => host.domain === parent);
    if (above !== undefined && known.forHost(above.domain) === undefined) {
      return { severity: "ok", text: `${domain}: shares that of ${above.domain}` };
    }
    return {
      severity: "warning",
      text: `${domain}: no certificate covers this name; other servers will not reach it`,
      fix: `have the name added to the certificate of ${parent ?? "its host"}`,
    };
  }
  const days = Math.floor((context.notAfter - clock.now()) / DAY);
  const until = new Date(context.notAfter).toISOString().slice(0, 10);
  if (days < 0) {
    return {
      severity: "error",
      text: `${domain}: expired on ${until}`,
      fix: "renew it; it is read by itself",
    };
  }
  if (context.notBefore > clock.now()) {
    return { severity: "error", text: `${domain}: is not valid yet; is the clock right?` };
  }
  if (!covers(context, domain)) {
    return {
      severity: "error",
      text: `${domain}: the certificate is for ${
        [...context.names.dns, ...context.names.xmpp].join(", ") || "no name"
      }`,
      fix: "clients refuse it: get one for this name",
    };
  }
  if (days <= SOON) {
    return { severity: "warning", text: `${domain}: expires in ${days} days (${until})`, fix: "renew it" };
  }
  const how = context.selfSigned ? ", self-signed: clients warn about it" : "";
  return {
    severity: context.selfSigned ? "warning" : "ok",
    text: `${domain}: until ${until} (${days} days)${how}`,
  };
}
