/**
 * Holds the house together: reads every import of the project and fails when one does not point strictly downward,
 * when plugins reach past their face, when something is used outside its place, or when anything turns in a circle.
 *
 *     deno task floors           check, also the picture in docs/architecture.md
 *     deno task floors --draw    write the picture anew
 */
import { readGraph } from "./graph.ts";
import { checkAll } from "./floors_rules.ts";
import { draw } from "./floors_picture.ts";
import { exists, root } from "./tree.ts";

const PICTURE = "docs/architecture.md";
const BEGIN = "<!-- floors:begin (written by scripts/floors.ts --draw) -->";
const END = "<!-- floors:end -->";

/** Checks, prints what is wrong, and says whether all is well. */
export function main(args: readonly string[]): boolean {
  const graph = readGraph();
  const complaints = checkAll(graph);
  const picture = draw(graph);
  if (args.includes("--draw")) writePicture(picture);
  else complaints.push(...checkPicture(picture));
  for (const complaint of complaints) console.log(complaint);
  const arrows = graph.reduce(
    (sum, file) => sum + file.imports.filter((i) => i.target !== undefined).length,
    0,
  );
  console.log(`floors: ${graph.length} files, ${arrows} arrows, ${complaints.length} wrong`);
  return complaints.length === 0;
}

function writePicture(picture: string): void {
  const text = exists(PICTURE)
    ? Deno.readTextFileSync(root + PICTURE)
    : `# Architecture\n\n${BEGIN}\n${END}\n`;
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) {
    throw new Error(`${PICTURE} needs the two lines between which the picture goes:\n${BEGIN}\n${END}`);
  }
  const written = text.slice(0, start + BEGIN.length) + "\n\n" + picture + "\n" + text.slice(end);
  Deno.writeTextFileSync(root + PICTURE, written);
}

/** The picture has to be the present one, where there is one. */
function checkPicture(picture: string): string[] {
  const text = exists(PICTURE) ? Deno.readTextFileSync(root + PICTURE) : "";
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) return [];
  if (text.slice(start + BEGIN.length, end).trim() === picture.trim()) return [];
  return [`${PICTURE}: the picture of the floors is out of date; run: deno task floors --draw`];
}

if (import.meta.main) Deno.exit(main(Deno.args) ? 0 : 1);
