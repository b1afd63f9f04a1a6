/** Two of our servers talk to each other: RFC 6120, from the client's side. */
import { deepEqual, equal, match } from "node:assert/strict";
import { arriving, claiming, definePlugin, exporting, none, peerOpened } from "#plugin";
import { testCertificate, TestNetwork, testServer } from "#testing";
import { statusOf } from "../../src/server/status.ts";
import { visitDomain } from "../../src/server/visit.ts";
import { EXTERNAL, pair, plugins, STARTTLS, trusted } from "./federation_world.ts";

const HELLO = `<message to='bob@b.test' type='chat' id='1'><body>Hello</body></message>`;

Deno.test("RFC 6120: messages, requests and presence go both ways", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  await alice.send(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`);
  await alice.send(HELLO);
  bob.expect(
    `<message from='alice@a.test/desk' to='bob@b.test' type='chat' id='1'><body>Hello</body></message>`,
  );
  await bob.send(`<message to='alice@a.test/desk' id='2'><body>Hi</body></message>`);
  alice.expect(`<message from='bob@b.test/pad' id='2'/>`);
  await alice.send(`<iq type='get' to='b.test' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>`);
  alice.expect(`<iq type='result' from='b.test' id='ping'/>`);
  await alice.send(`<presence type='subscribe' to='bob@b.test'/>`);
  bob.expect(`<presence type='subscribe' from='alice@a.test'/>`);
  await bob.send(`<presence type='subscribed' to='alice@a.test'/>`);
  alice.expect(`<presence type='subscribed' from='bob@b.test'/>`);
  alice.expect(`<presence from='bob@b.test/pad'/>`);
  // XEP-0288: one connection for both directions.
  equal(network.dialled.length, 1);
});

Deno.test("AC-2.7-3: without bidi, or for who is excluded, each direction has its own connection", async () => {
  for (const config of [{ bidi: false }, { one_way: ["a.test"] }]) {
    const [network, a, b] = await pair({}, config);
    await using _a = a;
    await using _b = b;
    const [alice] = await a.online("alice/desk");
    const [bob] = await b.online("bob/pad");
    await alice.send(HELLO);
    await bob.send(`<message to='alice@a.test/desk'><body>Hi</body></message>`);
    bob.expect(`<message from='alice@a.test/desk'/>`);
    alice.expect(`<message from='bob@b.test/pad'/>`);
    equal(network.dialled.join(), "b.test,a.test");
  }
});

Deno.test("AC-2.7-4: both connect at the same moment, 200 times, and nothing is lost or comes twice", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  for (let i = 0; i < 200; i++) {
    await Promise.all([
      alice.send(`<message to='bob@b.test/pad' id='a1'/><message to='bob@b.test/pad' id='a2'/>`),
      bob.send(`<message to='alice@a.test/desk' id='b1'/><message to='alice@a.test/desk' id='b2'/>`),
    ]);
    await alice.send(`<message to='bob@b.test/pad' id='a3'/>`);
    await bob.send(`<message to='alice@a.test/desk' id='b3'/>`);
    equal(bob.inbox.splice(0).map((it) => it.attr("id")).join(), "a1,a2,a3");
    equal(alice.inbox.splice(0).map((it) => it.attr("id")).join(), "b1,b2,b3");
    equal(a.server.federation.pairs().length, 2);
    for (const session of a.server.federation.remotes.sessions) session.end();
    await network.settle();
  }
  equal(network.dialled.length, 400);
});

Deno.test("a server without a certificate that is believed is known by dialback", async () => {
  const network = new TestNetwork();
  const certificate = (domain: string) => testCertificate({ names: [domain], trusted: false });
  await using a = await testServer({ host: "a.test", plugins, network, certificate });
  await using b = await testServer({ host: "b.test", plugins, network, certificate });
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  await alice.send(HELLO);
  bob.expect(`<message from='alice@a.test/desk'/>`);
  await bob.send(`<message to='alice@a.test/desk' id='2'/>`);
  alice.expect(`<message from='bob@b.test/pad' id='2'/>`);
  // The second is b.test's call-back.
  equal(network.dialled.join(), "b.test,a.test");
  equal(a.server.federation.pairs()[0]?.by, "dialback");
});

Deno.test("a domain that does not exist is told at once, and then left alone for a while", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  for (let i = 0; i < 3; i++) {
    await alice.send(`<message to='x@nowhere.test' id='${i}'/>`);
    alice.expect(`<message from='x@nowhere.test' type='error' id='${i}'>
      <error type='cancel'><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  }
  equal(network.asked.filter((it) => it === "nowhere.test").length, 1);
  await network.clock.advance("10 s");
  await alice.send(`<message to='x@nowhere.test' id='later'/>`);
  equal(network.asked.filter((it) => it === "nowhere.test").length, 2);
});

