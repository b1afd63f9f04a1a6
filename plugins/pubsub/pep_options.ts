/** The options of the services that accounts have. */
import { options, size, z } from "#plugin";
import { limitOptions } from "./service_options.ts";

const count = (fallback: number) => z.number().int().min(1).max(100_000_000).default(fallback);

export const pepOptions = options({
  ...limitOptions,
  nodes: count(2000).describe("Nodes of an account."),
  nodes_each: count(2000).describe("Nodes of it that somebody else may own."),
  items: count(100_000).describe('Items that a node keeps at most; what "max" means.'),
  storage: size({ unlimited: Infinity }).prefault("200 MiB").describe(
    "What all items of an account may take up.",
  ),
  admins_own: z.boolean().default(false).describe(
    "Whether administrators own what accounts have; each time they make use of it is noted in the log.",
  ),
});
export type PepOptions = z.infer<typeof pepOptions>;
