/** What the tests of the running server share: the command line in the test's own process, and a server started by it. */
import plugins from "../../plugins/mod.ts";
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { Status } from "../../src/server/status.ts";

/** Gives up on what should have happened long ago. */
export const PATIENCE = 20_000;

/** The promise's value, or an error that says what did not happen in time. */
export async function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE} ms`)), PATIENCE);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a command said and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface TerminalOptions {
  /** Lines that are piped in. */
  readonly input?: readonly string[];
  /** What somebody types where nothing is shown; with it, somebody sits there. */
  readonly secrets?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command in this process. */
export async function command(args: readonly string[], options: TerminalOptions = {}): Promise<Outcome> {
  const terminal = new ScriptedTerminal(args, options);
  const code = await soon(`metronome ${args.join(" ")}`, main(plugins, terminal));
  return { code, out: terminal.outs.join("\n"), err: terminal.errs.join("\n") };
}

class ScriptedTerminal implements Terminal {
  readonly outs: string[] = [];
  readonly errs: string[] = [];
  readonly env: Readonly<Record<string, string>>;
  readonly interactive: boolean;
  readonly #input: string[];
  readonly #secrets: string[];

  constructor(readonly args: readonly string[], { input = [], secrets, env = {} }: TerminalOptions) {
    this.env = env;
    this.interactive = secrets !== undefined;
    this.#input = [...input];
    this.#secrets = [...secrets ?? []];
  }

  out(text: string): void {
    this.outs.push(text);
  }
  err(text: string): void {
    this.errs.push(text);
  }
  readLine(): Promise<string | undefined> {
    return Promise.resolve(this.#input.shift());
  }
  readSecret(): Promise<string | undefined> {
    return Promise.resolve(this.#secrets.shift());
  }
}

/** Ports of the system's choice, and a host without TLS: what most tests want. */
export const PLAIN = `
[listen]
c2s.at = ["127.0.0.1:0"]
c2s-tls.at = ["127.0.0.1:0"]
s2s.enabled = false
s2s-tls.enabled = false
http.at = ["127.0.0.1:0"]
https.at = ["127.0.0.1:0"]

[defaults]
tls_required = false
plain_without_tls = true
scram_iterations = 4096
`;

/** A folder with a configuration that goes when it is disposed of. */
export class Place implements AsyncDisposable {
  readonly config: string;

  private constructor(readonly folder: string, private readonly server: string) {
    this.config = `${folder}/metronome.toml`;
  }

  /** `server` is what `[server]` says in this folder. */
  static async make(config: string, server = `log = "error"\n`): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "metronome-" }), server);
    await place.write("metronome.toml", config);
    return place;
  }

  /** Writes a file of the folder; a configuration gets its data folder and its log. */
  async write(name: string, text: string): Promise<string> {
    const path = `${this.folder}/${name}`;
    const whole = name !== "metronome.toml"
      ? text
      : (text.includes("[server]") ? text : `[server]\n${text}`).replace(
        "[server]\n",
        `[server]\ndata = "${this.folder}/data"\n${this.server}`,
      );
    await Deno.writeTextFile(path, whole);
    return path;
  }

  /** Runs the server of this folder in this process; resolves when it has ended. */
  async start(): Promise<Outcome> {
    const terminal = new ScriptedTerminal(["start", "--config", this.config], {});
    const code = await main(plugins, terminal);
    return { code, out: terminal.outs.join("\n"), err: terminal.errs.join("\n") };
  }

  /** When it answers on its socket; rejects when it ends before that. */
  async answers(ended: Promise<Outcome>): Promise<void> {
    let over: Outcome | undefined;
    ended.then((it) => over = it);
    while ((await this.run(["status"])).code !== 0) {
      if (over !== undefined) throw new Error(`the server has ended with ${over.code}:\n${over.err}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Runs a command about the server of this folder. */
  run(args: readonly string[], options?: TerminalOptions): Promise<Outcome> {
    return command([...args, "--config", this.config], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A server that `start` runs in this process. */
export class Serving implements AsyncDisposable {
  private constructor(readonly place: Place, private readonly ended: Promise<Outcome>) {}

  static async start(config: string, files: Readonly<Record<string, string>> = {}): Promise<Serving> {
    const place = await Place.make(config);
    for (const [name, text] of Object.entries(files)) await place.write(name, text);
    const ended = place.start();
    await soon("the server's socket", place.answers(ended));
    return new Serving(place, ended);
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.run(["status", "--json"])).out) as Status;
  }

  /** The first port of a kind. */
  async port(kind: string): Promise<number> {
    const port = (await this.status()).ports[kind]?.[0];
    if (port === undefined) throw new Error(`no port of kind ${kind} is open`);
    return port;
  }

  run(args: readonly string[], options?: TerminalOptions): Promise<Outcome> {
    return this.place.run(args, options);
  }

  /** Changes the configuration, and reloads. */
  async reload(config: string): Promise<Outcome> {
    await this.place.write("metronome.toml", config);
    return await this.run(["reload"]);
  }

  async stop(): Promise<Outcome> {
    await this.run(["stop"]);
    return await soon("the end of the server", this.ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.place[Symbol.asyncDispose]();
  }
}
