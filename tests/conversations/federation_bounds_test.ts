/** Hosts of one server that see other servers differently, and what many domains, or many hosts, can cost at the most. */
import { equal, ok } from "node:assert/strict";
import { TestNetwork, type TestPeer, testServer } from "#testing";
import {
  alone,
  DIALBACK,
  dialbackError,
  error,
  EXTERNAL,
  plugins,
  STARTTLS,
  trusted,
  untrusted,
} from "./federation_world.ts";

const B = { certificate: trusted("b.test") };
const ASK = `<bidi xmlns='urn:xmpp:bidi'/>`;

Deno.test("AC-2.7-3: a host that excludes a domain sends nothing on a stream that other hosts share with it", async () => {
  const [a, network] = await alone({}, { host: { "c.test": { federation: { one_way: ["b.test"] } } } });
  await using _ = a;
  const [alice, carol] = await a.online("alice/desk", "carol@c.test/desk");
  const answers = network.answers("b.test");
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", ASK);
  await peer.claim("b.test", "c.test");
  peer.expect("<db:result from='c.test' to='b.test' type='valid'/>");
  await alice.send("<message to='x@b.test' id='1'/>");
  await carol.send("<message to='x@b.test' id='2'/>");
  peer.expectNext("<message id='1'/>");
  peer.quiet();
  equal(answers[0]!.header!.attr("from"), "c.test");
});

Deno.test("XEP-0220 §2.6: a peer without dialback errors has one stream for each of our hosts, and no more", async () => {
  const network = new TestNetwork();
  const config = { host: { "c.a.test": {}, "d.a.test": {} }, defaults: { federation: { bidi: false } } };
  const certificate = trusted("a.test", "*.a.test");
  await using a = await testServer({ plugins, network, certificate, config });
  const clients = await a.online("alice/desk", "carol@c.a.test/desk", "dora@d.a.test/desk");
  const answers = network.answers("b.test");
  const silent = EXTERNAL + "<dialback xmlns='urn:xmpp:features:dialback'/>";
  for (let round = 0; round < 5; round++) {
    for (const client of clients) await client.send(`<message to='x@b.test' id='${round}'/>`.repeat(3));
    if (round > 0) continue;
    for (const b of [...answers]) {
      await b.greet(STARTTLS);
      await b.secure(B.certificate, silent);
      await b.succeed();
    }
  }
  equal(answers.length, 3);
  for (const b of answers) equal(b.inbox.filter(({ name }) => name === "message").length, 15);
});

Deno.test("a host that talks to nobody elsewhere is not there for servers elsewhere", async () => {
  const [a] = await alone({}, { host: { "hidden.test": { plugins: { remove: ["federation"] } } } });
  await using _ = a;
  const [alice] = await a.online("alice@hidden.test/desk");
  const header = a.peer(B);
  await header.openFrom("b.test", "hidden.test");
  header.expectStreamError("host-unknown");
  const peer = a.peer(B);
  await peer.external("b.test");
  await peer.claim("b.test", "hidden.test");
  peer.expect(dialbackError("result", "from='hidden.test' to='b.test'", "item-not-found"));
  await peer.send("<message from='x@b.test' to='alice@hidden.test/desk'/>");
  peer.expectStreamError("host-unknown");
  alice.quiet();
  await alice.send("<message to='x@b.test'/>");
  alice.expect(error("message", "x@b.test", "remote-server-not-found"));
});

Deno.test("AC-2.6-5: attributes count for what waits; those that nobody defines do not wait with it", async () => {
  const [a, network] = await alone({ waiting_size: "3 KB" });
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  network.answers("b.test");
  const long = "x".repeat(4000);
  await alice.send(`<message to='x@b.test' id='${long}'/><message to='x@b.test' xml:lang='${long}' id='1'/>`);
  alice.expect(error("message", "x@b.test", "resource-constraint", "wait"));
  alice.expect(error("message", "x@b.test", "resource-constraint", "wait"));
  await alice.send(`<message to='x@b.test' other='${long}' id='2'/>`);
  alice.quiet();
});

