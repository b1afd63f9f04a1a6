/** Servers that connect to us: headers, TLS, SASL EXTERNAL, and who may send what for whom (RFC 6120, XEP-0178). */
import { equal, ok } from "node:assert/strict";
import type { TestPeer, TestServer } from "#testing";
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
  TLS_NS,
  trusted,
  untrusted,
} from "./federation_world.ts";

const B = { certificate: trusted("b.test") };

/** A peer that has proved to be b.test. */
async function peer(a: TestServer): Promise<TestPeer> {
  const peer = a.peer(B);
  await peer.external("b.test");
  return peer;
}

Deno.test("BUG-07, RFC 6120 §4.7: our header answers the peer's, each address in its place", async () => {
  const [a] = await alone();
  await using _ = a;
  const peer = a.peer({ secure: false });
  await peer.openFrom("b.test");
  const { from, to, id, version } = peer.header!.attrs;
  equal([from, to, version].join(), "a.test,b.test,1.0");
  ok(id!.length >= 16);
  const other = a.peer({ secure: false });
  await other.openFrom("b.test");
  ok(other.header!.attr("id") !== id);
});

const HEADERS: readonly [what: string, attributes: string, condition: string][] = [
  [
    "a default namespace of clients",
    "to='a.test' from='b.test' version='1.0' xmlns='jabber:client'",
    "invalid-namespace",
  ],
  ["no 'to'", "from='b.test' version='1.0' xmlns='jabber:server'", "improper-addressing"],
  [
    "a 'to' that is not served",
    "to='x.test' from='b.test' version='1.0' xmlns='jabber:server'",
    "host-unknown",
  ],
  ["a 'to' that is no domain", "to='x@a.test' version='1.0' xmlns='jabber:server'", "host-unknown"],
  [
    "a 'from' that is no domain",
    "to='a.test' from='x@b.test' version='1.0' xmlns='jabber:server'",
    "invalid-from",
  ],
  [
    "a version that is none",
    "to='a.test' from='b.test' version='one' xmlns='jabber:server'",
    "unsupported-version",
  ],
];
for (const [what, attributes, condition] of HEADERS) {
  Deno.test(`RFC 6120 §4.9.3: a header with ${what} is ${condition}`, async () => {
    const [a] = await alone();
    await using _ = a;
    const peer = a.peer({ secure: false });
    await peer.send(`<stream:stream ${attributes} xmlns:stream='http://etherx.jabber.org/streams'>`);
    peer.expectStreamError(condition);
    ok(peer.closed);
  });
}

Deno.test("AC-2.7-2, RFC 6120 §5: before TLS there is only TLS, after it the rest", async () => {
  const [a] = await alone();
  await using _ = a;
  const peer = a.peer({ ...B, secure: false });
  await peer.openFrom("b.test");
  const before = peer.expect(`<stream:features>${STARTTLS}</stream:features>`);
  equal(before.elements().length, 1);
  await peer.send(`<starttls xmlns='${TLS_NS}'/>`);
  peer.expect(`<proceed xmlns='${TLS_NS}'/>`);
  await peer.openFrom("b.test");
  const after = peer.expect(`<stream:features>${EXTERNAL}${BIDI}${DIALBACK}</stream:features>`);
  equal(after.child("starttls", TLS_NS), undefined);
});

Deno.test("AC-2.8-6: with TLS from the first byte there is no STARTTLS, and EXTERNAL works", async () => {
  const [a] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  equal(peer.expect(`<stream:features>${EXTERNAL}</stream:features>`).child("starttls", TLS_NS), undefined);
  await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
  peer.expect(`<success xmlns='${SASL_NS}'/>`);
  await peer.openFrom("b.test");
  peer.expect(`<stream:features>${SM}</stream:features>`);
  await peer.send(`<message from='bob@b.test' to='alice@a.test/desk'><body>Hi</body></message>`);
  alice.expect(`<message from='bob@b.test'><body>Hi</body></message>`);
  peer.quiet();
});

Deno.test("XEP-0178 §3: EXTERNAL is offered to whom the certificate names, and to nobody else", async () => {
  const [a] = await alone();
  await using _ = a;
  for (
    const [certificate, from] of [
      [untrusted("b.test"), "b.test"],
      [trusted("b.test"), "c.test"],
      [trusted("b.test"), undefined],
      [undefined, "b.test"],
    ] as const
  ) {
    const peer = a.peer(certificate === undefined ? {} : { certificate });
    await peer.openFrom(from);
    const features = peer.expect(`<stream:features>${DIALBACK}</stream:features>`);
    equal(features.child("mechanisms", SASL_NS), undefined);
  }
});

