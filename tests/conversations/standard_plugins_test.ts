import assert from "node:assert/strict";
import { type AnyPlugin, capsFault, readDiscoInfo } from "#plugin";
import { testServer } from "#testing";
import catalog from "../../plugins/mod.ts";

const INFO = "http://jabber.org/protocol/disco#info";
const standard: readonly AnyPlugin[] = catalog.filter((plugin) => plugin.standard === true) as AnyPlugin[];

Deno.test("standard plugins: all of them together, and what they say of themselves is well formed", async () => {
  await using server = await testServer({ plugins: standard });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  for (const to of ["a.test", "alice@a.test"]) {
    await alice!.send(`<iq to='${to}' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
    const info = readDiscoInfo(
      alice!.expect(`<iq id='1' type='result'><query xmlns='${INFO}'/></iq>`).first()!,
    );
    assert.equal(capsFault(info), undefined);
    assert.ok(info.identities.length > 0);
  }
  await alice!.send("<message to='bob@a.test' type='chat'><body>hello</body></message>");
  bob!.expect("<message from='alice@a.test/desk'><body>hello</body></message>");
});

Deno.test("standard plugins: in any order they give the same server", async () => {
  const features = async (plugins: readonly AnyPlugin[]) => {
    await using server = await testServer({ plugins });
    const alice = await server.client("alice/desk");
    await alice.send(`<iq to='a.test' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
    return readDiscoInfo(alice.expect("<iq id='1' type='result'/>").first()!);
  };
  assert.deepEqual(await features([...standard].reverse()), await features(standard));
});

Deno.test("the catalog: names are unique, and every XEP says the version that was read", () => {
  const plugins: readonly AnyPlugin[] = catalog as readonly AnyPlugin[];
  const names = plugins.map((plugin) => plugin.name);
  assert.deepEqual([...new Set(names)], names);
  for (const plugin of plugins) {
    for (const [number, version] of plugin.xeps ?? []) {
      assert.ok(
        Number.isInteger(number) && /^\d+\.\d+(\.\d+)?$/.test(version),
        `${plugin.name}: XEP-${number} ${version}`,
      );
    }
  }
});
