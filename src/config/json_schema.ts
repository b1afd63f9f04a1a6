/** JSON Schema of the file, for editors that check TOML with it. */
import * as z from "zod";
import type { Catalog } from "./catalog.ts";
import { isTree, type Tree } from "./key.ts";

const OURS = ["unit", "expects", "words", "example"];

/** Draft 2020-12. Required keys are not demanded: another table or the environment may bring them. */
export function jsonSchema(catalog: Catalog): Record<string, unknown> {
  const schema = z.toJSONSchema(catalog.schema, { io: "input", unrepresentable: "any" });
  const root = Object.assign({}, schema) as Tree;
  tidy(root);
  return { ...root, title: "Metronome" };
}

function tidy(node: unknown): void {
  if (Array.isArray(node)) return node.forEach(tidy);
  if (!isTree(node)) return;
  const { properties } = node;
  if (isTree(properties)) {
    delete node.required;
    for (const [name, property] of Object.entries(properties)) {
      if (isTree(property) && property.unit === "secret") {
        properties[`${name}_file`] = {
          type: "string",
          description: `The path of a file that holds ${name}.`,
        };
      }
    }
    // A property may be called "unit": names are left alone, their schemas are not.
    Object.values(properties).forEach(tidy);
  }
  for (const [key, inner] of Object.entries(node)) {
    if (OURS.includes(key)) delete node[key];
    else if (key !== "properties") tidy(inner);
  }
}
