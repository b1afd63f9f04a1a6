/** XEP-0288 and XEP-0198 between servers: one stream for both directions, and nothing lost or doubled when it breaks. */
import { equal, ok } from "node:assert/strict";
import type { TestAnswerer, TestNetwork, TestPeer, TestServer } from "#testing";
import {
  alone,
  BIDI,
  DIALBACK,
  error,
  EXTERNAL,
  pair,
  SASL_NS,
  SM,
  STARTTLS,
  trusted,
  untrusted,
} from "./federation_world.ts";

const B = { certificate: trusted("b.test") };
const ASK = `<bidi xmlns='urn:xmpp:bidi'/>`;
const ENABLE = `<enable xmlns='urn:xmpp:sm:3' resume='true'/>`;

Deno.test("AC-2.7-2: on a stream of the peer's we send only after it has proved who it is", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  peer.expect(`<stream:features>${BIDI}</stream:features>`);
  await peer.send(ASK);
  await alice.send("<message to='x@b.test' id='1'/>");
  peer.quiet();
  equal(answers.length, 1);
  await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
  peer.expect(`<success xmlns='${SASL_NS}'/>`);
  peer.quiet();
  await peer.openFrom("b.test");
  peer.expectNext("<stream:features/>");
  peer.expectNext("<message to='x@b.test' id='1'/>");
  await alice.send("<message to='x@b.test' id='2'/>");
  peer.expectNext("<message id='2'/>");
  // The connection of ours that was under way may end as it likes.
  await answers[0]!.cut();
  alice.quiet();
});

