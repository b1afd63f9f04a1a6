/** `command`: the administration commands of a host, those of its plugins too, as an administrator's client shows them. */
import type { OperatorField, OperatorOutcome } from "../host/operator_commands.ts";
import { argument, type Call, type Command, EXIT, Failure, isGiven, say } from "./command.ts";
import { Configuration } from "./load.ts";
import { needRunning } from "./reach.ts";

export const execute: Command = {
  name: "command",
  group: "Serving",
  takes: "<host> [command]",
  line: "List a host's administration commands, or execute one",
  page:
    "Everything that plugins offer to administrators (ad-hoc commands, XEP-0050) can be done here as well, on the running " +
    "server. A command is named by its node, or by the end of it. What it asks for is given with --field; a field may be " +
    'given several times, and "-" reads it from the terminal, unseen, or from a pipe.',
  examples: [
    ["metronome command example.org", "what there is"],
    ["metronome command example.org gate#ban --form", "what it asks for"],
    ["metronome command example.org gate#ban --field domain=spam.example --field reason=spam", "does it"],
    ["metronome command example.org gate#list", "shows a table"],
  ],
  options: [
    { flags: "--field <name=value...>", line: "what a field is to say" },
    { flags: "--form", line: "do nothing, only show what is asked for after the fields that are given" },
  ],
  configured: true,
  async run(call) {
    const server = await needRunning(new Configuration(call).runFolder);
    const host = argument(call, 0);
    const node = call.args[1];
    if (node === undefined) {
      const commands = await server.commands(host);
      const width = Math.max(0, ...commands.map((it) => it.node.length)) + 2;
      const lines = commands.map((it) => it.node.padEnd(width) + it.name);
      say(call, commands, lines.length === 0 ? "There are none." : lines.join("\n"));
      return EXIT.ok;
    }
    const fields = await fieldsOf(call);
    const report = await server.execute(host, node, fields, isGiven(call, "form")).catch(explained);
    if ("form" in report) {
      say(call, report, report.form.length === 0 ? "It asks for nothing." : describeForm(report.form));
      return EXIT.ok;
    }
    const { outcome } = report;
    if (outcome.error !== undefined) throw new Failure(EXIT.failed, outcome.error, { outcome });
    say(call, outcome, describeOutcome(outcome));
    return EXIT.ok;
  },
};

/** What was given with `--field`, by name. */
async function fieldsOf({ options, terminal }: Call): Promise<Record<string, readonly string[]>> {
  const fields: Record<string, string[]> = {};
  const { field = [] } = options;
  for (const said of Array.isArray(field) ? field as readonly string[] : []) {
    const equals = said.indexOf("=");
    if (equals < 1) throw new Failure(EXIT.usage, `--field ${said}: expected NAME=VALUE`);
    const name = said.slice(0, equals);
    let value = said.slice(equals + 1);
    if (value === "-") {
      const typed = terminal.interactive ? await terminal.readSecret(`${name}: `) : await terminal.readLine();
      if (typed === undefined) throw new Failure(EXIT.usage, `--field ${said}: there was nothing to read`);
      value = typed;
    }
    (fields[name] ??= []).push(value);
  }
  return fields;
}

/** What was wrong, with what is asked for below it. */
function explained(error: unknown): never {
  if (!(error instanceof Failure)) throw error;
  const form = error.details["form"] as readonly OperatorField[] | undefined;
  if (form === undefined || form.length === 0) throw error;
  throw new Failure(error.exit, `${error.message}\n${describeForm(form)}`, error.details);
}

function describeForm(fields: readonly OperatorField[]): string {
  const width = Math.max(...fields.map(({ name }) => name.length)) + 2;
  return fields.flatMap(({ name, label, type, required, note, options = [], values }) => {
    const about = [
      ...(required ? ["must be given"] : []),
      ...(type.endsWith("-multi") ? ["may be given several times"] : []),
      ...(type === "boolean" ? ["1 or 0"] : []),
      ...(values.length > 0 ? [`now: ${values.join(", ")}`] : []),
    ];
    return [
      `  ${name.padEnd(width)}${label}${about.length === 0 ? "" : ` (${about.join("; ")})`}`,
      ...(note === undefined ? [] : [`  ${" ".repeat(width)}${note}`]),
      ...options.map(({ value, label: words }) =>
        `  ${" ".repeat(width)}- ${value}${words === undefined || words === value ? "" : `: ${words}`}`
      ),
    ];
  }).join("\n");
}

function describeOutcome({ info, warning, title, fields, table }: OperatorOutcome): string {
  const lines = [
    ...(warning === undefined ? [] : [`Warning: ${warning}`]),
    ...(info === undefined ? [] : [info]),
    ...((fields.length > 0 || table !== undefined) && title !== undefined ? [title] : []),
    ...fields.map(({ label, values }) => `  ${label}: ${values.join(values.length > 1 ? "\n    " : "")}`),
  ];
  if (table !== undefined) {
    const rows = [table.head, ...table.rows];
    const widths = table.head.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)) + 2);
    lines.push(...rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join("")}`.trimEnd()));
  }
  return lines.length === 0 ? "Done." : lines.join("\n");
}
