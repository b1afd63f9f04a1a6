/** The options that all services have: bounds, and what nodes are like. */
import { duration, size, text, z } from "#plugin";
import { CONFIG_FIELDS, type NodeConfig } from "./node_config.ts";

const count = (fallback: number) => z.number().int().min(1).max(100_000_000).default(fallback);

/** Node configuration as options: a field's name and its value as in a form. */
const nodeOptions = z.record(
  text(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
).transform((table, context): Partial<NodeConfig> => {
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(table)) {
    const field = Object.hasOwn(CONFIG_FIELDS, name) ? CONFIG_FIELDS[name as keyof NodeConfig] : undefined;
    const values = Array.isArray(value)
      ? value
      : [typeof value === "boolean" ? (value ? "1" : "0") : String(value)];
    const known = field?.read(values);
    if (known === undefined) {
      const message = field === undefined
        ? `a node has no option "${name}"`
        : `"${name}" cannot be ${JSON.stringify(value)}`;
      context.addIssue({ code: "custom", message });
    } else read[name] = known;
  }
  return read as Partial<NodeConfig>;
});

export const limitOptions = {
  nodes: count(100_000).describe("Nodes of a service."),
  nodes_each: count(10_000).describe("Nodes that one account may own there."),
  items: count(1_000_000).describe('Items that a node keeps at most; what "max" means.'),
  storage: size({ unlimited: Infinity }).prefault("unlimited").describe(
    "What all items of a service may take up.",
  ),
  payload: size().prefault("512 KiB").describe("The largest payload of an item."),
  subscriptions: count(10_000).describe("Subscriptions that one account may have at a service."),
  subscribers: count(100_000).describe("Subscriptions that a node may have."),
  affiliations: count(20_000).describe("People that a node may have on record."),
  lease: duration({ never: Infinity }).prefault("never").describe(
    "After how long subscriptions end that are not renewed.",
  ),
  node: nodeOptions.prefault({}).describe(
    'What new nodes are like, as in their form: `access_model = "open"`.',
  ),
  known: z.record(text(), nodeOptions).prefault({}).describe(
    "What nodes of certain names are like; a name that ends with a colon or a slash stands for all that begin with it.",
  ),
  idle: duration().prefault("10 min").describe("How long what is not used stays in memory."),
};