Deno.test("who names domains on many streams makes us call few of them at a time, and others are not kept waiting", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const refused: number[] = [];
  for (let stream = 0; stream < 6; stream++) {
    const peer = a.peer({ certificate: untrusted("b.test"), address: `2001:db8::${stream + 1}` });
    await peer.openFrom("b.test");
    peer.clear();
    let claims = "";
    for (let i = 0; i < 20; i++) {
      network.place(`victim${stream}-${i}.test`, {});
      claims += `<db:result from='victim${stream}-${i}.test' to='a.test'>key</db:result>`;
    }
    await peer.send(claims);
    refused.push(peer.inbox.filter(({ name }) => name === "result").length);
    equal(peer.closed, stream === 5);
  }
  // A hundred from one network; and more errors than the stream may have.
  equal(refused.join(), "0,0,0,0,0,11");
  equal(network.dialled.length, 100);
  const other = a.peer({ certificate: untrusted("c.test"), address: "2001:db8:1::1" });
  network.place("c.test", {});
  await other.openFrom("c.test");
  await other.claim("c.test");
  equal(network.dialled.length, 101);
});

Deno.test("a call-back without TLS is not enough for a host that requires it, though another has made it", async () => {
  const [a, network] = await alone({ tls_required: false }, {
    host: { "c.test": { federation: { tls_required: true } } },
  });
  await using _ = a;
  const answers = network.answers("b.test");
  const claiming = async (to: string): Promise<TestPeer> => {
    const peer = a.peer({ certificate: untrusted("b.test") });
    await peer.openFrom("b.test", to);
    peer.clear();
    await peer.claim("b.test", to);
    return peer;
  };
  const one = await claiming("a.test");
  const two = await claiming("c.test");
  const authority = answers[0]!;
  await authority.greet(DIALBACK);
  const id = authority.expect("<db:verify from='a.test'/>").attr("id");
  authority.never("<db:verify from='c.test'/>");
  two.expect(dialbackError("result", "from='c.test' to='b.test'", "remote-connection-failed"));
  await authority.send(`<db:verify from='b.test' to='a.test' id='${id}' type='valid'/>`);
  one.expect("<db:result from='a.test' to='b.test' type='valid'/>");
});

Deno.test("AC-2.19-4: domains that DNS says nothing about delay nobody here, and no other domain", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice, bob] = await a.online("alice/desk", "bob/pad");
  const answers = network.answers("b.test");
  let said = "";
  for (let i = 0; i < 200; i++) {
    network.place(`slow${i}.test`, { unheard: true });
    said += `<message to='x@slow${i}.test' id='${i}'/>`;
  }
  await alice.send(said);
  equal(network.asked.length, 200);
  equal(network.dialled.length, 0);
  // The clock stands still: whatever waited for anything would wait for ever.
  await alice.send("<message to='bob@a.test/pad' id='here'/><message to='x@b.test' id='there'/>");
  bob.expect("<message id='here'/>");
  await answers[0]!.greet(STARTTLS);
  await answers[0]!.secure(B.certificate, EXTERNAL);
  await answers[0]!.succeed();
  answers[0]!.expect("<message id='there'/>");
  alice.quiet();
  await network.clock.advance("61 s");
  ok(alice.inbox.length === 200);
  alice.expect(error("message", "x@slow0.test", "remote-server-timeout", "wait"));
});

Deno.test("RFC 6120 §4.6.1: after some silence something is said, and a connection that is dead is found to be", async () => {
  for (const acknowledges of [false, true]) {
    const [a, network] = await alone({ ping_after: "2 min" });
    await using _ = a;
    const [alice] = await a.online("alice/desk");
    const answers = network.answers("b.test");
    await alice.send("<message to='x@b.test'/>");
    const b = answers[0]!;
    await b.greet(STARTTLS);
    await b.secure(B.certificate, EXTERNAL);
    await b.succeed(acknowledges ? "<sm xmlns='urn:xmpp:sm:3'/>" : "");
    if (acknowledges) await b.send("<enabled xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='1'/>");
    let heard = "";
    b.heard = (text) => void (heard += text);
    await network.clock.advance("3 min");
    equal(heard, acknowledges ? `<r xmlns="urn:xmpp:sm:3"/>` : " ");
    await network.clock.advance("65 s");
    equal(b.closed, acknowledges);
    alice.quiet();
  }
});
