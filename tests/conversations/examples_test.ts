/** The examples of docs/plugins.md are files that really run, and what the text shows of them is what they say. */
import { equal, ok } from "node:assert/strict";
import catalog from "../../plugins/mod.ts";
import { PluginFiles } from "../../src/server/plugin_files.ts";
import { testServer } from "#testing";

const docs = new URL("../../docs/", import.meta.url);
const root = new URL("../../", import.meta.url);

// The example's own conversations, as its author would run them.
await import(new URL("examples/away_test.ts", docs).href);
await import(new URL("examples/polite_rooms_test.ts", docs).href);
await import(new URL("examples/session_feed_test.ts", docs).href);
await import(new URL("examples/zap_and_destroy_test.ts", docs).href);

Deno.test("the example is loaded from disk as the server loads it", async () => {
  const path = new URL("examples/away.ts", docs).pathname;
  const set = await new PluginFiles(catalog).load([path]);
  equal(set.problems.length, 0, JSON.stringify(set.problems));
  const away = set.byName.get("away");
  ok(away !== undefined, "there is no plugin of that name in the file");
  await using server = await testServer({ plugins: [away] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq type='set' id='1'><away xmlns='urn:example:away'>Away.</away></iq>`);
  alice.expect(`<iq type='result' id='1'/>`);
});

Deno.test("a plugin that is written beside the server alone runs without it", async () => {
  // Types are all that it imports, and they are gone when it runs: the path they come from need not be there.
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(new URL("examples/away.ts", docs), `${folder}/away.ts`);
    const set = await new PluginFiles(catalog).load([`${folder}/away.ts`]);
    equal(set.problems.length, 0, JSON.stringify(set.problems));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a plugin from disk is given the tokens of those it builds on", async () => {
  for (const name of ["polite_rooms", "zap_and_destroy"]) {
    const path = new URL(`examples/${name}.ts`, docs).pathname;
    const set = await new PluginFiles(catalog).load([path]);
    equal(set.problems.length, 0, JSON.stringify(set.problems));
    const plugin = set.byName.get(name);
    const engine = set.byName.get("muc");
    ok(plugin !== undefined && engine !== undefined);
    await using server = await testServer({ plugins: [engine, plugin] });
    ok(server.server.hosts.pluginsOf("muc.a.test").includes(name));
  }
});

Deno.test("the code that docs/plugins.md and docs/rooms.md show is that of the files", () => {
  const text = ["plugins.md", "rooms.md", "pubsub.md"].map((name) =>
    Deno.readTextFileSync(new URL(name, docs))
  ).join(
    "\n",
  );
  const shown = [...text.matchAll(/<!-- from ([\w./]+) -->\s*```ts\n([\s\S]*?)```/g)];
  ok(shown.length >= 4, "docs/plugins.md shows no files");
  for (const [, path = "", code = ""] of shown) {
    const file = Deno.readTextFileSync(new URL(path, root));
    ok(file.includes(code), `docs: what is said to be from ${path} is not there`);
  }
});
