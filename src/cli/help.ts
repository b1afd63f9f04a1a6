/** What the program says about itself: the overview of all commands, and a page for each. */
import { VERSION } from "../base/version.ts";
import { wrap } from "../config/wrap.ts";
import { type Command, type CommandOption, GROUPS } from "./command.ts";
import { CONFIGURED } from "./load.ts";

const WIDTH = 92;
const JSON_OPTION: CommandOption = { flags: "--json", line: "say it for programs" };

/** All commands by group, after what a newcomer wants to type. */
export function overview(commands: readonly Command[]): string {
  const lines = [`Metronome ${VERSION}, an XMPP server`, ""];
  const whole = commands.some(({ name }) => name === "start");
  if (whole) {
    lines.push(
      ...table([
        ["metronome start", "a server for this machine, without any configuration"],
        ["metronome start --host NAME --register", "one for a phone on the same network"],
        ["metronome start --config metronome.toml", "one that is configured"],
      ]),
    );
  }
  for (const group of GROUPS) {
    const members = commands.filter((command) => command.group === group);
    if (members.length === 0) continue;
    lines.push("", group, ...table(members.map((command) => [usage(command), command.line])));
  }
  lines.push("", "`metronome COMMAND --help` tells more, with examples.");
  return lines.join("\n");
}

/** Everything about one command. */
export function page(command: Command): string {
  const lines = [`metronome ${usage(command)}`, "", ...wrap(`${command.line}.`, WIDTH)];
  for (const paragraph of command.page?.split(/\n\n+/) ?? []) {
    lines.push("", ...wrap(paragraph, WIDTH));
  }
  if (command.examples !== undefined) {
    lines.push("", "Examples", ...table(command.examples));
  }
  const own = [...command.options ?? [], JSON_OPTION].map(optionRow);
  lines.push("", "Options", ...table(own));
  if (command.configured === true) {
    lines.push("", "Which server", ...table(CONFIGURED.map(optionRow)));
  }
  return lines.join("\n");
}

function optionRow({ flags, line }: CommandOption): readonly [string, string] {
  return flags.includes("...")
    ? [flags.replace("...", ""), `${line}; may be given more than once`]
    : [flags, line];
}

function usage({ name, takes }: Command): string {
  return takes === undefined ? name : `${name} ${takes}`;
}

/** Two columns; what is too wide for the first has a line of its own. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const fitting = rows.map(([left]) => left.length).filter((length) => length <= 42);
  const width = Math.max(0, ...fitting) + 2;
  return rows.flatMap(([left, right]) => {
    const text = wrap(right, Math.max(30, WIDTH - width - 2));
    const first = left.length + 2 > width ? [`  ${left}`, `  ${" ".repeat(width)}${text[0] ?? ""}`] : [
      `  ${left.padEnd(width)}${text[0] ?? ""}`.trimEnd(),
    ];
    return [...first, ...text.slice(1).map((line) => `  ${" ".repeat(width)}${line}`)];
  });
}
