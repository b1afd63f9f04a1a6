/** Our own server, from its command line: the one place of these tests that knows its configuration. */
import type { PeerKind, PeerOptions, PeerPorts } from "./peer.ts";

const root = new URL("../../../", import.meta.url).pathname;

export const metronome: PeerKind = {
  name: "metronome",
  async prepare(folder, ports, options) {
    const config = `${folder}/metronome.toml`;
    await Deno.writeTextFile(config, settings(folder, ports, options));
    const entry = new URL(Deno.env.get("METRONOME_ENTRY") ?? "mod.ts", `file://${root}`).pathname;
    return {
      program: Deno.execPath(),
      args: ["run", "-A", "--config", `${root}deno.json`, entry, "start", "--config", config],
      cwd: folder,
      watch: () => (line) => line.startsWith("{") && line.includes('"ports":{'),
    };
  },
};

function settings(folder: string, ports: PeerPorts, options: PeerOptions): string {
  const policy = [
    `tls_required = ${options.tlsRequired !== false}`,
    `certificate_required = ${options.certificateRequired === true}`,
    `dialback = ${options.dialback !== false}`,
    `bidi = ${options.bidi === true}`,
  ];
  return `
[server]
data = "${folder}/data"
log = "debug"
log_format = "json"

[listen]
c2s.at = ["127.0.0.1:${ports.c2s}"]
c2s-tls.enabled = false
s2s.at = ["127.0.0.1:${ports.s2s}"]
s2s-tls.at = ["127.0.0.1:${ports.s2sTls}"]
http.enabled = false
https.enabled = false

[dns]
servers = ["${options.dns.hostname}:${options.dns.port}"]
ipv6 = false

[tls]
roots = ["${folder}/authorities.pem"]

[host."${options.domain}"]
certificate = { cert = "${folder}/cert.pem", key = "${folder}/key.pem" }
tls_required = false
plain_without_tls = true
scram_iterations = 4096

[host."${options.domain}".registration]
open = "everybody"
burst = 0

[host."${options.domain}".federation]
${policy.join("\n")}
${options.more ?? ""}
`;
}
