/** Accounts before measuring: made once a server by in-band registration, then copied for every start. */
import type { Options } from "./options.ts";
import { run, start } from "./process.ts";
import { save } from "./rows.ts";
import type { Server } from "./servers.ts";
import { load } from "./xload.ts";

const directory = (server: Server, options: Options) =>
  `${options.work}/seed/${server.seed}-${options.accounts}`;

/** Makes the server's accounts unless they are there from before. */
export async function seed(server: Server, options: Options): Promise<void> {
  const dir = directory(server, options);
  const done = await Deno.stat(`${dir}/done`).then(() => true, () => false);
  if (done && !server.fresh) return;
  await Deno.remove(dir, { recursive: true }).catch(() => {});
  await Deno.mkdir(dir, { recursive: true });
  console.error(`-- ${server.name}: making ${options.accounts} accounts`);
  const running = await start(server, dir, options.work, false);
  try {
    const args = ["register", "--users", `${options.accounts}`, "--conc", "16"];
    const rows = await load(options.work, server, running, { name: "register", args });
    await save(options.out, rows);
    if (rows.some((row) => row.failed)) throw new Error(`${server.name}: registration failed`);
  } finally {
    await running.stop();
  }
  await Deno.writeTextFile(`${dir}/done`, "");
}

/** A fresh copy of the server's state after its accounts were made. */
export async function copy(server: Server, options: Options): Promise<string> {
  const dir = `${options.work}/run`;
  await Deno.remove(dir, { recursive: true }).catch(() => {});
  await run("cp", ["-a", directory(server, options), dir]);
  await Deno.remove(`${dir}/console.log`).catch(() => {});
  return dir;
}
