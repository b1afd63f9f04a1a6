/** Picks the command of the command line and exits with its code (0 fine, 1 failed, 2 usage or configuration). */
import { Command } from "commander";
import { VERSION } from "../base/version.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { start, type StartOptions } from "./start.ts";

export async function main(plugins: readonly AnyPlugin[]): Promise<void> {
  const program = new Command("metronome").version(VERSION);
  program.command("start")
    .description("run the server in the foreground")
    .option("--config <file>", "the configuration")
    .option("--host <name>", "serve this host with the defaults")
    .option("--register", "let everybody register")
    .option("--data <folder>", "where the data is")
    .action(async (options: StartOptions) => Deno.exit(await start(plugins, options)));
  await program.parseAsync(Deno.args, { from: "user" });
}
