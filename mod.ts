/**
 * The executable's entry when it is run, and the library's face when it is imported: servers, plugins and tests for them,
 * with no effect of its own.
 */
import plugins from "./plugins/mod.ts";

export * from "./src/plugin/mod.ts";
export { type TestOptions, type TestServer, testServer } from "./src/testing/mod.ts";
export { type CreateOptions, createServer, type Running } from "./src/server/create.ts";
export { createLog, type Log } from "./src/base/log.ts";
export { plugins };

if (import.meta.main) {
  // The command line is of no use to who imports this, so it is only loaded here.
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(plugins));
}
