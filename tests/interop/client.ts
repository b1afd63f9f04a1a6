/**
 * A client script as a process. It prints one JSON line a check, `{"check", "ok", "detail"}`, and at its
 * end `{"end": true}`; every check becomes a step of the test.
 */
import { lines } from "./lines.ts";
import type { Server } from "./server.ts";

interface Check {
  readonly check: string;
  readonly ok: boolean;
  readonly detail?: string;
}

/** What to run; the script learns the server from its environment, INTEROP_*. */
export interface Script {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: number;
}

/** What a script is told of its server. */
export function environment(server: Server): Record<string, string> {
  return {
    INTEROP_DOMAIN: server.domain,
    INTEROP_PORT: String(server.c2s),
    INTEROP_TLS_PORT: String(server.c2sTls),
    INTEROP_CA: server.ca,
    ...(server.component === undefined ? {} : { INTEROP_COMPONENT_PORT: String(server.component) }),
  };
}

/** Runs a script against the server and turns its checks into steps. */
export async function runClient(t: Deno.TestContext, server: Server, script: Script): Promise<void> {
  const child = new Deno.Command(script.program, {
    args: [...script.args],
    env: { ...environment(server), ...script.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), script.timeout ?? 60_000);
  const complaints = new Response(child.stderr).text();
  const checks: Check[] = [];
  let ended = false;
  for await (const line of lines(child.stdout)) {
    const said = JSON.parse(line) as Check | { end: true };
    if ("end" in said) ended = true;
    else checks.push(said);
  }
  const { code } = await child.status;
  clearTimeout(timer);
  const stderr = await complaints;
  for (const { check, ok, detail } of checks) {
    await t.step(check, () => {
      if (!ok) throw new Error(detail ?? "failed");
    });
  }
  if (!ended || checks.some(({ ok }) => !ok)) {
    console.error(`${script.args.at(-1)}:\n${stderr}\n--- server:\n${server.log()}`);
  }
  if (!ended) throw new Error(`the script ended with ${code} after "${checks.at(-1)?.check ?? "nothing"}"`);
  if (!checks.length) throw new Error("the script checked nothing");
}