const LOGINS: readonly [what: string, auth: string, condition: string][] = [
  ["another domain", "<auth mechanism='EXTERNAL'>Yy50ZXN0</auth>", "invalid-authzid"],
  ["what is no base64", "<auth mechanism='EXTERNAL'>%</auth>", "incorrect-encoding"],
  ["another mechanism", "<auth mechanism='PLAIN'>=</auth>", "invalid-mechanism"],
  ["nothing that was begun", "<abort/>", "aborted"],
];
for (const [what, auth, condition] of LOGINS) {
  Deno.test(`XEP-0178 §3: a login with ${what} fails with ${condition}, and the stream goes on`, async () => {
    const [a] = await alone();
    await using _ = a;
    const peer = a.peer(B);
    await peer.openFrom("b.test");
    peer.clear();
    await peer.send(auth.replace(/<(\w+)/, `<$1 xmlns='${SASL_NS}'`));
    peer.expect(`<failure xmlns='${SASL_NS}'><${condition}/></failure>`);
    await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
    peer.expect(`<success xmlns='${SASL_NS}'/>`);
  });
}

Deno.test("a certificate of another domain proves nothing: EXTERNAL fails, and so does a domain of ours", async () => {
  const [a] = await alone();
  await using _ = a;
  for (const [from, certificate] of [["b.test", trusted("c.test")], ["a.test", trusted("a.test")]] as const) {
    const peer = a.peer({ certificate });
    await peer.openFrom(from);
    peer.clear();
    await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
    peer.expect(`<failure xmlns='${SASL_NS}'><not-authorized/></failure>`);
    await peer.send(`<message from='x@${from}' to='alice@a.test'/>`);
    peer.expectStreamError("not-authorized");
  }
});

Deno.test("RFC 6120 §6.4.5: after some failed logins the stream is closed", async () => {
  const [a] = await alone();
  await using _ = a;
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  for (let i = 0; i < 4; i++) await peer.send(`<auth xmlns='${SASL_NS}' mechanism='PLAIN'>=</auth>`);
  peer.expectStreamError("policy-violation");
});

Deno.test("RFC 6120 §4.9.3.12: nothing is taken before the peer has proved who it is", async () => {
  const [a] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  await peer.send(`<message from='bob@b.test' to='alice@a.test/desk'/>`);
  peer.expectStreamError("not-authorized");
  alice.quiet();
});

const ADDRESSES: readonly [what: string, stanza: string, condition: string][] = [
  ["a forged domain", "<message from='x@c.test' to='alice@a.test'/>", "invalid-from"],
  ["a domain of ours", "<message from='root@a.test' to='alice@a.test'/>", "invalid-from"],
  ["a subdomain of its own", "<message from='x@sub.b.test' to='alice@a.test'/>", "invalid-from"],
  ["no 'from'", "<message to='alice@a.test'/>", "improper-addressing"],
  ["no 'to'", "<message from='x@b.test'/>", "improper-addressing"],
  ["a 'from' that is none", "<message from='@b.test' to='alice@a.test'/>", "improper-addressing"],
  ["a 'to' that is none", "<message from='x@b.test' to='@a.test'/>", "improper-addressing"],
  ["no 'from' in what is no stanza either", "<iq to='alice@a.test'/>", "improper-addressing"],
  ["a forged domain in what is no stanza either", "<iq from='x@c.test' to='a.test'/>", "invalid-from"],
  ["a receiver that is not served", "<message from='x@b.test' to='alice@x.test'/>", "host-unknown"],
];
for (const [what, stanza, condition] of ADDRESSES) {
  Deno.test(`RFC 6120 §8.1.1.2, §8.1.2.2: a stanza with ${what} ends the stream with ${condition}`, async () => {
    const [a] = await alone();
    await using _ = a;
    const [alice] = await a.online("alice/desk");
    const from = await peer(a);
    await from.send(`<message from='x@b.test' to='alice@a.test/desk' id='before'/>${stanza}`);
    from.expectStreamError(condition);
    alice.expect("<message id='before'/>");
    alice.quiet();
  });
}

Deno.test("RFC 6120 §8.2.3: what is no stanza is answered, and the stream goes on", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const from = await peer(a);
  await from.send(`<iq from='x@b.test' to='a.test' type='get'/>`);
  equal(from.closed, false);
  // The answer goes to b.test's own servers: this stream is for one direction.
  equal(answers.length, 1);
});

