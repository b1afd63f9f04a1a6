/** Debian's Prosody as a server elsewhere. Its resolver is libunbound, which is told to ask ours only. */
import type { PeerKind, PeerOptions, PeerPorts } from "./peer.ts";

export const prosody: PeerKind = {
  name: "prosody",
  async prepare(folder, ports, options) {
    const config = `${folder}/prosody.cfg.lua`;
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeTextFile(config, settings(folder, ports, options));
    return {
      program: "/usr/bin/prosody",
      args: ["-F", "--config", config],
      cwd: folder,
      watch() {
        const waiting = new Set(["c2s", "s2s", "s2s_direct_tls"]);
        return (line) => {
          waiting.delete(/Activated service '(\w+)'/.exec(line)?.[1] ?? "");
          return waiting.size === 0;
        };
      },
    };
  },
  console: (folder, words) => ({
    program: "/usr/bin/prosodyctl",
    args: ["--config", `${folder}/prosody.cfg.lua`, "shell", words],
  }),
};

function settings(folder: string, ports: PeerPorts, options: PeerOptions): string {
  const modules = [
    "roster",
    "saslauth",
    "tls",
    "disco",
    "register",
    "ping",
    "offline",
    "posix",
    "admin_shell",
    ...options.dialback === false ? [] : ["dialback"],
    ...options.acknowledges === true ? ["smacks"] : [],
    ...options.bidi === true ? ["s2s_bidi"] : [],
  ];
  return `
run_as_root = true
pidfile = "${folder}/server.pid"
data_path = "${folder}/data"
daemonize = false
log = { { levels = { min = "debug" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports.c2s} }
s2s_ports = { ${ports.s2s} }
s2s_direct_tls_ports = { ${ports.s2sTls} }
modules_enabled = { ${modules.map((name) => `"${name}"`).join(", ")} }
modules_disabled = { ${options.external === false ? '"s2s_auth_certs"' : ""} }
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
s2s_require_encryption = ${options.tlsRequired !== false}
s2s_secure_auth = ${options.certificateRequired === true}
use_ipv6 = false
ssl = { key = "${folder}/key.pem", certificate = "${folder}/cert.pem", cafile = "${folder}/authorities.pem" }
unbound = {
  resolvconf = false,
  hoststxt = false,
  forward = "${options.dns.hostname}@${options.dns.port}",
  options = { ["do-not-query-localhost:"] = "no", ["cache-max-negative-ttl:"] = "0" },
}
${options.more ?? ""}
VirtualHost "${options.domain}"
`;
}
