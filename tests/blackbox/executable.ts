/**
 * The thing under test: the executable that was compiled, or the pack of the very same bundle where none can be had. Run as
 * somebody runs it who has nothing else: an empty home, and none of our environment.
 */
import { prepareExecutable } from "../../scripts/executable.ts";
import { type Command, run, ServerProcess } from "../durability/server_process.ts";

const prepared = Deno.env.has("METRONOME_EXECUTABLE") ? {} : (await prepareExecutable()).env;
const variable = (name: string): string | undefined => Deno.env.get(name) ?? prepared[name];

const program = variable("METRONOME_EXECUTABLE") ?? "";
/** "compiled" or "pack". */
export const kind = variable("METRONOME_EXECUTABLE_KIND") ?? "unknown";

/** Where the listeners go, so that tests do not stand in each other's way; no configuration file is needed for it. */
const PORTS = Object.fromEntries(
  ["c2s", "c2s_tls", "s2s", "s2s_tls", "http", "https"].map((
    listener,
  ) => [`METRONOME__listen__${listener}__at`, "127.0.0.1:0"]),
);

/** A person's home, empty at first. */
export class Home implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "blackbox-" });

  /** Runs a command to its end. */
  run(args: readonly string[], stdin?: string): ReturnType<typeof run> {
    return run({ ...this.#command(args), ...(stdin === undefined ? {} : { stdin }) });
  }

  /** Runs `start` and waits until it says that it is ready. */
  start(...args: readonly string[]): Promise<ServerProcess> {
    return ServerProcess.start(this.#command(["start", ...args]));
  }

  read(path: string): string {
    return Deno.readTextFileSync(`${this.folder}/${path}`);
  }

  #command(args: readonly string[]): Command {
    const cache = variable("METRONOME_PACK_CACHE");
    return {
      program,
      args,
      cwd: this.folder,
      clearEnv: true,
      env: {
        HOME: this.folder,
        PATH: "/usr/bin:/bin",
        ...PORTS,
        ...(cache === undefined ? {} : { METRONOME_PACK_CACHE: cache }),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
