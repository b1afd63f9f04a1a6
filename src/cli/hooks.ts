/** A host's hooks as a person reads them: what happens to a message, from top to bottom. */
import type { Hooks, PointHooks } from "../server/hooks.ts";

const PHASES = ["guard", "amend", "claim", "witness"] as const;

export function describeHooks({ host, stanzas, taps, iq }: Hooks): string {
  const lines: string[] = [host];
  for (const [names, points] of grouped(stanzas)) {
    lines.push("", `  ${names.join(", ")}`);
    if (Object.keys(points).length === 0) lines.push("    nobody but the kernel");
    for (const [point, phases] of Object.entries(points)) {
      PHASES.filter((phase) => phases[phase].length > 0).forEach((phase, i) => {
        lines.push(`    ${(i === 0 ? point : "").padEnd(13)}${phase.padEnd(9)}${phases[phase].join(" · ")}`);
      });
    }
  }
  const tapped = Object.entries(taps);
  if (tapped.length > 0) lines.push("", "  streams");
  for (const [label, owners] of tapped) lines.push(`    ${label.padEnd(13)}${owners.join(" · ")}`);
  lines.push(...requests(iq));
  return lines.join("\n");
}

/** Stanzas that meet the same plugins at the same points are told together. */
function grouped(stanzas: Hooks["stanzas"]): [string[], Readonly<Record<string, PointHooks>>][] {
  const groups = new Map<string, [string[], Readonly<Record<string, PointHooks>>]>();
  for (const [name, points] of Object.entries(stanzas)) {
    const key = JSON.stringify(points);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [[name], points]);
    else group[0].push(name);
  }
  return [...groups.values()];
}

/** Who answers which request, a line each for what is asked. */
function requests(iq: Hooks["iq"]): string[] {
  if (iq.length === 0) return [];
  const rows = new Map<string, { owner: string; uses: string[] }>();
  for (const { ns, name, owner, type, to } of iq) {
    const key = `<${name} xmlns="${ns}">`;
    const row = rows.get(`${key} ${owner}`) ?? { owner, uses: [] };
    row.uses.push(`${type} to ${to}`);
    rows.set(`${key} ${owner}`, row);
  }
  const width = Math.max(...[...rows.keys()].map((key) => key.slice(0, key.lastIndexOf(" ")).length)) + 2;
  const lines = [...rows].map(([key, { owner, uses }]) =>
    `    ${key.slice(0, key.lastIndexOf(" ")).padEnd(width)}${owner}: ${uses.join(", ")}`
  );
  return ["", "  requests", ...lines];
}
