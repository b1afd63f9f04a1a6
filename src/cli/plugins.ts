/** `plugins [NAME]`: what there is, and what each of them does. */
import { type Catalog, catalogOf, explain } from "../config/mod.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { offerOf } from "../server/offer.ts";
import { nearest } from "../config/mod.ts";
import { type Command, EXIT, Failure, say } from "./command.ts";
import { Configuration, type Loaded } from "./load.ts";

export const plugins: Command = {
  name: "plugins",
  group: "Looking",
  takes: "[name]",
  line: "List all plugins, or tell everything about one",
  examples: [
    ["metronome plugins", "all, with the hosts that have them"],
    ["metronome plugins ping", "the XEPs it speaks, and its options"],
  ],
  configured: true,
  async run(call) {
    const loaded = await new Configuration(call).load();
    const [name] = call.args;
    if (name === undefined) {
      const all = loaded.plugins.all.map((plugin) => about(plugin, loaded));
      say(call, { plugins: all, problems: loaded.plugins.problems }, describeAll(all, loaded));
      return EXIT.ok;
    }
    const plugin = loaded.plugins.byName.get(name);
    if (plugin === undefined) {
      const close = nearest(name, loaded.plugins.byName.keys());
      throw new Failure(
        EXIT.usage,
        `there is no plugin "${name}"${close === undefined ? "" : `. Did you mean "${close}"?`}`,
      );
    }
    say(call, about(plugin, loaded), describeOne(plugin, loaded, catalogOf(offerOf(loaded.plugins.all))));
    return EXIT.ok;
  },
};

type About = ReturnType<typeof about>;

function about(plugin: AnyPlugin, { read, plugins }: Loaded) {
  const { name, doc, xeps = [], rfcs = [], standard = false, owns = false } = plugin;
  const hosts = Object.values(read?.settings.hosts ?? {});
  return {
    name,
    doc,
    xeps: xeps.map(([number, version]) => ({ number, version })),
    rfcs,
    standard,
    service: owns,
    provides: (plugin.provides ?? []).map(({ label }) => label),
    needs: (plugin.needs ?? []).map(({ label }) => label),
    ...(plugins.files.has(plugin) ? { file: plugins.files.get(plugin)! } : {}),
    on: hosts.filter((host) => host.plugins.includes(name)).map(({ domain }) => domain),
  };
}

function describeAll(all: readonly About[], { plugins, problems }: Loaded): string {
  const width = Math.max(0, ...all.map(({ name }) => name.length)) + 2;
  const lines = all.map(({ name, doc, on, file }) => {
    const mark = on.length > 0 ? "on " : "off";
    return `${mark}  ${name.padEnd(width)}${doc}${file === undefined ? "" : ` (${file})`}`;
  });
  for (const { file, reason } of plugins.problems) lines.push(`!    ${file}: ${reason}`);
  if (problems.length > 0) {
    lines.push("(the configuration is broken, so nothing is on: metronome config check)");
  }
  return lines.join("\n");
}

function describeOne(plugin: AnyPlugin, loaded: Loaded, catalog: Catalog): string {
  const { name, doc, xeps, rfcs, provides, needs, file, on } = about(plugin, loaded);
  const rows: [string, string][] = [
    [
      "speaks",
      [...xeps.map(({ number, version }) => `XEP-${String(number).padStart(4, "0")} (${version})`), ...rfcs]
        .join(", "),
    ],
    ["provides", provides.join(", ")],
    ["needs", needs.join(", ")],
    ["file", file ?? ""],
    ["on", on.join(", ") || "no host"],
  ];
  const facts = rows.filter(([, text]) => text !== "").map(([label, text]) => `  ${label.padEnd(10)}${text}`);
  const options = explain(`defaults.${name}`, catalog);
  return [`${name}: ${doc}`, ...facts, "", "text" in options ? options.text : ""].join("\n").trimEnd();
}
