/** The executable's entry when it is run; the library's face when it is imported. */
import { main } from "./src/cli/main.ts";
import plugins from "./plugins/mod.ts";

export * from "./src/plugin/mod.ts";
export { testServer } from "./src/testing/mod.ts";
export { createServer } from "./src/server/create.ts";

if (import.meta.main) await main(plugins);