Deno.test("AC-2.7-3: who is excluded is not offered it, and it is not used", async () => {
  const [a, network] = await alone({ one_way: ["b.test"] });
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  const features = peer.expect("<stream:features/>");
  equal(features.has("bidi", "urn:xmpp:features:bidi"), false);
  await peer.send(`${ASK}<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
  await peer.openFrom("b.test");
  peer.clear();
  await alice.send("<message to='x@b.test'/>");
  peer.quiet();
  await answers[0]!.greet(STARTTLS);
  await answers[0]!.secure(B.certificate, EXTERNAL + BIDI);
  answers[0]!.expectNext(`<auth xmlns='${SASL_NS}'/>`);
});

Deno.test("AC-2.7-5, BUG-26: after a failed attempt to prove itself the right one still makes it bidirectional", async () => {
  const [a] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  peer.clear();
  await peer.send(`${ASK}<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>Yy50ZXN0</auth>`);
  peer.expect(`<failure xmlns='${SASL_NS}'><invalid-authzid/></failure>`);
  await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
  await peer.openFrom("b.test");
  peer.clear();
  await alice.send("<message to='x@b.test'/>");
  peer.expect("<message to='x@b.test'/>");
});

Deno.test("AC-2.7-6: a second pair by dialback has both directions too, and no other pair has either", async () => {
  const [a, network] = await alone({}, { host: { "c.test": {} } });
  await using _ = a;
  const [alice, carol] = await a.online("alice/desk", "carol@c.test/desk");
  const peer = a.peer({ certificate: untrusted("b.test") });
  await peer.openFrom("b.test");
  await peer.send(ASK);
  for (const domain of ["b.test", "muc.b.test"]) {
    const answers = network.answers(domain);
    await peer.claim(domain);
    const authority = answers[0]!;
    await authority.greet(STARTTLS);
    await authority.secure(untrusted(domain), DIALBACK);
    const asked = authority.expect("<db:verify>key</db:verify>");
    await authority.send(`<db:verify from='${domain}' to='a.test' id='${asked.attr("id")}' type='valid'/>`);
    network.place(domain);
  }
  peer.clear();
  await alice.send("<message to='x@b.test' id='1'/><message to='x@muc.b.test' id='2'/>");
  peer.expectNext("<message to='x@b.test' id='1'/>");
  peer.expectNext("<message to='x@muc.b.test' id='2'/>");
  // Another host of ours has not been proved to: it must find its own way.
  await carol.send("<message to='x@b.test' id='3'/>");
  peer.quiet();
  carol.expect(error("message", "x@b.test", "remote-server-not-found"));
  await peer.send("<message from='x@b.test' to='carol@c.test/desk'/>");
  peer.expectStreamError("invalid-from");
  carol.quiet();
});

Deno.test("a stream of the peer's for both directions is gone: what comes next is sent on one of ours", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", ASK);
  await alice.send("<message to='x@b.test' id='1'/>");
  peer.expect("<message id='1'/>");
  await peer.close();
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='2'/>");
  equal(answers.length, 1);
  alice.quiet();
});

// --- XEP-0198 -----------------------------------------------------------------------------------------------------

/** A peer on a stream for both directions, with acknowledgements. Returns the stream's id. */
async function counted(a: TestServer): Promise<[TestPeer, string]> {
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", ASK);
  await peer.send(ENABLE);
  return [peer, peer.expect("<enabled xmlns='urn:xmpp:sm:3' resume='true' id='*'/>").attr("id")!];
}

/** A stream of ours on which b.test acknowledges. */
async function ours(b: TestAnswerer, resume = "resume='true' id='sm-id'"): Promise<void> {
  await b.greet(STARTTLS);
  await b.secure(B.certificate, EXTERNAL + BIDI);
  await b.succeed(SM);
  b.expect("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  await b.send(`<enabled xmlns='urn:xmpp:sm:3' ${resume}/>`);
}

Deno.test("XEP-0198: stanzas of a peer are counted, and acknowledged once they are dealt with", async () => {
  const [a] = await alone();
  await using _ = a;
  await a.online("alice/desk");
  const [peer] = await counted(a);
  await peer.send(
    `<message from='x@b.test' to='alice@a.test/desk'/><iq from='x@b.test' to='a.test' type='get'/>` +
      `<iq from='x@b.test' to='a.test' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq><r xmlns='urn:xmpp:sm:3'/>`,
  );
  peer.expect(`<a xmlns='urn:xmpp:sm:3' h='3'/>`);
  await peer.send(ENABLE);
  peer.expect(`<failed xmlns='urn:xmpp:sm:3'/>`);
});

Deno.test("XEP-0198 §4: who acknowledges more than was sent is told, and closed", async () => {
  const [a] = await alone();
  await using _ = a;
  const [peer] = await counted(a);
  await peer.send(`<a xmlns='urn:xmpp:sm:3' h='7'/>`);
  const said = peer.expectStreamError("undefined-condition");
  ok(said.child("handled-count-too-high", "urn:xmpp:sm:3"));
});

Deno.test("XEP-0198: the peer is asked after some stanzas, or some time, and a dead one is found", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const [peer] = await counted(a);
  await alice.send("<message to='x@b.test' id='m'/>");
  await network.clock.advance("11 s");
  peer.expect(`<r xmlns='urn:xmpp:sm:3'/>`);
  await peer.send(`<a xmlns='urn:xmpp:sm:3' h='1'/>`);
  await alice.send("<message to='x@b.test' id='m'/>".repeat(20));
  peer.expect(`<r xmlns='urn:xmpp:sm:3'/>`);
  await network.clock.advance("62 s");
  ok(peer.closed);
});

Deno.test("XEP-0198 §5: a peer goes on with its stream: nothing is lost, nothing comes twice, its pairs are still its own", async () => {
  const [a, network] = await alone({}, { host: { "c.test": {} } });
  await using _ = a;
  const [alice, carol] = await a.online("alice/desk", "carol@c.test/desk");
  const [peer, id] = await counted(a);
  await peer.claim("b.test", "c.test");
  peer.expect("<db:result from='c.test' type='valid'/>");
  await peer.send("<message from='x@b.test' to='alice@a.test/desk' id='in1'/>");
  await alice.send("<message to='x@b.test' id='out1'/><message to='x@b.test' id='out2'/>");
  await peer.cut();
  alice.expect("<message id='in1'/>");
  alice.quiet();
  const again = a.peer(B);
  await again.external("b.test", "a.test", ASK);
  await again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='1'/>`);
  again.expectNext(`<resumed xmlns='urn:xmpp:sm:3' previd='${id}' h='1'/>`);
  again.expectNext("<message id='out2'/>");
  again.expectNext("<r xmlns='urn:xmpp:sm:3'/>");
  again.quiet();
  await again.send("<message from='x@b.test' to='carol@c.test/desk' id='in2'/><r xmlns='urn:xmpp:sm:3'/>");
  carol.expect("<message id='in2'/>");
  again.expect(`<a xmlns='urn:xmpp:sm:3' h='2'/>`);
  await alice.send("<message to='x@b.test' id='out3'/>");
  again.expect("<message id='out3'/>");
  // Once only, and only by who it was.
  for (const certificate of [trusted("b.test"), trusted("d.test")]) {
    const other = a.peer({ certificate });
    await other.external(
      certificate === B.certificate ? "b.test" : other.header === undefined ? nameOf(certificate) : "",
    );
    await other.send(`<resume xmlns='urn:xmpp:sm:3' previd='unknown' h='1'/>`);
    other.expect(
      `<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`,
    );
  }
  await network.settle();
});

function nameOf(certificate: { leaf: Uint8Array }): string {
  return new TextDecoder().decode(certificate.leaf).split(" ")[1]!;
}

Deno.test("XEP-0198 §5: a stream is resumed by the domain that it was, and by no other", async () => {
  const [a] = await alone();
  await using _ = a;
  const [peer, id] = await counted(a);
  await peer.cut();
  const thief = a.peer({ certificate: trusted("d.test") });
  await thief.external("d.test");
  await thief.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  thief.expect(`<failed xmlns='urn:xmpp:sm:3'/>`);
  await thief.send("<message from='x@b.test' to='alice@a.test'/>");
  thief.expectStreamError("invalid-from");
});

