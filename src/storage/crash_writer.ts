/** A process for `crash_test.ts` to kill: writes to every kind, flushes, and only then says what is safe. */
import { systemClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { Database } from "./database.ts";
import { archive, keyval, map } from "./store.ts";

const [path, start, durability] = Deno.args;
if (path === undefined) throw new Error("usage: crash_writer.ts FILE START DURABILITY");
const database = Database.open({
  path,
  durability: durability === "full" ? "full" : "normal",
  clock: systemClock,
  log: createLog({ level: "error" }),
});
const last = database.open(keyval<number>("last"), "a.test");
const rows = database.open(map<number>("rows"), "a.test");
const items = database.open(archive("items"), "a.test");

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(line));

for (let n = Number(start);; n++) {
  // Every write of a step is in one turn: after a crash all of it is there or nothing.
  last.set("bob", n);
  rows.set("bob", `k${n}`, n);
  items.append("bob", { id: `i${n}`, at: n, value: "x".repeat(300), text: `word${n}` });
  await database.flush();
  say(`${n}\n`);
}
