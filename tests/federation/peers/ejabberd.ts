/**
 * Debian's ejabberd as a server elsewhere, started as its control script does, less the distribution: no node name, so no
 * port of Erlang's own. Its resolver is Erlang's, which is told by a file to ask our name server only.
 */
import type { PeerKind, PeerOptions, PeerPorts } from "./peer.ts";

export const ejabberd: PeerKind = {
  name: "ejabberd",
  async prepare(folder, ports, options) {
    await Deno.mkdir(`${folder}/data`);
    const pem = `${folder}/both.pem`;
    await Deno.writeTextFile(pem, `${options.certificate.cert}${options.certificate.key}`);
    const config = `${folder}/ejabberd.yml`;
    await Deno.writeTextFile(config, settings(folder, pem, ports, options));
    const { hostname, port } = options.dns;
    const names = `${folder}/inetrc`;
    await Deno.writeTextFile(
      names,
      `{lookup, [dns]}.\n{resolv_conf, ""}.\n{hosts_file, ""}.\n{cache_size, 0}.\n` +
        `{nameserver, {${hostname.replaceAll(".", ",")}}, ${port}}.\n{timeout, 1000}.\n{retry, 2}.\n`,
    );
    const log = `${folder}/server.log`;
    return {
      program: "/usr/bin/erl",
      args: [
        ..."+K true +P 100000 +sbwt none +sbwtdcpu none +sbwtdio none".split(" "),
        ...["-noinput", "-mnesia", "dir", `"${folder}/data"`, "-ejabberd", "quiet", "true", "-s", "ejabberd"],
      ],
      env: {
        ERL_LIBS: `/usr/lib/${Deno.build.arch}-linux-gnu`,
        ERL_INETRC: names,
        ERL_CRASH_DUMP_BYTES: "0",
        EJABBERD_CONFIG_PATH: config,
        EJABBERD_LOG_PATH: log,
        EJABBERD_PID_PATH: `${folder}/server.pid`,
        HOME: folder,
      },
      cwd: folder,
      logFile: log,
      watch() {
        const waiting = new Set([ports.c2s, ports.s2s, ports.s2sTls]);
        return (line) => {
          waiting.delete(Number(/Start accepting \w+ connections at 127\.0\.0\.1:(\d+)/.exec(line)?.[1]));
          return waiting.size === 0;
        };
      },
    };
  },
};

function settings(folder: string, pem: string, ports: PeerPorts, options: PeerOptions): string {
  const tls = options.tlsRequired === false ? "optional" : "required";
  return `
hosts:
  - "${options.domain}"
loglevel: debug
certfiles:
  - "${pem}"
s2s_cafile: "${folder}/authorities.pem"
ca_file: "${folder}/authorities.pem"
s2s_use_starttls: ${tls}
s2s_dns_timeout: 5
s2s_dns_retries: 1
outgoing_s2s_families: [ipv4]
auth_method: internal
registration_timeout: infinity
listen:
  - port: ${ports.c2s}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    starttls: true
  - port: ${ports.s2s}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in
  - port: ${ports.s2sTls}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in
    tls: true
access_rules:
  everybody:
    allow: all
modules:
  mod_disco: {}
  mod_roster: {}
  mod_offline: {}
  mod_ping: {}
  mod_register:
    access: everybody
    ip_access: everybody
${options.dialback === false ? "" : "  mod_s2s_dialback: {}\n"}${options.more ?? ""}
`;
}
