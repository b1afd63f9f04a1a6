/** `config.example.toml`: the least that runs, and every other option in comments. */
import type { Catalog } from "./catalog.ts";
import { showKey } from "./key.ts";
import { isTable, type Option } from "./options.ts";
import { sampleOf } from "./samples.ts";
import { tomlValue } from "./toml.ts";
import { wrap } from "./wrap.ts";

const HOST = "example.org";

/** The whole file. Lines that start with `#` and no space are options: take the `#` away to use one. */
export function exampleToml(catalog: Catalog): string {
  const { root, kinds } = catalog;
  const lines = [
    "# Metronome's configuration. What is not in comments is the least that runs; everything else shows its",
    "# default. Take the # away from an option (and from the [table] above it) to change it.",
    "# `metronome config check` tells what is wrong, `metronome config explain KEY` what an option does.",
    "# Texts may hold ${env:VAR}, ${env:VAR:-default}, ${file:/path} and ${credential:name}.",
    '# Durations and sizes have units: "90 days", "5 min", "10 MiB", "512 KB".',
    "",
    ...describe(root.members?.get("include")),
    '#include = ["conf.d/*.toml"]',
    "",
    "# One table a host, by its domain. What [defaults] says, a host may say otherwise.",
    `[${showKey(["host", HOST])}]`,
  ];
  const host = root.members?.get("host")?.each?.members;
  option(lines, "enabled", host?.get("enabled"));
  option(lines, "certificate", host?.get("certificate"));
  const component = [...kinds].find((kind) => kind !== "user");
  if (component !== undefined) {
    const place = ["host", `${component}-too.${HOST}`];
    lines.push("", "# A host of another kind: one that belongs to a service.", `#[${showKey(place)}]`);
    lines.push(...describe(host?.get("kind")), `#kind = ${tomlValue(component)}`);
    lines.push(...describe(host?.get("parent")), `#parent = ${tomlValue(HOST)}`);
  }
  for (const name of ["server", "listen", "tls", "limits", "dns", "http", "metrics", "defaults"]) {
    table(lines, [name], root.members?.get(name));
  }
  return lines.join("\n") + "\n";
}

function table(lines: string[], path: readonly string[], it: Option | undefined): void {
  if (it?.members === undefined || it.members.size === 0) return;
  lines.push("", ...describe(it));
  const entries = [...it.members];
  const plain = entries.filter(([, member]) => !isTable(member));
  if (plain.length > 0 || entries.length === 0) lines.push(`#[${showKey(path)}]`);
  for (const [name, member] of plain) option(lines, name, member);
  for (const [name, member] of entries) {
    if (!isTable(member)) continue;
    if (member.members === undefined) option(lines, showKey([...path, name]), member, path);
    else table(lines, [...path, name], member);
  }
}

/** A table with free keys is one line, within the table it belongs to. */
function option(lines: string[], name: string, it: Option | undefined, path?: readonly string[]): void {
  if (it === undefined) return;
  lines.push(...describe(it));
  if (path === undefined) lines.push(`#${name} = ${tomlValue(sampleOf(it))}`);
  else lines.push(`#[${name}]`);
}

function describe(it: Option | undefined): string[] {
  if (it === undefined || it.doc === "") return [];
  return wrap(it.doc, 100).map((line) => `# ${line}`);
}
