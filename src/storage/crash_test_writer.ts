/** A process for `crash_test.ts` to kill: writes to every kind, flushes, and only then says what is safe. */
import { systemClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { Database } from "./database.ts";
import { archive, keyval, map } from "./store.ts";

/** What to do comes as one JSON object on standard input. */
interface Task {
  readonly path: string;
  readonly start: number;
  readonly durability: "normal" | "full";
}

const { path, start, durability } = await new Response(Deno.stdin.readable).json() as Task;
const database = Database.open({ path, durability, clock: systemClock, log: createLog({ level: "error" }) });
const last = database.open(keyval<number>("last"), "a.test");
const rows = database.open(map<number>("rows"), "a.test");
const items = database.open(archive("items"), "a.test");

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(line));

for (let n = start;; n++) {
  // Every write of a step is in one turn: after a crash all of it is there or nothing.
  last.set("bob", n);
  rows.set("bob", `k${n}`, n);
  items.append("bob", { id: `i${n}`, at: n, value: "x".repeat(300), text: `word${n}` });
  await database.flush();
  say(`${n}\n`);
}
