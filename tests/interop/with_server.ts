/**
 * Runs a command beside a server of its own, told by INTEROP_* where it is; without a command it prints
 * them and serves until it is interrupted: for clients that are driven by hand.
 *
 *     deno run -A tests/interop/with_server.ts [COMMAND …]
 */
import { environment } from "./client.ts";
import { startServer } from "./server.ts";

const { promise: interrupted, resolve } = Promise.withResolvers<number>();
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => resolve(0));

await using server = await startServer();
const [command, ...args] = Deno.args;
if (command === undefined) {
  for (const [name, value] of Object.entries(environment(server))) console.log(`export ${name}=${value}`);
  await interrupted;
} else {
  const child = new Deno.Command(command, { args, env: environment(server) }).spawn();
  const code = await Promise.race([interrupted, child.status.then((status) => status.code)]);
  if (code !== 0) console.error(server.log());
  Deno.exitCode = code;
}
