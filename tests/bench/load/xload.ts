/** The load generator: built from xload.c when it is newer than its binary, and called once a step. */
import { DOMAIN, run, type Running } from "./process.ts";
import type { Row } from "./rows.ts";
import type { Server } from "./servers.ts";
import type { Step } from "./steps.ts";

/** Compiles xload into the scratch directory where that is needed. */
export async function build(work: string): Promise<void> {
  const source = new URL("xload.c", import.meta.url).pathname;
  const age = async (path: string) => (await Deno.stat(path).catch(() => undefined))?.mtime?.getTime() ?? 0;
  if (await age(`${work}/xload`) >= await age(source)) return;
  await run("cc", ["-O2", "-o", `${work}/xload`, source, "-lssl", "-lcrypto"]);
}

/** Makes the self-signed certificate that all servers share. */
export async function certificate(work: string): Promise<void> {
  if (await Deno.stat(`${work}/cert.pem`).then(() => true, () => false)) return;
  const names = `subjectAltName=DNS:${DOMAIN},DNS:conference.${DOMAIN},DNS:muc.${DOMAIN}`;
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650".split(" ");
  const out = ["-keyout", `${work}/key.pem`, "-out", `${work}/cert.pem`];
  await run("openssl", [...request, "-subj", `/CN=${DOMAIN}`, "-addext", names, ...out]);
}

/** Puts one step's load on a server; the rows are what xload printed, and one that says `failed` if it failed. */
export async function load(work: string, server: Server, running: Running, step: Step): Promise<Row[]> {
  const [scenario = "", ...rest] = step.args;
  const web = rest.includes("--ws");
  const port = web ? running.webport : rest.includes("direct") ? running.tlsport : running.port;
  const mech = server.mech && scenario !== "login" ? ["--mech", server.mech] : [];
  const rooms = server.rooms && scenario === "muc" ? ["--muc", server.rooms] : [];
  const args = ["--port", `${port}`, "--domain", DOMAIN, "--pid", `${running.pid}`, "--label", server.name];
  const { success, stdout } = await new Deno.Command(`${work}/xload`, {
    args: [scenario, ...args, ...mech, ...rooms, ...rest],
    stderr: "inherit",
  }).output();
  const rows: Row[] = new TextDecoder().decode(stdout).split("\n").filter(Boolean)
    .map((line) => ({ server: server.name, step: step.name, ...JSON.parse(line) as Row }));
  if (!success) rows.push({ server: server.name, step: step.name, scenario, failed: true });
  return rows;
}