Deno.test("a host without the plugin talks to nobody elsewhere", async () => {
  const network = new TestNetwork();
  await using a = await testServer({ plugins: plugins.filter((it) => it.name !== "federation"), network });
  await using b = await testServer({ host: "b.test", plugins, network });
  const [alice] = await a.online("alice/desk");
  await alice.send(HELLO);
  const error = alice.expect(`<message from='bob@b.test' type='error'/>`);
  match(error.toString(), /remote-server-not-found/);
  const [bob] = await b.online("bob/pad");
  await bob.send(`<message to='alice@a.test'/>`);
  bob.expect(`<message from='alice@a.test' type='error'/>`);
});

Deno.test("check federation: the running server tries it, and says by what the other is known", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const visit = async (domain: string) => {
    const report = visitDomain(a.server, "a.test", domain);
    await network.settle();
    return await report;
  };
  const good = await visit("b.test");
  equal(good?.condition, "");
  const [made] = good!.pairs;
  equal([made?.direction, made?.bidi, made?.secure, made?.by].join(), "out,true,true,certificate");
  equal((await visit("nowhere.test"))?.condition, "remote-server-not-found");
  equal(await visitDomain(a.server, "unknown.test", "b.test"), undefined);
  network.place("b.test");
});

Deno.test("status: streams, pairs and what waits", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  network.answers("c.test");
  await alice.send(`<message to='bob@b.test'/><message to='x@c.test'/><message to='y@c.test'/>`);
  const { federation } = statusOf(a.server);
  equal(federation.streams, 1);
  equal(federation.pairs.map(({ local, remote }) => `${local} ${remote}`).join(), "a.test b.test");
  equal(JSON.stringify(federation.waiting), `[{"local":"a.test","remote":"c.test","stanzas":2}]`);
  const text = a.server.metrics.text();
  match(text, /metronome_server_streams\{direction="out"\} 1/);
  match(text, /metronome_federated_stanzas_total\{direction="out",kind="message"\} 3/);
  match(text, /metronome_federation_waiting 2/);
});

Deno.test("RFC 6120 §4.8.3: a content namespace that a client spells out does not leave for a stream that has another", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  const written: string[] = [];
  const answers = network.answers("c.test");
  await alice.send("<presence to='x@c.test'/>");
  const c = answers[0]!;
  await c.greet(STARTTLS);
  await c.secure(trusted("c.test"), EXTERNAL);
  await c.succeed();
  c.heard = (text) => void written.push(text);
  await alice.send(
    `<message xmlns='jabber:client' to='x@c.test'><body xmlns='jabber:client'>Hi</body>` +
      `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>Old</body></message></forwarded></message>`,
  );
  const message = written.join("").match(/<message .*<\/message>/)?.[0] ?? "";
  match(message, /<body>Hi<\/body>/);
  match(message, /<forwarded xmlns=.urn:xmpp:forward:0.><message xmlns=.jabber:client.><body>Old<\/body>/);
});

Deno.test("AC-2.4-4: each moment of a conversation with another server comes once", async () => {
  const seen: string[] = [];
  const counter = definePlugin({
    name: "counter",
    doc: "Counts.",
    config: none,
    setup(host) {
      host.at(exporting).witness({}, ({ stanza }) => void seen.push(`exporting ${stanza.id}`));
      host.at(arriving).witness({}, ({ stanza }) => void seen.push(`arriving ${stanza.id}`));
      host.tap(claiming, ({ local, remote, direction }) => {
        seen.push(`claiming ${local} ${remote} ${direction}`);
        return undefined;
      });
      host.on(peerOpened, ({ local, remote, by }) => void seen.push(`peerOpened ${local} ${remote} ${by}`));
    },
  });
  const network = new TestNetwork();
  await using a = await testServer({ plugins: [...plugins, counter], network });
  const [alice] = await a.online("alice/desk");
  seen.length = 0;
  const peer = a.peer({ certificate: trusted("b.test") });
  await peer.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  await peer.send("<message from='x@b.test' to='alice@a.test/desk' id='in'/>");
  await alice.send("<message to='x@b.test' id='out'/>");
  peer.expect("<message id='out'/>");
  deepEqual(seen, [
    "claiming a.test b.test in",
    "peerOpened a.test b.test certificate",
    "arriving in",
    "exporting out",
  ]);
});
