/** `docs/xeps.md`: which specifications the server speaks, and where in the code, from plugins and file docstrings. */
import type { AnyPlugin } from "../src/plugin/plugin.ts";
import { complianceTable } from "./compliance.ts";
import { isTest, root, sourceFiles } from "./tree.ts";

const INTRODUCTION = `# Specifications

Generated from the plugins and the sources by \`deno task docs\`; do not edit. A version is the one that was read when the
code was written. What a plugin leaves out of a specification is said at the top of its file.
`;

/** The markdown text. */
export function xepReference(plugins: readonly AnyPlugin[]): string {
  const parts = [
    INTRODUCTION,
    "## XEPs, by plugin\n",
    "| XEP | version | plugin | on by default | |",
    "|---|---|---|---|---|",
  ];
  const rows = plugins.flatMap(({ name, doc, xeps = [], standard = false }) =>
    xeps.map(([number, version]) => ({ number, version, name, doc, standard }))
  );
  rows.sort((a, b) => a.number - b.number || a.name.localeCompare(b.name));
  for (const { number, version, name, doc, standard } of rows) {
    parts.push(`| ${link(number)} | ${version} | \`${name}\` | ${standard ? "yes" : "no"} | ${cell(doc)} |`);
  }
  parts.push("\n## RFCs, by plugin\n", "| RFC | plugin | |", "|---|---|---|");
  const rfcs = plugins.flatMap(({ name, doc, rfcs = [] }) => rfcs.map((rfc) => ({ rfc, name, doc })));
  rfcs.sort((a, b) => a.rfc.localeCompare(b.rfc, "en", { numeric: true }) || a.name.localeCompare(b.name));
  for (const { rfc, name, doc } of rfcs) parts.push(`| ${cell(rfc)} | \`${name}\` | ${cell(doc)} |`);
  const mentions = kernelMentions();
  const inKernel = new Set(mentions.map(([name]) => name));
  parts.push(complianceTable(plugins, inKernel, linked));
  parts.push(
    "\n## In the kernel\n",
    "What the files of `src/` say at their top that they follow.\n",
    "| specification | files |",
    "|---|---|",
  );
  for (const [name, files] of mentions) {
    parts.push(`| ${linked(name)} | ${files.map((f) => `\`${f}\``).join(", ")} |`);
  }
  return parts.join("\n") + "\n";
}

/** Specifications that the opening comments of `src/` name, each with the files. */
function kernelMentions(): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const path of sourceFiles()) {
    if (!path.startsWith("src/") || isTest(path)) continue;
    const opening = /^\/\*\*[\s\S]*?\*\//.exec(Deno.readTextFileSync(root + path))?.[0] ?? "";
    const names = opening.matchAll(/\b(XEP-\d{4}|RFC \d{4})\b/g);
    for (const name of new Set([...names].map(([name]) => name))) {
      found.set(name, [...found.get(name) ?? [], path]);
    }
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}

function linked(name: string): string {
  return name.startsWith("XEP") ? link(Number(name.slice(4))) : name;
}

function link(number: number): string {
  const padded = String(number).padStart(4, "0");
  return `[XEP-${padded}](https://xmpp.org/extensions/xep-${padded}.html)`;
}

/** A text as a table's cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
