/** `docs/config.md`: every option there is, generated from the schemas. */
import type { Catalog } from "./catalog.ts";
import { showKey } from "./key.ts";
import { isTable, type Option } from "./options.ts";
import { fallbackText } from "./samples.ts";

const INTRODUCTION = `# Configuration

Generated from the schemas by \`deno task docs\`; do not edit.

One TOML file, looked for in this order: \`--config FILE\`, \`$METRONOME_CONFIG\`, \`./metronome.toml\`,
\`$XDG_CONFIG_HOME/metronome/metronome.toml\`, \`/etc/metronome/metronome.toml\`. \`metronome config path\` prints the choice.

* **More files**: \`include = ["conf.d/*.toml"]\` reads them sorted by name. Saying a key twice is an error that names both places.
* **Placeholders** in any text: \`\${env:VAR}\`, \`\${env:VAR:-default}\`, \`\${file:/path}\`, \`\${credential:name}\` (from
  \`$CREDENTIALS_DIRECTORY\`); \`$\${\` is a plain \`\${\`.
* **Secrets** may be kept in files: every secret option \`x\` also exists as \`x_file\`.
* **The environment** wins over files: \`METRONOME__limits__depth=50\`. Two underscores separate the parts; one stands for \`-\` too.
* **Paths** that are relative start from the folder of the file that says them.
* **Durations** have units (\`"90 days"\`, \`"5 min"\`, \`"1h30m"\`; a month is 30 days, a year 365), and so have **sizes**
  (\`"10 MiB"\`, \`"512 KB"\`).
* **Hosts** start from \`[defaults]\`; what \`[host."example.org"]\` says wins. Everything in \`[defaults]\` may stand in a host.
* **Services** come with every user host; \`[host."example.org".muc]\` is about the rooms of that host.

\`metronome config check\` reports every problem at once, \`config show --origin\` what holds and who said so,
\`config explain KEY\` one option, \`config schema\` a JSON Schema for editors.
`;

/** The markdown text. */
export function configReference(catalog: Catalog): string {
  const parts = [INTRODUCTION];
  for (const name of ["server", "listen", "tls", "limits", "dns", "http", "metrics", "defaults"]) {
    table(parts, [name], catalog.root.members?.get(name));
  }
  const host = catalog.root.members?.get("host");
  const shared = catalog.root.members?.get("defaults")?.members;
  const own = new Map([...host?.each?.members ?? []].filter(([name]) => !shared?.has(name)));
  if (host !== undefined) {
    parts.push(section(["host", "DOMAIN"], { ...host, members: own }));
    parts.push("Beside these, everything that `[defaults]` has.\n");
  }
  return parts.join("\n");
}

function table(parts: string[], path: readonly string[], option: Option | undefined): void {
  if (option?.members === undefined || option.members.size === 0) return;
  parts.push(section(path, option));
  for (const [name, member] of option.members) if (isTable(member)) table(parts, [...path, name], member);
}

function section(path: readonly string[], option: Option): string {
  const title = path[1] === "DOMAIN" ? '[host."DOMAIN"]' : `[${showKey(path)}]`;
  const lines = [`${path.length > 1 && path[1] !== "DOMAIN" ? "###" : "##"} \`${title}\``, ""];
  if (option.doc !== "") lines.push(option.doc, "");
  const rows = [...option.members ?? []].filter(([, member]) =>
    !isTable(member) || member.members === undefined
  );
  if (rows.length === 0) return lines.join("\n");
  lines.push("| Option | Wants | Default | |", "| --- | --- | --- | --- |");
  for (const [name, member] of rows) {
    lines.push(
      `| \`${name}\` | ${cell(member.expects)} | \`${cell(fallbackText(member))}\` | ${cell(member.doc)} |`,
    );
  }
  return lines.join("\n") + "\n";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
