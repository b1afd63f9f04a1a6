/**
 * How much memory a large file needs on its way in and out: a server of its own, `curl` as the client, and the most that the
 * process had resident meanwhile (VmHWM, set back before each step). Linux only.
 *
 *     deno run -A tests/bench/upload_memory.ts [bytes]
 */
import { WebSocketTalker } from "../web/web_socket_talker.ts";

const root = new URL("../../", import.meta.url).pathname;
const size = Number(Deno.args[0] ?? 1_000_000_000);
const folder = await Deno.makeTempDir({ prefix: "metronome-upload-" });
const PASSWORD = "correct horse battery";
const flags = ["run", "-A", "--no-check", "--v8-flags=--max-semi-space-size=4", `${root}mod.ts`];

await Deno.writeTextFile(
  `${folder}/metronome.toml`,
  `[server]
data = "${folder}/data"
log = "warn"
[listen]
c2s.at = ["127.0.0.1:0"]
c2s-tls.enabled = false
s2s.enabled = false
s2s-tls.enabled = false
http.at = ["127.0.0.1:0"]
https.at = ["127.0.0.1:0"]
[defaults]
plain_without_tls = true
tls_required = false
[host."a.test"]
upload.largest = "4 GiB"
upload.message.quota = "100 GiB"
`,
);

async function run(program: string, args: readonly string[], input = ""): Promise<string> {
  const process = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped" }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  return new TextDecoder().decode((await process.output()).stdout);
}

const metronome = (args: readonly string[], input?: string) =>
  run(Deno.execPath(), [...flags, ...args, "--config", `${folder}/metronome.toml`], input);

await run("dd", [
  "if=/dev/urandom",
  `of=${folder}/large`,
  "bs=1M",
  `count=${Math.ceil(size / 1_048_576)}`,
  "status=none",
]);
await Deno.truncate(`${folder}/large`, size);
await Deno.writeFile(`${folder}/small`, crypto.getRandomValues(new Uint8Array(65_536)));
await metronome(["user", "add", "alice@a.test"], `${PASSWORD}\n`);

async function measure(kind: "http" | "https"): Promise<void> {
  const args = [...flags, "start", "--config", `${folder}/metronome.toml`];
  const server = new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "inherit" }).spawn();
  try {
    let status = "";
    while (!status.includes('"ports"')) status = await metronome(["status", "--json"]).catch(() => "");
    const { ports } = JSON.parse(status) as { ports: Record<string, number[]> };
    const base = `${kind}://127.0.0.1:${ports[kind]![0]}`;
    const talker = await WebSocketTalker.connect(ports["http"]![0]!);
    await talker.online("alice", PASSWORD, "bench");
    let ids = 0;
    const slot = async (bytes: number) => {
      const id = `s${++ids}`;
      talker.send(
        `<iq xmlns='jabber:client' type='get' id='${id}' to='a.test'><request xmlns='urn:xmpp:http:upload:0' filename='f' size='${bytes}'/></iq>`,
      );
      const put = (await talker.expect(`<iq id='${id}'/>`)).first()!.child("put")!;
      return { url: base + new URL(put.attr("url")!).pathname, token: put.first()!.text };
    };
    const curl = (...more: string[]) =>
      run("curl", ["-sk", "-o", "/dev/null", "-w", "%{time_total}", "-H", "Host: a.test", ...more]);
    const memory = async (what: string): Promise<number> => {
      const text = await Deno.readTextFile(`/proc/${server.pid}/status`);
      return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(text)![1]) / 1024;
    };
    const step = async (name: string, work: () => Promise<string>) => {
      await Deno.writeTextFile(`/proc/${server.pid}/clear_refs`, "5");
      const before = await memory("VmRSS");
      const seconds = await work();
      const most = await memory("VmHWM");
      console.log(
        `${kind.padEnd(6)}${name.padEnd(20)}${seconds} s, from ${before.toFixed(1)} to at most ${
          most.toFixed(1)
        } MiB (+${(most - before).toFixed(1)})`,
      );
    };
    for (let n = 0; n < 20; n++) {
      const { url, token } = await slot(65_536);
      await curl("-T", `${folder}/small`, "-H", `Authorization: ${token}`, url);
      await curl(url);
    }
    const { url, token } = await slot(size);
    await step("upload", () => curl("-T", `${folder}/large`, "-H", `Authorization: ${token}`, url));
    await step("download", () => curl(url));
    await step("download, 100 MB/s", () => curl("--limit-rate", "100M", url));
    talker.socket.terminate();
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
}

try {
  for (const kind of ["http", "https"] as const) await measure(kind);
} finally {
  await Deno.remove(folder, { recursive: true });
}
