/** kill -9 in the middle of writing, again and again on the same file: what was acknowledged is there, and it is sound. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { scratch } from "./storage_test_rig.ts";
import { archive, keyval, map } from "./store.ts";

const KILLS = Deno.env.get("METRONOME_LONG") === "1" ? 100 : 3;

/** Lets a writer run until it has acknowledged `lines` steps, kills it, and gives the last number it said. */
async function killed(file: string, start: number, durability: string, lines: number): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./crash_test_writer.ts", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await new Blob([JSON.stringify({ path: file, start, durability })]).stream().pipeTo(child.stdin);
  let text = "";
  let dead = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (!dead && text.split("\n").length > lines) {
      dead = true;
      child.kill("SIGKILL");
    }
  }
  assert.equal((await child.status).signal, "SIGKILL");
  // The last line may have been cut by the kill; a whole line was acknowledged.
  return Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1));
}

Deno.test(`killed ${KILLS} times: every acknowledged row is there, steps are whole, the file is sound`, () =>
  scratch(async (s) => {
    let next = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await killed(
        s.file,
        next,
        kill % 2 === 0 ? "normal" : "full",
        1 + Math.floor(Math.random() * 300),
      );
      assert.ok(acknowledged >= next);
      const database = s.open();
      const last = database.open(keyval<number>("last"), "a.test").get("bob") ?? -1;
      const rows = database.open(map<number>("rows"), "a.test");
      const items = database.open(archive("items"), "a.test");
      assert.ok(last >= acknowledged, `acknowledged ${acknowledged}, found ${last}`);
      assert.equal(rows.count("bob"), last + 1);
      assert.equal(items.count("bob"), last + 1);
      for (let n = next; n <= last; n++) {
        assert.equal(rows.get("bob", `k${n}`), n);
        assert.equal((await items.get("bob", `i${n}`))?.at, n);
      }
      assert.equal(await items.count("bob", { text: `word${last}` }), 1);
      await database.close();
      const check = new DatabaseSync(s.file, { readOnly: true });
      assert.deepEqual(check.prepare("PRAGMA integrity_check").all().map((r) => r["integrity_check"]), [
        "ok",
      ]);
      check.close();
      next = last + 1;
    }
  }));
