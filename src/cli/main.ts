/** The command line: picks the command and gives back its exit code. */
import type { AnyPlugin } from "../plugin/plugin.ts";
import { check } from "./check.ts";
import { checkFederation } from "./check_federation.ts";
import { checkMovim } from "./check_movim.ts";
import type { Command, ExitCode } from "./command.ts";
import { configCommands } from "./config_commands.ts";
import { execute } from "./execute.ts";
import { hostList } from "./host_list.ts";
import { plugins as pluginsCommand } from "./plugins.ts";
import { runProgram } from "./program.ts";
import { proxyCommands } from "./proxy_commands.ts";
import { reload } from "./reload.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { stop } from "./stop.ts";
import { SystemTerminal, type Terminal } from "./terminal.ts";
import { userCommands } from "./user_commands.ts";
import { version } from "./version.ts";

/** Every command there is, in the order of the overview. */
export const COMMANDS: readonly Command[] = [
  start,
  stop,
  reload,
  status,
  ...userCommands,
  ...configCommands,
  ...proxyCommands,
  check,
  checkFederation,
  checkMovim,
  hostList,
  execute,
  pluginsCommand,
  version,
];

/** Runs the command that the arguments name. */
export function main(
  plugins: readonly AnyPlugin[],
  terminal: Terminal = new SystemTerminal(),
): Promise<ExitCode> {
  return runProgram(COMMANDS, plugins, terminal);
}
