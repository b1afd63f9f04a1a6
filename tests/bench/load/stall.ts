/**
 * Whether a large room holds up everybody else: the latency of chat between two people before, and while a room of 5,000
 * occupants (who are not shown to each other) is spoken to. Latency needs a machine that has nothing else to do: where it
 * has, only the difference of the two says something.
 *
 *     deno run -A tests/bench/load/stall.ts [occupants] [messages a second] [rounds]
 */
import { readOptions } from "./options.ts";
import { type Running, start } from "./process.ts";
import type { Row } from "./rows.ts";
import { type Server, servers } from "./servers.ts";
import { build, certificate, load } from "./xload.ts";

const PAIRS = 50;
const CHAT = ["chat", "--pairs", `${PAIRS}`, "--rate", "200", "--duration", "10"];

/** Calls back when the generator has said that everybody is in; resolves when it has ended. */
async function speak(
  work: string,
  running: Running,
  line: readonly string[],
  joined: (row: Row) => void,
): Promise<Row[]> {
  const [scenario = "", ...rest] = line;
  const child = new Deno.Command(`${work}/xload`, {
    args: [scenario, "--port", `${running.port}`, "--pid", `${running.pid}`, "--domain", "localhost", ...rest],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const rows: Row[] = [];
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const row = JSON.parse(text.slice(0, end)) as Row;
      text = text.slice(end + 1);
      rows.push(row);
      if (row.scenario === "muc_join") joined(row);
    }
  }
  await child.status;
  return rows;
}

async function main([occupants = "5000", rate = "2", rounds = "2"]: string[]): Promise<void> {
  const options = readOptions([]);
  const server = servers(options).get("ours") as Server;
  const dir = `${options.work}/stall`;
  await Deno.mkdir(options.work, { recursive: true });
  await build(options.work);
  await certificate(options.work);
  await Deno.remove(dir, { recursive: true }).catch(() => {});
  await Deno.mkdir(dir, { recursive: true });
  const running = await start(server, dir, options.work, false);
  const chat = async (name: string): Promise<void> => {
    const step = { name, args: [...CHAT, "--first", occupants] };
    for (const row of await load(options.work, server, running, step)) report(name, row);
  };
  try {
    const users = `${Number(occupants) + 2 * PAIRS}`;
    const made = { name: "register", args: ["register", "--users", users, "--conc", "16"] };
    for (const row of await load(options.work, server, running, made)) report("accounts", row);
    await chat("warming up");
    for (let round = 1; round <= Number(rounds); round++) {
      await chat("alone");
      // As long as the chat beside it takes, and a bit.
      const line = `muc --fan ${occupants} --hidden 1 --rate ${rate} --messages ${Math.ceil(15 * Number(rate))} --muc muc.localhost --timeout 200`;
      let started: Promise<void> | undefined;
      const rows = await speak(options.work, running, line.split(" "), (row) => {
        report("joining", row);
        started = chat("while the room is spoken to");
      });
      await started;
      for (const row of rows) if (row.scenario === "muc") report("room", row);
    }
  } finally {
    await running.stop();
  }
}

function report(name: string, row: Row): void {
  const { ops_per_s, cpu_us_per_op, srv_cores, lat_ms, errors } = row as Record<string, unknown>;
  console.log(JSON.stringify({ name, ops_per_s, cpu_us_per_op, srv_cores, lat_ms, errors }));
}

await main(Deno.args);
