/**
 * Our own server from its command line. This is the one place that knows the configuration's form and
 * how the server says which ports it got (`log.format = "json"`, one record with all of them).
 */
import type { Certificate } from "./certificate.ts";
import type { Launch, Ports, Target } from "./target.ts";

const root = new URL("../../", import.meta.url).pathname;

export const metronome: Target = {
  name: "metronome",
  async prepare(dir, certificate, fragment): Promise<Launch> {
    const config = `${dir}/metronome.toml`;
    await Deno.writeTextFile(config, settings(dir, certificate) + fragment);
    const entry = new URL(Deno.env.get("METRONOME_ENTRY") ?? "mod.ts", `file://${root}`).pathname;
    return {
      program: Deno.execPath(),
      args: ["run", "-A", "--config", `${root}deno.json`, entry, "start", "--config", config],
      ready: readPorts,
    };
  },
};

/** Every listener on a port of the system's choice, registration open without limits, passwords quickly proved. */
function settings(dir: string, { cert, key }: Certificate): string {
  return `
[server]
data = "${dir}/data"
log_format = "json"

[listen.c2s]
at = ["127.0.0.1:0"]

[listen.c2s-tls]
at = ["127.0.0.1:0"]

[listen.s2s]
enabled = false

[listen.s2s-tls]
enabled = false

[listen.http]
at = ["127.0.0.1:0"]

[listen.https]
at = ["127.0.0.1:0"]

[host.localhost]
certificate = { cert = "${cert}", key = "${key}" }
scram_iterations = 4096

[host.localhost.registration]
open = "everybody"
burst = 0
`;
}

/** The ports in a line of the log, when it is the record `ready`: `"ports":{"c2s":[1],"c2s-tls":[2]}`. */
function readPorts(line: string): Ports | undefined {
  const ports = line.startsWith("{") ? record(line)?.ports : undefined;
  const c2s = ports?.["c2s"]?.[0], c2sTls = ports?.["c2s-tls"]?.[0];
  if (!c2s || !c2sTls) return undefined;
  return { c2s, c2sTls, http: ports?.["http"]?.[0], component: ports?.["component"]?.[0] };
}

function record(line: string): { ports?: Record<string, number[]> } | undefined {
  try {
    return JSON.parse(line);
  } catch { // not every line that begins with a brace is a record
    return undefined;
  }
}
