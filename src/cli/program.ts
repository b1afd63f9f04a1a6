/** The command table as a commander program: the only file that knows the library. */
import { Command as Program, CommanderError, InvalidArgumentError } from "commander";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { type Call, type Command, EXIT, type ExitCode, Failure } from "./command.ts";
import { overview, page } from "./help.ts";
import { CONFIGURED } from "./load.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "../base/version.ts";

/** Runs the command that the arguments name. Never rejects: what goes wrong is said, and is in the code. */
export async function runProgram(
  commands: readonly Command[],
  plugins: readonly AnyPlugin[],
  terminal: Terminal,
): Promise<ExitCode> {
  const { args } = terminal;
  if (args.length === 0) {
    terminal.err(overview(commands));
    return EXIT.usage;
  }
  let code: ExitCode = EXIT.ok;
  const root = new Program("metronome").version(VERSION, "--version", "print the version");
  tame(root, terminal, () => overview(commands));
  // Options belong to the command that they follow: "check" is one, and "check federation" another.
  root.enablePositionalOptions();
  const families = new Map<string, Program>();
  for (const command of commands) {
    const [first = "", second] = command.name.split(" ");
    const family = second === undefined ? undefined : families.get(first) ?? tame(
      root.command(first),
      terminal,
      () => overview(commands.filter(({ name }) => name.startsWith(`${first} `))),
    );
    if (family !== undefined) families.set(first, family);
    const program = tame((family ?? root).command(second ?? first), terminal, () => page(command));
    if (second === undefined) families.set(first, program.enablePositionalOptions());
    declare(program, command);
    program.action(async () => {
      const given = program.processedArgs as (string | undefined)[];
      code = await runCommand(command, { terminal, plugins, args: given, options: program.opts() });
    });
  }
  try {
    await root.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

/** Help of our own, no exit, and everything said to the terminal we were given. */
function tame(program: Program, terminal: Terminal, help: () => string): Program {
  program.helpInformation = () => `${help()}\n`;
  program.helpOption("-h, --help", "show this").helpCommand(false).exitOverride().showSuggestionAfterError();
  program.configureOutput({
    writeOut: (text) => terminal.out(text.replace(/\n$/, "")),
    writeErr: (text) => terminal.err(text.replace(/\n$/, "")),
    outputError: (text, write) => write(text.replace(/^error: /, "metronome: ")),
  });
  return program;
}

function declare(program: Program, command: Command): void {
  if (command.takes !== undefined) program.arguments(command.takes);
  const options = [...command.options ?? [], ...(command.configured === true ? CONFIGURED : [])];
  for (const { flags, line } of options) {
    if (!flags.includes("...")) program.option(flags, line);
    else program.option(flags.replace("...", ""), line, several);
  }
  program.option("--json", "say it for programs");
}

/** An option that may be given more than once. */
function several(value: string, before: unknown): string[] {
  if (value === "") throw new InvalidArgumentError("it is empty");
  return [...Array.isArray(before) ? before as string[] : [], value];
}

async function runCommand(command: Command, call: Call): Promise<ExitCode> {
  try {
    return await command.run(call);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure(EXIT.failed, reasonOf(error));
    if (call.options.json === true) {
      call.terminal.out(JSON.stringify({ error: failure.message, ...failure.details }, null, 2));
    } else for (const line of failure.message.split("\n")) call.terminal.err(`metronome: ${line}`);
    return failure.exit;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
