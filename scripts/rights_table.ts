/** The table of rights of docs/pubsub.md, written from the one that the engine uses. */
import { AFFILIATIONS, RIGHTS, type Verb, VERBS } from "../plugins/pubsub/rights.ts";

const BEGIN = "<!-- rights:begin (written by scripts/docs.ts) -->";
const END = "<!-- rights:end -->";

export function rightsTable(): string {
  const verbs = Object.keys(VERBS) as Verb[];
  const rows = [
    `| verb | what it is | ${AFFILIATIONS.join(" | ")} |`,
    `|---|---|${AFFILIATIONS.map(() => "---|").join("")}`,
    ...verbs.map((verb) => {
      const cells = AFFILIATIONS.map((affiliation) => RIGHTS[affiliation][verb]);
      return `| ${verb} | ${VERBS[verb]} | ${cells.join(" | ")} |`;
    }),
  ];
  return rows.join("\n");
}

/** A text with the table as it is now between its marks. */
export function withRights(text: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error("docs/pubsub.md has no place for the table of rights");
  return `${text.slice(0, begin + BEGIN.length)}\n\n${rightsTable()}\n\n${text.slice(end)}`;
}
