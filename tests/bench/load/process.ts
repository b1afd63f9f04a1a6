/** A server under test as a process: started on ports of its own, ready when it answers a stream, stopped by SIGTERM. */
import type { Place, Server } from "./servers.ts";

/** The host that every server serves here; its rooms are at `conference.` of it. */
export const DOMAIN = "localhost";
const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 30_000;

/** A server that answers. */
export interface Running {
  readonly pid: number;
  readonly port: number;
  readonly tlsport: number;
  /** HTTP in the clear. */
  readonly webport: number;
  readonly startMs: number;
  stop(): Promise<void>;
}

export const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Starts a server in its directory and waits until it offers mechanisms on its plain port. */
export async function start(server: Server, dir: string, work: string, mam: boolean): Promise<Running> {
  const port = freePort(), tlsport = freePort(), webport = freePort();
  await Deno.mkdir(`${dir}/data`, { recursive: true });
  const place: Place = {
    dir,
    port: String(port),
    tlsport: String(tlsport),
    webport: String(webport),
    domain: DOMAIN,
    cert: `${work}/cert.pem`,
    key: `${work}/key.pem`,
    mam: mam ? "1" : "0",
  };
  const { program, args, env } = await server.command(place);
  const log = `${dir}/console.log`;
  const line = [program, ...args].map(quote).join(" ");
  const began = performance.now();
  const child = new Deno.Command("/bin/sh", {
    // A shell sends the output to a file and becomes the server: the process id is the server's.
    args: ["-c", `ulimit -n $(ulimit -Hn); exec ${line} >>${quote(log)} 2>&1`],
    env,
    cwd: dir,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let over = false;
  const ended = child.status.then(() => void (over = true));
  while (!(await answers(port))) {
    if (over || performance.now() - began > START_TIMEOUT) {
      if (!over) child.kill("SIGKILL");
      const said = await Deno.readTextFile(log).catch(() => "");
      throw new Error(`${server.name} did not start; see ${log}:\n${said}`);
    }
    await sleep(10);
  }
  return {
    pid: child.pid,
    port,
    tlsport,
    webport,
    startMs: performance.now() - began,
    async stop() {
      if (over) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => over || child.kill("SIGKILL"), STOP_TIMEOUT);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Resident memory of one process, MiB. */
export function residentMemory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** Runs a program to its end; throws when it fails. */
export async function run(program: string, args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "inherit" })
    .output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** Whether a stream can be opened and features come back. */
async function answers(port: number): Promise<boolean> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  if (!conn) return false;
  const close = () => {
    try {
      conn.close();
    } catch { /* closed already */ }
  };
  const timer = setTimeout(close, 1000);
  try {
    await conn.write(new TextEncoder().encode(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " +
        `xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='${DOMAIN}'>`,
    ));
    const buffer = new Uint8Array(4096);
    let text = "";
    while (!text.includes("mechanism>")) {
      const count = await conn.read(buffer);
      if (count === null) return false;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    close();
  }
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
