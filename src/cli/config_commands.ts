/** `config …`: what holds, where it comes from, what there is to say. None of them needs a running server. */
import {
  catalogOf,
  configCandidates,
  describeProblem,
  exampleToml,
  explain,
  findConfig,
  jsonSchema,
  show,
} from "../config/mod.ts";
import { offerOf } from "../server/offer.ts";
import { argument, type Call, type Command, EXIT, Failure, isGiven, say, textOption } from "./command.ts";
import { Configuration } from "./load.ts";

const check: Command = {
  name: "config check",
  group: "Configuration",
  line: "Say everything that is wrong with the configuration",
  page:
    "Exit code 0 when a server would take it, 2 when not. `metronome check` looks at everything else as well.",
  configured: true,
  async run(call) {
    const { read, problems, path, plugins } = await new Configuration(call).load();
    const files = plugins.problems.map(({ file, reason }) => `${file}: ${reason}`);
    const all = [...problems, ...read?.warnings ?? []];
    const good = read === undefined
      ? []
      : [`${path ?? "no configuration file"}: ${hostCount(read.settings.hosts)}, fine`];
    const text = [
      ...all.map((it) => `${it.severity}: ${describeProblem(it)}`),
      ...files.map((it) => `warning: ${it}`),
    ];
    say(
      call,
      { path, fine: read !== undefined, problems: all, plugins: plugins.problems },
      [...text, ...good].join("\n"),
    );
    return read === undefined ? EXIT.usage : EXIT.ok;
  },
};

const showCommand: Command = {
  name: "config show",
  group: "Configuration",
  line: "Print every value that holds, secrets hidden",
  examples: [["metronome config show --origin", "and who said it: a file and line, a variable, the default"]],
  options: [{ flags: "--origin", line: "say where each value comes from" }],
  configured: true,
  async run(call) {
    const { settings, origins } = (await new Configuration(call).need()).read;
    say(call, settings, show(settings, origins, { origin: isGiven(call, "origin") }).trimEnd());
    return EXIT.ok;
  },
};

const explainCommand: Command = {
  name: "config explain",
  group: "Configuration",
  takes: "[key]",
  line: "Explain an option or a table",
  examples: [
    ["metronome config explain limits.stanza_size", "one option"],
    ["metronome config explain listen", "a table"],
    ["metronome config explain ping", "a plugin's options"],
  ],
  configured: true,
  async run(call) {
    const { plugins } = await new Configuration(call).load();
    const key = argument(call, 0);
    const found = explain(key, catalogOf(offerOf(plugins.all)));
    if ("unknown" in found) {
      const hint = found.suggestion === undefined ? "" : `. Did you mean "${found.suggestion}"?`;
      throw new Failure(EXIT.usage, `there is no option "${found.unknown}"${hint}`, {
        suggestion: found.suggestion,
      });
    }
    say(call, { key, text: found.text }, found.text);
    return EXIT.ok;
  },
};

const schema: Command = {
  name: "config schema",
  group: "Configuration",
  line: "Print the JSON Schema of the configuration, for editors",
  examples: [[
    "metronome config schema > metronome.schema.json",
    "with `#:schema metronome.schema.json` in the TOML file",
  ]],
  configured: true,
  async run(call) {
    const { plugins } = await new Configuration(call).load();
    call.terminal.out(JSON.stringify(jsonSchema(catalogOf(offerOf(plugins.all))), null, 2));
    return EXIT.ok;
  },
};

const example: Command = {
  name: "config example",
  group: "Configuration",
  line: "Print a configuration with every option in comments",
  examples: [["metronome config example > metronome.toml", "a file to begin with"]],
  configured: true,
  async run(call) {
    const { plugins } = await new Configuration(call).load();
    const text = exampleToml(catalogOf(offerOf(plugins.all)));
    say(call, { text }, text.trimEnd());
    return EXIT.ok;
  },
};

const path: Command = {
  name: "config path",
  group: "Configuration",
  line: "Say which configuration file is read, and where others were looked for",
  configured: true,
  run(call: Call) {
    const { env } = call.terminal;
    const option = textOption(call, "config");
    const chosen = findConfig(env, option);
    const candidates = configCandidates(env, option);
    const lines = candidates.map((it) => {
      const mark = it.path === chosen?.path && it.reason === chosen.reason ? "*" : " ";
      return `${mark} ${it.path}  (${it.reason}${it.exists ? "" : ", not there"})`;
    });
    if (chosen === undefined) {
      lines.push("None of them: a server starts with its defaults, for the host localhost.");
    }
    say(call, { chosen: chosen?.path, candidates }, lines.join("\n"));
    return Promise.resolve(EXIT.ok);
  },
};

export const configCommands: readonly Command[] = [check, showCommand, explainCommand, schema, example, path];

function hostCount(hosts: object): string {
  const count = Object.keys(hosts).length;
  return count === 1 ? "1 host" : `${count} hosts`;
}
