/** `deno task bench`: what the parts cost by themselves. The load generator beside this folder measures the whole. */
import { run as fanout } from "./fanout.ts";
import { run as memory } from "./memory.ts";
import { run as route } from "./route.ts";
import { run as xml } from "./xml.ts";

for (
  const [name, run] of [["XML", xml], ["routing", route], ["fan-out", fanout], ["memory", memory]] as const
) {
  console.log(`\n${name}`);
  await run();
}
