/** XEP-0163 §4.3.4 between servers: what contacts were to be told while their server was away reaches them when it is back. */
import { equal } from "node:assert/strict";
import { buildCaps, buildDiscoInfo, capsVersion } from "#plugin";
import { type TestAnswerer, type TestClient, TestNetwork, type TestServer, testServer } from "#testing";
import all from "../../plugins/mod.ts";
import { EXTERNAL, STARTTLS, trusted } from "./federation_world.ts";
import { infoOf, PLUGINS, publishAs } from "./pubsub_world.ts";

const B = { certificate: trusted("b.test") };
const DEVICES = "eu.siacs.conversations.axolotl.devicelist";
const devices = (id: string) => `<list xmlns='eu.siacs.conversations.axolotl'><device id='${id}'/></list>`;
const publish = (juliet: TestClient, id: string) =>
  publishAs(juliet, DEVICES, "current", devices(id), { access_model: "open" });
const info = infoOf([DEVICES]);
const ver = capsVersion(info);
const HERE = `<presence from='romeo@b.test/x' to='juliet@a.test'>${buildCaps("http://test", ver)}</presence>`;
const told = (id: string) =>
  `<message from='juliet@a.test' to='romeo@b.test/x'><event><items node='${DEVICES}'><item id='current'>${
    devices(id)
  }</item></items></event></message>`.replace(
    "<event>",
    "<event xmlns='http://jabber.org/protocol/pubsub#event'>",
  );

/** Juliet, whose list a device of Romeo's at b.test has been told of; then b.test has gone away. */
async function apart(): Promise<{ a: TestServer; network: TestNetwork; juliet: TestClient }> {
  const network = new TestNetwork();
  const plugins = [...PLUGINS, ...all.filter(({ name }) => name === "federation")];
  const a = await testServer({ plugins, network });
  const [juliet] = await a.online("juliet/x");
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  await juliet.send("<presence to='romeo@b.test' type='subscribe'/>");
  await peer.send("<presence from='romeo@b.test' to='juliet@a.test' type='subscribed'/>");
  await publish(juliet, "1");
  await peer.send(HERE);
  const query = peer.expect("<iq type='get' to='romeo@b.test/x'/>");
  const answer = buildDiscoInfo(info, `http://test#${ver}`);
  await peer.send(
    `<iq type='result' id='${query.attr("id")}' from='romeo@b.test/x' to='juliet@a.test'>${answer}</iq>`,
  );
  peer.expect(told("1"));
  network.place("b.test", { accept: (end) => end.destroy(new Error("refused")) });
  await peer.cut();
  return { a, network, juliet };
}

async function letIn(b: TestAnswerer): Promise<void> {
  await b.greet(STARTTLS);
  await b.secure(B.certificate, EXTERNAL);
  await b.succeed();
}

Deno.test("XEP-0163 §4.3.4: a list of keys that was published while a contact's server was away is sent again, and once it has come no more", async () => {
  const { a, network, juliet } = await apart();
  await using _ = a;
  await publish(juliet, "2");
  await a.clock.advance("1m");
  // It is not forgotten when the plugin is started anew.
  await a.reload({ config: { defaults: { pep: { idle: "1h" } } } });
  await a.clock.advance("9m");
  const answers = network.answers("b.test");
  // At doubling intervals: nobody is kept waiting longer than they were away.
  for (let minutes = 0; answers.length === 0 && minutes < 10; minutes++) await a.clock.advance("1m");
  await letIn(answers[0]!);
  answers[0]!.expect(told("2"));
  answers[0]!.clear();
  await a.clock.advance("20m");
  answers[0]!.quiet();
  equal(answers.length, 1);
});

Deno.test("XEP-0163 §4.3.4: a device that is heard of again is told at once what it has missed, once", async () => {
  const { a, network, juliet } = await apart();
  await using _ = a;
  await publish(juliet, "2");
  await a.clock.advance("10m");
  network.answers("b.test");
  const back = a.peer(B);
  await back.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  await back.send(HERE);
  back.expect(told("2"));
  back.clear();
  await back.send(HERE);
  back.quiet();
});
