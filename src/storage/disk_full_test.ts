/** A disk that is really full, where the system lets us make a small one. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "./error.ts";
import { scratch } from "./storage_test_rig.ts";
import { keyval } from "./store.ts";

function run(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Whether this process may mount; tried once, in a folder of its own. */
function mayMount(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const folder = Deno.makeTempDirSync();
  const mounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
  if (mounted) run("umount", folder);
  Deno.removeSync(folder);
  return mounted;
}

const STORE = keyval<string>("text");

for (const durability of ["normal", "full"] as const) {
  Deno.test({
    name: `no space left (${durability}): refused, taken back, and working again when there is space`,
    ignore: !mayMount(),
    fn: () =>
      scratch(async (s) => {
        const disk = `${s.folder}/disk`;
        Deno.mkdirSync(disk);
        assert.ok(run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk));
        try {
          const path = `${disk}/metronome.db`;
          const database = s.open({ path, durability });
          const store = database.open(STORE, "a.test");
          let kept = 0;
          let refused: unknown;
          for (let n = 0; n < 100 && refused === undefined; n++) {
            const since = database.writes;
            try {
              for (let k = 0; k < 5; k++) store.set(`u${n}.${k}`, "x".repeat(10_000));
              await database.flush(since);
              kept = n;
            } catch (error) {
              refused = error;
            }
          }
          assert.ok(refused instanceof StorageError, String(refused));
          assert.equal(refused.fault, "full");
          assert.match(refused.message, /free some space/);
          for (let k = 0; k < 5; k++) {
            assert.equal(store.get(`u${kept}.${k}`)?.length, 10_000);
            assert.equal(store.get(`u${kept + 1}.${k}`), undefined);
          }
          assert.ok(run("mount", "-o", "remount,size=16m", disk));
          const since = database.writes;
          store.set("after", "works");
          await database.flush(since);
          await database.close();
          const check = new DatabaseSync(path, { readOnly: true });
          assert.equal(check.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
          assert.ok(check.prepare("SELECT 1 FROM keyval WHERE owner = 'after'").get());
          check.close();
        } finally {
          run("umount", "-l", disk);
        }
      }),
  });
}
