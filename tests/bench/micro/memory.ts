/**
 * Bytes of the heap that an idle session costs: bound, with presence, an empty roster and all standard plugins, without the
 * socket below it. Needs `--v8-flags=--expose-gc`, which `deno task bench` gives.
 */
import { benchServer, Client } from "./server.ts";

const SESSIONS = 2_000;
const ROSTER = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";

export async function run(): Promise<void> {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) {
    console.log("bytes a session: not measured, start with --v8-flags=--expose-gc");
    return;
  }
  await using server = await benchServer();
  const clients: Client[] = [];
  const grow = async (to: number): Promise<number> => {
    while (clients.length < to) {
      clients.push(await new Client(server).login(`u${clients.length}`, ROSTER, "<presence/>"));
    }
    collect();
    collect();
    return Deno.memoryUsage().heapUsed;
  };
  const first = await grow(SESSIONS / 4);
  const second = await grow(SESSIONS);
  const each = (second - first) / (SESSIONS - SESSIONS / 4);
  console.log(
    `${"heap of an idle session (test connection included)".padEnd(58)} ${each.toFixed(0).padStart(8)} bytes`,
  );
}

if (import.meta.main) await run();
