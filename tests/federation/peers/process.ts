/** A server program under test: its output by lines, and what can happen to a process. */
import { lines } from "../../interop/lines.ts";

/** What to run, and when it is ready. */
export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** A file that it logs to, where it does not print its log; made anew for each start. */
  readonly logFile?: string;
  /** For one start: sees every line, and answers with true once the server serves. */
  watch(): (line: string) => boolean;
}

const START_MS = 45_000;
const STOP_MS = 15_000;
const WAIT_MS = 30_000;

/** One run of a program. */
export class ServerProcess {
  readonly printed: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #tail: Deno.ChildProcess | undefined;
  #waiting: (() => void)[] = [];
  #over = false;

  private constructor(program: Program) {
    this.#child = new Deno.Command(program.program, {
      args: [...program.args],
      cwd: program.cwd,
      env: { ...program.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const streams: ReadableStream<Uint8Array>[] = [this.#child.stdout, this.#child.stderr];
    if (program.logFile !== undefined) streams.push(this.#follow(program.logFile));
    this.#reading = Promise.all(streams.map((stream) => this.#read(stream)));
    this.#child.status.then(() => {
      this.#over = true;
      this.#wake();
    });
  }

  static async start(program: Program): Promise<ServerProcess> {
    if (program.logFile !== undefined) await Deno.writeTextFile(program.logFile, "");
    const it = new ServerProcess(program);
    try {
      await it.until(program.watch(), `${program.program} is ready`, START_MS);
    } catch (error) {
      await it.stop("SIGKILL");
      throw error;
    }
    return it;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** A line that fits, printed already or to come. `from` leaves out what was printed before. */
  async logged(pattern: RegExp, from = 0): Promise<string> {
    return await this.until((line, at) => at >= from && pattern.test(line), String(pattern), WAIT_MS);
  }

  async until(fits: (line: string, at: number) => boolean, what: string, ms: number): Promise<string> {
    const give = Date.now() + ms;
    const timer = setTimeout(() => this.#wake(), ms + 1);
    try {
      for (let at = 0;;) {
        for (; at < this.printed.length; at++) {
          const line = this.printed[at]!;
          if (fits(line, at)) return line;
        }
        if (this.#over || Date.now() > give) {
          if (!this.#over) this.signal("SIGKILL");
          const why = this.#over ? "has ended" : `not within ${ms} ms`;
          throw new Error(`${what}: ${why}\n${this.printed.slice(-60).join("\n")}`);
        }
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch { /* it has ended already */ }
  }

  /** Ends it, forcibly after a while; resolves when it has ended. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.signal(signal);
    // One that is frozen hears of nothing but SIGKILL.
    if (signal !== "SIGKILL") this.signal("SIGCONT");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    await this.#child.status;
    clearTimeout(timer);
    try {
      this.#tail?.kill();
    } catch { /* it has ended already */ }
    await this.#tail?.status;
    await this.#reading;
  }

  #follow(file: string): ReadableStream<Uint8Array> {
    this.#tail = new Deno.Command("tail", {
      args: ["-n", "+1", "-s", "0.05", "-f", file],
      stdout: "piped",
      stderr: "null",
    })
      .spawn();
    return this.#tail.stdout;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of lines(stream)) {
      this.printed.push(line);
      this.#wake();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/**
 * A port that was free a moment ago, for programs that cannot say which they got. It is none of those that systems use for
 * outgoing connections (32768 and above), or one of these could take it meanwhile.
 */
export function freePort(hostname = "127.0.0.1"): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      using _listener = Deno.listen({ hostname, port });
      return port;
    } catch { /* taken */ }
  }
}

/** Several of them, no two the same. */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(freePort());
  return [...ports];
}
