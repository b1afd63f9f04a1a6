/** The server as a process of its own: for signals, exit codes and what is printed. */
import { Place, soon } from "./rig.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The record `ready` of the log. */
export interface Ready {
  readonly hosts: readonly string[];
  readonly ports: Readonly<Record<string, readonly number[]>>;
  readonly certificates: Readonly<Record<string, string>>;
}

export interface ProcessOptions {
  readonly entry?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class ServerProcess implements AsyncDisposable {
  readonly status: Promise<Deno.CommandStatus>;
  ready!: Ready;
  #owns = false;
  #printed = "";
  #waiting: (() => void)[] = [];
  readonly #reading: Promise<unknown>;

  private constructor(readonly place: Place, private readonly child: Deno.ChildProcess) {
    this.status = child.status;
    this.#reading = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
  }

  /** Starts it with a configuration, and waits until it is ready; its log is JSON. */
  static async start(config: string, { entry, files = {}, args = [], env = {} }: ProcessOptions = {}) {
    const place = await Place.make(config, `log_format = "json"\n`);
    for (const [name, text] of Object.entries(files)) await place.write(name, text);
    const it = ServerProcess.spawn(place, ["start", "--config", place.config, ...args], entry, env);
    it.#owns = true;
    it.ready = JSON.parse(await it.line('"message":"ready"')) as Ready;
    return it;
  }

  static spawn(
    place: Place,
    args: readonly string[],
    entry = `${ROOT}mod.ts`,
    env: Readonly<Record<string, string>> = {},
  ) {
    const config = entry.endsWith(".js")
      ? ["--no-config", "--unstable-net"]
      : ["--config", `${ROOT}deno.json`];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...config, entry, ...args],
      cwd: place.folder,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new ServerProcess(place, child);
  }

  get printed(): string {
    return this.#printed;
  }

  get pid(): number {
    return this.child.pid;
  }

  kill(signal: Deno.Signal): void {
    this.child.kill(signal);
  }

  /** The first line with this in it, now or when it comes. */
  async line(part: string): Promise<string> {
    const found = async (): Promise<string> => {
      for (;;) {
        const line = this.#printed.split("\n").slice(0, -1).find((it) => it.includes(part));
        if (line !== undefined) return line;
        const next = new Promise<undefined>((resolve) => this.#waiting.push(() => resolve(undefined)));
        const ended = await Promise.race([next, this.status.then(() => this.#reading)]);
        if (ended !== undefined && !this.#printed.includes(part)) {
          throw new Error(`it ended:\n${this.#printed}`);
        }
      }
    };
    return await soon(`a line with ${part}`, found());
  }

  /** All that it printed, once it has ended. */
  async end(): Promise<{ code: number; printed: string }> {
    const { code } = await soon("the end of the process", this.status);
    await this.#reading;
    return { code, printed: this.#printed };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.end();
    if (this.#owns) await this.place[Symbol.asyncDispose]();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#printed += text;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    }
  }
}