Deno.test("XEP-0198 §5: a stream of ours that breaks is resumed, and what was not acknowledged is sent again", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/><message to='x@b.test' id='2'/>");
  await ours(answers[0]!);
  answers[0]!.expect("<message id='2'/>");
  await answers[0]!.send("<message from='x@b.test' to='alice@a.test/desk' id='in'/>");
  alice.expect("<message id='in'/>");
  await answers[0]!.cut();
  const b = answers[1]!;
  await b.greet(STARTTLS);
  await b.secure(B.certificate, EXTERNAL + BIDI);
  await b.succeed(SM);
  b.expectNext(`<bidi xmlns='urn:xmpp:bidi'/>`);
  b.expectNext(`<auth xmlns='${SASL_NS}'/>`);
  b.expectNext(`<resume xmlns='urn:xmpp:sm:3' previd='sm-id' h='1'/>`);
  await alice.send("<message to='x@b.test' id='3'/>");
  b.quiet();
  await b.send(`<resumed xmlns='urn:xmpp:sm:3' previd='sm-id' h='1'/>`);
  b.expectNext("<message id='2'/>");
  b.expectNext("<r xmlns='urn:xmpp:sm:3'/>");
  b.expectNext("<message id='3'/>");
  b.quiet();
  alice.quiet();
});

/** What becomes of what was not acknowledged when the stream is lost for good. */
async function lost(
  network: TestNetwork,
  a: TestServer,
  lose: (b: TestAnswerer, answers: TestAnswerer[]) => Promise<void>,
) {
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  const to = "to='x@b.test/y'";
  await alice.send(
    `<message ${to} id='1'/><iq ${to} type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>` +
      `<iq ${to} type='result' id='3'/><presence ${to}/><message ${to} type='error' id='4'/>`,
  );
  const b = answers[0]!;
  await ours(b);
  await lose(b, answers);
  return { alice, answers };
}

Deno.test("XEP-0198: lost without resumption: who must know is told, and what may come twice is sent once more", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const { alice, answers } = await lost(network, a, async (b) => {
    await b.send(`<a xmlns='urn:xmpp:sm:3' h='0'/>`);
    await b.send(
      "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
  });
  alice.expect(error("message", "x@b.test/y", "remote-server-timeout", "wait"));
  alice.expect(error("iq", "x@b.test/y", "remote-server-timeout", "wait"));
  const again = answers[1]!;
  await ours(again);
  again.expect("<iq type='result' id='3'/>");
  again.expect("<presence to='x@b.test/y'/>");
  again.expect("<message type='error' id='4'/>");
  again.never("<message id='1'/>");
  // Not a third time.
  await again.send(
    "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  );
  equal(answers.length, 2);
  alice.quiet();
});

Deno.test("XEP-0198 §5: the peer does not know the stream any more, but how far it was", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const { alice, answers } = await lost(network, a, (b) => b.cut());
  const again = answers[1]!;
  await again.greet(STARTTLS);
  await again.secure(B.certificate, EXTERNAL + BIDI);
  await again.succeed(SM);
  again.expect("<resume xmlns='urn:xmpp:sm:3'/>");
  await again.send(
    `<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`,
  );
  again.expect("<enable xmlns='urn:xmpp:sm:3'/>");
  alice.expect(error("iq", "x@b.test/y", "remote-server-timeout", "wait"));
  alice.quiet();
  again.expect("<presence to='x@b.test/y'/>");
});

Deno.test("XEP-0198: a stream that is closed in order has taken what it was sent", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const { alice, answers } = await lost(network, a, (b) => b.close());
  alice.quiet();
  equal(answers.length, 1);
});

Deno.test("XEP-0198: a peer that refuses to count gets its stanzas all the same", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/>");
  const b = answers[0]!;
  await b.greet(STARTTLS);
  await b.secure(B.certificate, EXTERNAL);
  await b.succeed(SM);
  await b.send(
    `<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`,
  );
  await alice.send("<message to='x@b.test' id='2'/>");
  b.expect("<message id='1'/>");
  b.expect("<message id='2'/>");
  await b.cut();
  alice.quiet();
});

Deno.test("XEP-0198: the connection between two of our servers breaks, again and again, and nothing is lost or doubled", async () => {
  const [network, a, b] = await pair();
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  const came: string[] = [];
  const returned: string[] = [];
  for (let i = 0; i < 30; i++) {
    await Promise.all([
      alice.send(`<message to='bob@b.test/pad' id='a${i}'/>`),
      bob.send(`<message to='alice@a.test/desk' id='b${i}'/>`),
    ]);
    for (const stream of [...a.server.streams.open]) {
      if (stream.owner !== undefined && "pairs" in stream.owner) stream.carrier.destroy(new Error("reset"));
    }
    await network.settle();
    await network.clock.advance("3 s");
  }
  for (const it of [...bob.inbox, ...alice.inbox]) {
    (it.attr("type") === "error" ? returned : came).push(it.attr("id")!);
  }
  equal(new Set(came).size, came.length);
  // Whatever has not come was returned to its sender.
  equal(new Set([...came, ...returned]).size, 60);
  equal(returned.filter((id) => came.includes(id)).join(), "");
});
