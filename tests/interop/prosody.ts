/** Debian's Prosody as a target: proves that the client scripts are right before they judge our server. */
import type { Certificate } from "./certificate.ts";
import type { Launch, Ports, Target } from "./target.ts";

export const prosody: Target = {
  name: "prosody",
  async prepare(dir, certificate): Promise<Launch> {
    const config = `${dir}/prosody.cfg.lua`;
    const ports: Ports = { c2s: freePort(), c2sTls: freePort(), http: undefined };
    await Deno.mkdir(`${dir}/data`);
    await Deno.writeTextFile(config, settings(dir, certificate, ports));
    const waiting = new Set(["c2s", "c2s_direct_tls"]);
    return {
      program: "/usr/bin/prosody",
      args: ["-F", "--config", config],
      ready(line) {
        const service = /Activated service '(\w+)'/.exec(line)?.[1];
        if (service) waiting.delete(service);
        return waiting.size ? undefined : ports;
      },
    };
  },
};

function settings(dir: string, { cert, key }: Certificate, ports: Ports): string {
  return `
run_as_root = true
pidfile = "${dir}/server.pid"
data_path = "${dir}/data"
daemonize = false
log = { { levels = { min = "info" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports.c2s} }
c2s_direct_tls_ports = { ${ports.c2sTls} }
s2s_ports = {}
modules_disabled = { "s2s" }
modules_enabled = {
  "roster", "saslauth", "tls", "disco", "carbons", "pep", "private", "blocklist", "vcard", "version", "uptime",
  "time", "ping", "register", "offline", "posix", "lastactivity", "smacks", "csi", "mam",
  "admin_adhoc",
}
allow_registration = true
authentication = "internal_hashed"
ssl = { key = "${key}", certificate = "${cert}" }
VirtualHost "localhost"
`;
}

/** A port that was free a moment ago: Prosody cannot say which it got. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
