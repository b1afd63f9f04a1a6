/** The real server as a process of its own, from its command line: started, killed, stopped, or seen to refuse. */
import { lines } from "../interop/lines.ts";

const root = new URL("../../", import.meta.url).pathname;
/** How long a start or a stop may take on a busy machine. */
const PATIENCE = 30_000;

export interface Ports {
  readonly c2s: number;
  readonly c2sTls: number;
  readonly http: number;
}

/** What is run, and with what. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Nothing of this process's environment but `env`. */
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** What is piped into it. */
  readonly stdin?: string;
}

/** The server of this source tree with a configuration; METRONOME_ENTRY puts another entry in the place of `mod.ts`. */
export function fromSource(config: string): Command {
  const entry = Deno.env.get("METRONOME_ENTRY") ?? `${root}mod.ts`;
  return {
    program: Deno.execPath(),
    args: ["run", "-A", "--config", `${root}deno.json`, entry, "start", "--config", config],
  };
}

/**
 * A configuration for clients without TLS and without limits, on ports of the system's choice. `more` are further lines of
 * its `[server]`, `host` of its `[host.localhost]`.
 */
export function settings(data: string, more = "", host = ""): string {
  return `
[server]
data = ${JSON.stringify(data)}
log_format = "json"
${more}
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

[limits]
bytes_per_second = "off"
stanzas_per_second = "off"

[host.localhost]
tls_required = false
plain_without_tls = true
scram_iterations = 4096
${host}

[host.localhost.registration]
open = "everybody"
burst = 0

[host.localhost.private]
elements = 10000
size = "100 MiB"
`;
}

export class ServerProcess implements AsyncDisposable {
  private constructor(
    private readonly child: Deno.ChildProcess,
    readonly ports: Ports,
    private readonly printed: readonly string[],
    private readonly watching: Promise<unknown>,
  ) {}

  /** Starts it and waits until it says on which ports it serves. */
  static async start(command: Command): Promise<ServerProcess> {
    const child = spawn(command);
    const printed: string[] = [];
    const { promise: ready, resolve, reject } = Promise.withResolvers<Ports>();
    const watch = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      for await (const line of lines(stream)) {
        printed.push(line);
        const ports = portsIn(line);
        if (ports !== undefined) resolve(ports);
      }
    };
    const watching = Promise.all([watch(child.stdout), watch(child.stderr)]);
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    const ended = Promise.all([child.status, watching]);
    ended.then(([{ code }]) =>
      reject(new Error(`it ended with ${code} before it was ready:\n${printed.join("\n")}`))
    );
    try {
      return new ServerProcess(child, await ready, printed, watching);
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.child.pid;
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.printed.join("\n");
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    const { signal } = await this.child.status;
    await this.watching;
    if (signal !== "SIGKILL") throw new Error(`it ended by itself:\n${this.output}`);
  }

  /** SIGTERM; the code it ends with. */
  async stop(): Promise<number> {
    this.child.kill("SIGTERM");
    return await this.ended();
  }

  /** Waits until it ends by itself, or for as long as that may take. */
  async ended(): Promise<number> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE);
    const { code } = await this.child.status;
    clearTimeout(timer);
    await this.watching;
    return code;
  }

  /** What a failed test leaves behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.child.status;
    await this.watching;
  }
}

/** Runs a command to its end: for starts that must be refused, and for commands that only say something. */
export async function run(command: Command): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(command);
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  if (command.stdin !== undefined) {
    await new Blob([command.stdin]).stream().pipeTo(child.stdin).catch(() => {/* it ended before it read */});
  }
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

function spawn({ program, args, env = {}, clearEnv = false, cwd, stdin }: Command): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    clearEnv,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * The ports in the one record `ready` of the log: `"ports":{"c2s":[1],"c2s-tls":[2],"http":[3]}` for programs,
 * `ready … ports=c2s:1,c2s-tls:2,http:3` for people.
 */
function portsIn(line: string): Ports | undefined {
  const json = /"ports":(\{[^}]*\})/.exec(line)?.[1];
  const text = / ready .*\bports=(\S+)/.exec(line)?.[1];
  const ports = json !== undefined
    ? JSON.parse(json) as Record<string, readonly number[]>
    : Object.fromEntries(
      (text?.split(",") ?? []).map((one) => [one.replace(/:.*/, ""), [Number(/\d+$/.exec(one))]]),
    );
  const [c2s, c2sTls, http] = ["c2s", "c2s-tls", "http"].map((kind) => ports[kind]?.[0]);
  if (c2s === undefined || c2sTls === undefined || http === undefined) return undefined;
  return { c2s, c2sTls, http };
}