Deno.test("a host of ours that the pair is not for is invalid-from, and other pairs go on after an unknown one", async () => {
  const [a] = await alone({ bidi: true }, { host: { "c.test": {} } });
  await using _ = a;
  const [alice, carol] = await a.online("alice/desk", "carol@c.test/desk");
  const from = a.peer({ certificate: trusted("b.test", "d.test") });
  await from.external("b.test", "a.test", `<bidi xmlns='urn:xmpp:bidi'/>`);
  await from.claim("d.test", "c.test");
  from.expect("<db:result from='c.test' to='d.test' type='valid'/>");
  await from.send(`<message from='x@b.test' to='alice@a.test/desk' id='1'/>`);
  await from.send(`<message from='x@d.test' to='carol@c.test/desk' id='2'/>`);
  alice.expect("<message id='1'/>");
  carol.expect("<message id='2'/>");
  await from.send(`<message from='x@b.test' to='y@unknown.test' id='3'/>`);
  from.expect(`<message from='a.test' to='x@b.test' type='error' id='3'><error type='cancel'>
    <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  equal(from.closed, false);
  // Injection across pairs: b.test has not proved itself to c.test, nor d.test to a.test.
  await from.send(`<message from='x@d.test' to='alice@a.test/desk' id='4'/>`);
  from.expectStreamError("invalid-from");
  alice.quiet();
});

Deno.test("RFC 6120 §4.3.3: a stream that begins anew stays with its two domains", async () => {
  const [a] = await alone({}, { host: { "c.test": {} } });
  await using _ = a;
  for (
    const [from, to, condition] of [["b.test", "c.test", "host-unknown"], [
      "c2.test",
      "a.test",
      "invalid-from",
    ]]
  ) {
    const peer = a.peer(B);
    await peer.openFrom("b.test");
    await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
    await peer.openFrom(from, to);
    peer.expectStreamError(condition!);
  }
});

Deno.test("what was said in the clear behind STARTTLS is thrown away (RFC 6120 §5.4.3.3)", async () => {
  const [a] = await alone();
  await using _ = a;
  const peer = a.peer({ ...B, secure: false });
  await peer.openFrom("b.test");
  await peer.send(`<starttls xmlns='${TLS_NS}'/><db:result from='b.test' to='a.test'>x</db:result>`);
  peer.expect(`<stream:features/>`);
  peer.expect(`<proceed xmlns='${TLS_NS}'/>`);
  await peer.openFrom("b.test");
  peer.expect(`<stream:features/>`);
  peer.quiet();
});

Deno.test("a peer that proves nothing is closed after a while", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  await network.clock.advance("61 s");
  peer.expectStreamError("connection-timeout");
});

Deno.test("elements that nobody knows end the stream", async () => {
  const [a] = await alone();
  await using _ = a;
  const from = await peer(a);
  await from.send(`<bidi xmlns='urn:xmpp:bidi'/>`);
  from.expectStreamError("unsupported-stanza-type");
});

Deno.test("a stream that carries nothing is closed in order after the idle time-out", async () => {
  const [network, a, b] = await pair({ idle_timeout: "20 min" }, { idle_timeout: "off" });
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  await alice.send(`<message to='bob@b.test/pad' id='1'/>`);
  await network.clock.advance("19 min");
  await bob.send(`<message to='alice@a.test/desk' id='2'/>`);
  alice.expect(`<message id='2'/>`);
  await network.clock.advance("19 min");
  equal(a.server.federation.pairs().length, 1);
  await network.clock.advance("10 min");
  equal(a.server.federation.pairs().length, 0);
  equal(b.server.federation.pairs().length, 0);
  await bob.send(`<message to='alice@a.test/desk' id='3'/>`);
  alice.expect(`<message id='3'/>`);
  alice.quiet();
  equal(network.dialled.length, 2);
});

Deno.test("errors of stanzas are answered on a stream of both directions", async () => {
  const [a] = await alone();
  await using _ = a;
  const from = a.peer(B);
  await from.external("b.test", "a.test", `<bidi xmlns='urn:xmpp:bidi'/>`);
  await from.send(`<iq from='x@b.test/y' to='a.test' type='get' id='1'/>`);
  from.expect(error("iq", "a.test", "bad-request"));
  await from.send(`<iq from='x@b.test/y' to='a.test' type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>`);
  from.expect(`<iq from='a.test' to='x@b.test/y' type='result' id='2'/>`);
  await from.send(`<message from='x@b.test/y' to='nobody@a.test' id='3'/>`);
  from.expect(error("message", "nobody@a.test", "service-unavailable"));
});
