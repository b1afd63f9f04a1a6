/** FEATURES 2.13: what the gate does to streams with servers elsewhere. */
import { equal } from "node:assert/strict";
import { TestNetwork, type TestServer, testServer } from "#testing";
import all from "../../plugins/mod.ts";
import { type Gate, gate } from "../../plugins/gate/api.ts";
import { dialbackError, error, SASL_NS, trusted } from "./federation_world.ts";

const NAMES = ["federation", "gate_guard", "message", "presence", "roster"];
const PLUGINS = all.filter((plugin) => NAMES.includes(plugin.name));

function serverWith(
  options: Record<string, unknown>,
  more: { network?: TestNetwork; host?: string } = {},
): Promise<TestServer> {
  return testServer({
    plugins: PLUGINS,
    network: new TestNetwork(),
    config: { defaults: { gate_guard: options } },
    ...more,
  });
}

function gateOf(server: TestServer): Gate {
  return server.host.fittings.service(gate)!;
}

Deno.test("AC-2.13-1: a blocked domain is told not-allowed by dialback, and others on its stream are not harmed", async () => {
  await using server = await serverWith({ block: ["evil.test"] });
  const [alice] = await server.online("alice/desk");
  const peer = server.peer({ certificate: trusted("evil.test", "good.test") });
  await peer.openFrom("good.test");
  await peer.claim("evil.test");
  peer.expect(dialbackError("result", "from='a.test' to='evil.test'", "not-allowed"));
  // XEP-0344: the certificate is enough for the other one.
  await peer.claim("good.test");
  peer.expect(`<db:result from='a.test' to='good.test' type='valid'/>`);
  await peer.send(`<message from='x@good.test' to='alice@a.test'><body>Hello</body></message>`);
  alice.expect(`<message from='x@good.test'><body>Hello</body></message>`);
});

Deno.test("AC-2.13-1: a blocked domain is refused by SASL, whatever its certificate", async () => {
  await using server = await serverWith({ block: ["*.evil.test"] });
  const peer = server.peer({ certificate: trusted("a.evil.test") });
  await peer.openFrom("a.evil.test");
  await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
  peer.expect(`<failure xmlns='${SASL_NS}'/>`);
  equal(server.server.federation.pairs().length, 0);
});

Deno.test("AC-2.13-1: nothing is even looked up for what is refused on its way out", async () => {
  const network = new TestNetwork();
  await using server = await serverWith({ block: ["evil.test"] }, { network });
  const [alice] = await server.online("alice/desk");
  await alice.send(`<message to='x@evil.test' id='1'><body>Hi</body></message>`);
  alice.expect(error("message", "x@evil.test", "policy-violation", "cancel"));
  equal(network.asked.length, 0);
});

Deno.test("AC-2.13-3: offences end all streams of the domain and no others; after the ban it may come again", async () => {
  const network = new TestNetwork();
  await using a = await serverWith({ hits: 3, ban: "2 min" }, { network });
  await using b = await serverWith({}, { network, host: "b.test" });
  await using c = await serverWith({}, { network, host: "c.test" });
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  const [carol] = await c.online("carol/pad");
  for (const client of [bob, carol]) {
    await client.send(`<message to='alice@a.test/desk'><body>Hi</body></message>`);
  }
  alice.clear();
  const pairs = () => [...new Set(a.server.federation.pairs().map((it) => it.remote))].sort().join();
  equal(pairs(), "b.test,c.test");

  for (let n = 0; n < 3; n++) gateOf(a).hit("b.test", { reason: "spam" });
  await network.settle();
  equal(pairs(), "c.test");
  await bob.send(`<message to='alice@a.test/desk' id='1'><body>Again</body></message>`);
  alice.quiet();
  await carol.send(`<message to='alice@a.test/desk'><body>Still here</body></message>`);
  alice.expect("<message><body>Still here</body></message>");
  await alice.send(`<message to='bob@b.test' id='2'/>`);
  alice.expect(error("message", "bob@b.test", "policy-violation", "cancel"));

  await network.clock.advance("3 min");
  alice.clear();
  const [dave] = await b.online("dave/pad");
  const [anna] = await a.online("anna/desk");
  await dave.send(`<message to='anna@a.test/desk'><body>Sorry</body></message>`);
  anna.expect("<message><body>Sorry</body></message>");
});

Deno.test("a reload that blocks a domain ends its streams", async () => {
  const network = new TestNetwork();
  await using a = await serverWith({}, { network });
  await using b = await serverWith({}, { network, host: "b.test" });
  const [bob] = await b.online("bob/pad");
  const [alice] = await a.online("alice/desk");
  await bob.send(`<message to='alice@a.test/desk'/>`);
  alice.expect(`<message from='bob@b.test/pad'/>`);
  await a.reload({ config: { defaults: { gate_guard: { block: ["b.test"] } } } });
  await network.settle();
  equal(a.server.federation.pairs().length, 0);
});
