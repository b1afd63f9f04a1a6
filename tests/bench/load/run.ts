/**
 * The benchmark: starts XMPP servers one after another, puts the same load on each with xload, writes
 * the results as JSON lines and prints them side by side. README.md says how to read them.
 */
import { HELP, type Options, readOptions } from "./options.ts";
import { residentMemory, sleep, start } from "./process.ts";
import { readRows, save } from "./rows.ts";
import { copy, seed } from "./seed.ts";
import { type Server, servers } from "./servers.ts";
import { type Group, groups } from "./steps.ts";
import { table } from "./table.ts";
import { build, certificate, load } from "./xload.ts";

/** Runs one group's steps on one start of one server. */
async function measure(
  server: Server,
  name: string,
  group: Group,
  round: number,
  options: Options,
): Promise<void> {
  const steps = group.steps.filter((step) => !options.only || options.only.includes(step.name));
  if (!steps.length) return;
  const dir = await copy(server, options);
  console.error(`-- round ${round}, ${name}: ${server.name}`);
  const running = await start(server, dir, options.work, group.mam);
  try {
    const origin = { server: server.name, step: "start", scenario: "start", round };
    const row = { ...origin, start_ms: Math.round(running.startMs), rss_mb: residentMemory(running.pid) };
    await save(options.out, [{ ...row, mam: group.mam }]);
    await sleep(2000);
    for (const step of steps) {
      const rows = await load(options.work, server, running, step);
      await save(options.out, rows.map((one) => ({ ...one, round })));
    }
  } finally {
    await running.stop();
  }
}

function choose<T>(known: Map<string, T>, names: readonly string[], kind: string): [string, T][] {
  return names.map((name) => {
    const found = known.get(name);
    if (found === undefined) {
      throw new Error(`no such ${kind}: ${name}; there are ${[...known.keys()].join(", ")}`);
    }
    return [name, found];
  });
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  if (options.report) {
    console.log(table(await readRows(options.report), options.servers));
    return 0;
  }
  const chosen = choose(servers(options), options.servers, "server");
  const wanted = choose(groups(options), options.groups, "group");
  await Deno.mkdir(options.work, { recursive: true });
  await build(options.work);
  await certificate(options.work);
  if (!options.append) await Deno.writeTextFile(options.out, "");
  for (const [, server] of chosen) await seed(server, options);
  let failures = 0;
  for (let round = 1; round <= options.rounds; round++) {
    for (const [name, group] of wanted) {
      for (const [, server] of chosen) {
        try {
          await measure(server, name, group, round, options);
        } catch (error) { // one server that does not start must not lose the others' results
          failures++;
          console.error(String(error));
        }
      }
    }
  }
  if (!options.keep) await Deno.remove(`${options.work}/run`, { recursive: true }).catch(() => {});
  console.log(table(await readRows([options.out]), options.servers));
  return failures ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(2);
  }
}
