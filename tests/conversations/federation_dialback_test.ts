/** XEP-0220, XEP-0185 and XEP-0344: dialback in all its roles, and what is sent when it does not work. */
import { equal, match, ok } from "node:assert/strict";
import { definePlugin, none, StanzaError } from "#plugin";
import { claiming } from "../../src/plugin/mod.ts";
import { type TestAnswerer, TestNetwork, type TestPeer, type TestServer, testServer } from "#testing";
import { claimant, neighbours, offerDialback, secured, stranger } from "./federation_neighbour.ts";
import {
  alone,
  DIALBACK,
  dialbackError,
  error,
  EXTERNAL,
  plugins,
  SASL_NS,
  trusted,
} from "./federation_world.ts";

const RESULT = "from='a.test' to='b.test'";

/** The servers of b.test say what a key is. */
async function authority(answers: TestAnswerer[], answer: string | ((id: string) => string)): Promise<void> {
  const authority = answers.at(-1)!;
  await offerDialback(authority, "authority-id");
  const asked = authority.expect("<db:verify from='a.test' to='b.test'/>");
  const id = asked.attr("id")!;
  await authority.send(
    typeof answer === "string" ? `<db:verify from='b.test' to='a.test' id='${id}' ${answer}` : answer(id),
  );
}

Deno.test("AC-2.9-1, XEP-0344 §2.4: with a certificate for the domain nobody is called back", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const peer = a.peer({ certificate: trusted("b.test") });
  await peer.openFrom("b.test");
  await peer.claim("b.test");
  peer.expect(`<db:result ${RESULT} type='valid'/>`);
  equal(answers.length, 0);
  equal(network.asked.length, 0);
  const [alice] = await a.online("alice/desk");
  await peer.send("<message from='x@b.test' to='alice@a.test/desk'/>");
  alice.expect("<message from='x@b.test'/>");
});

Deno.test("AC-2.9-2: a false key is invalid, the stream stays, and a second pair works", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const peer = await claimant(a, "false");
  await authority(answers, "type='invalid'/>");
  peer.expect(`<db:result ${RESULT} type='invalid'/>`);
  equal(peer.closed, false);
  const others = network.answers("c.test");
  await peer.claim("c.test", "a.test", "right");
  const other = others[0]!;
  await offerDialback(other);
  const asked = other.expect("<db:verify from='a.test' to='c.test'>right</db:verify>");
  equal(asked.attr("id"), peer.header!.attr("id"));
  await other.send(`<db:verify from='c.test' to='a.test' id='${asked.attr("id")}' type='valid'/>`);
  peer.expect("<db:result from='a.test' to='c.test' type='valid'/>");
  // With another pair on the stream a false key is an error, so that the peer keeps the stream (XEP-0220 §2.2.1).
  await peer.claim("b.test", "a.test", "false");
  await authority(answers, "type='invalid'/>");
  peer.expect(dialbackError("result", RESULT, "forbidden", "auth"));
  equal(peer.closed, false);
  // The stream for the question is closed after it (XEP-0220 §2.1.2).
  ok(answers.every((it) => it.streamClosed));
});

Deno.test("dialback forgery: results that nobody asked for are worth nothing (XEP-0220 §3.1)", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const victim = await claimant(a);
  const id = victim.header!.attr("id");
  // Another stream, whose peer claims to be the authority, and one more domain on the right one.
  const forger = await stranger(a, "c.test");
  await forger.send(`<db:verify from='b.test' to='a.test' id='${id}' type='valid'/>`);
  await forger.send(`<db:result from='b.test' to='a.test' type='valid'/>`);
  await victim.send(`<db:verify from='b.test' to='a.test' id='${id}' type='valid'/>`);
  victim.quiet();
  forger.quiet();
  await authority(answers, (asked) => `<db:verify from='c.test' to='a.test' id='${asked}' type='valid'/>`);
  victim.quiet();
  await victim.send("<message from='x@b.test' to='alice@a.test'/>");
  victim.expectStreamError("not-authorized");
});

/** Each condition that we send for a key, and how it comes about. */
const SENT: readonly [
  condition: string,
  type: string,
  provoke: (a: TestServer, network: TestNetwork) => Promise<TestPeer>,
][] = [
  ["remote-server-not-found", "cancel", (a) => claimant(a)],
  ["remote-connection-failed", "cancel", (a, network) => {
    network.place("b.test", { accept: (end) => end.destroy(new Error("refused")) });
    return claimant(a);
  }],
  ["remote-connection-failed", "cancel", async (a, network) => {
    network.place("b.test", {});
    const peer = await claimant(a);
    await network.clock.advance("16 s");
    return peer;
  }],
  ["remote-server-timeout", "wait", async (a, network) => {
    const answers = network.answers("b.test");
    const peer = await claimant(a);
    await offerDialback(answers[0]!);
    await network.clock.advance("16 s");
    return peer;
  }],
  ["remote-server-timeout", "wait", async (a, network) => {
    const answers = network.answers("b.test");
    const peer = await claimant(a);
    await offerDialback(answers[0]!);
    await answers[0]!.cut();
    return peer;
  }],
  ["remote-server-not-found", "cancel", async (a, network) => {
    const answers = network.answers("b.test");
    const peer = await claimant(a);
    await authority(
      answers,
      `type='error'><error type='cancel'>
        <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:verify>`,
    );
    return peer;
  }],
  ["policy-violation", "modify", async (a) => {
    const peer = a.peer({ secure: false });
    await peer.openFrom("b.test");
    peer.clear();
    await peer.claim("b.test");
    return peer;
  }],
];
for (const [condition, type, provoke] of SENT) {
  Deno.test(`AC-2.9-3: ${condition} is sent`, async () => {
    const [a, network] = await alone();
    await using _ = a;
    const peer = await provoke(a, network);
    peer.expect(dialbackError("result", RESULT, condition, type));
    peer.quiet();
    equal(peer.closed, false);
  });
}

Deno.test("AC-2.9-3: not-authorized is sent where a certificate is required", async () => {
  const [a] = await alone({ certificate_required: true });
  await using _ = a;
  const peer = await claimant(a);
  peer.expect(dialbackError("result", RESULT, "not-authorized", "auth"));
});

Deno.test("AC-2.9-3: not-allowed is sent to who is denied, by the options or by a plugin", async () => {
  const gate = definePlugin({
    name: "gate",
    doc: "Refuses c.test.",
    config: none,
    setup(host) {
      host.tap(claiming, ({ remote, direction, address }) => {
        equal([direction, address].join(), "in,127.0.0.1");
        return remote === "c.test" ? Promise.resolve(new StanzaError("not-allowed")) : undefined;
      });
    },
  });
  const network = new TestNetwork();
  const config = { defaults: { federation: { deny: ["*.b.test"] } } };
  await using a = await testServer({ plugins: [...plugins, gate], network, config });
  const peer = await stranger(a);
  for (const domain of ["sub.b.test", "c.test"]) {
    await peer.claim(domain);
    peer.expect(dialbackError("result", `from='a.test' to='${domain}'`, "not-allowed", "cancel"));
  }
  // SASL has one word for it.
  const other = a.peer({ certificate: trusted("c.test") });
  await other.openFrom("c.test");
  other.clear();
  await other.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>=</auth>`);
  other.expect(`<failure xmlns='${SASL_NS}'><not-authorized/></failure>`);
  equal(network.asked.length, 0);
});

Deno.test("AC-2.9-3: internal-server-error is sent where a plugin of ours fails, and lets nobody in", async () => {
  const broken = definePlugin({
    name: "broken",
    doc: "Throws.",
    config: none,
    setup(host) {
      host.tap(claiming, () => {
        throw new TypeError("a bug");
      });
    },
  });
  await using a = await testServer({ plugins: [...plugins, broken], network: new TestNetwork() });
  a.allowErrors();
  const peer = a.peer({ certificate: trusted("b.test") });
  await peer.openFrom("b.test");
  peer.clear();
  await peer.claim("b.test");
  peer.expect(dialbackError("result", RESULT, "internal-server-error", "cancel"));
  await peer.send("<message from='x@b.test' to='alice@a.test'/>");
  peer.expectStreamError("not-authorized");
});

Deno.test("AC-2.9-3: item-not-found is sent for a host that is not ours, and the stream goes on (BUG-28)", async () => {
  const [a] = await alone();
  await using _ = a;
  const peer = await stranger(a);
  await peer.claim("b.test", "x.test");
  peer.expect(dialbackError("result", "from='x.test' to='b.test'", "item-not-found", "cancel"));
  await peer.send("<db:verify from='b.test' to='x.test' id='1'>key</db:verify>");
  peer.expect(dialbackError("verify", "from='x.test' to='b.test' id='1'", "item-not-found", "cancel"));
  equal(peer.closed, false);
});

Deno.test("AC-2.9-3: improper-addressing is sent for a domain of ours, resource-constraint for a pair too many", async () => {
  const [a] = await alone({ pairs_per_stream: 1 });
  await using _ = a;
  const peer = a.peer({ certificate: trusted("b.test", "c.test", "a.test") });
  await peer.openFrom("b.test");
  await peer.claim("a.test");
  peer.expect(dialbackError("result", "from='a.test' to='a.test'", "improper-addressing", "cancel"));
  await peer.claim("b.test");
  peer.expect(`<db:result ${RESULT} type='valid'/>`);
  await peer.claim("c.test");
  peer.expect(dialbackError("result", "from='a.test' to='c.test'", "resource-constraint", "wait"));
});

Deno.test("AC-2.9-5, BUG-28: exactly the configured number of errors is tolerated", async () => {
  for (const dialback_errors of [0, 3]) {
    const [a] = await alone({ dialback_errors });
    await using _ = a;
    const peer = await stranger(a);
    for (let i = 0; i < dialback_errors; i++) {
      await peer.claim("b.test", "x.test");
      peer.expect(dialbackError("result", "from='x.test' to='b.test'", "item-not-found"));
      equal(peer.closed, false);
    }
    await peer.claim("b.test", "x.test");
    peer.expect(dialbackError("result", "from='x.test' to='b.test'", "item-not-found"));
    peer.expectStreamError("policy-violation");
  }
});

Deno.test("XEP-0220 §2.2.2: we know our own keys, and no others", async () => {
  await using it = await neighbours();
  const b = await it.call("<message to='x@b.test'/>");
  await offerDialback(b, "b-id");
  const key = b.expect("<db:result from='a.test' to='b.test'>*</db:result>").text;
  match(key, /^[0-9a-f]{64}$/);
  const asking = await stranger(it.a);
  for (
    const [from, id, shown, type] of [
      ["b.test", "b-id", key, "valid"],
      ["b.test", "b-id", key.replace(/.$/, (c) => c === "0" ? "1" : "0"), "invalid"],
      ["b.test", "other", key, "invalid"],
      ["c.test", "b-id", key, "invalid"],
      ["b.test", "b-id", "", "invalid"],
    ]
  ) {
    await asking.send(`<db:verify from='${from}' to='a.test' id='${id}'>${shown}</db:verify>`);
    asking.expect(`<db:verify from='a.test' to='${from}' id='${id}' type='${type}'/>`);
  }
  // In the clear too: a server that only asks may spare itself the TLS (XEP-0220 §2.1.2).
  const clear = it.a.peer({ secure: false });
  await clear.openFrom("b.test");
  clear.clear();
  await clear.send(`<db:verify from='b.test' to='a.test' id='b-id'>${key}</db:verify>`);
  clear.expect("<db:verify from='a.test' to='b.test' id='b-id' type='valid'/>");
});

Deno.test("XEP-0185 §3: the configured secret makes the keys", async () => {
  const [a] = await alone({ dialback_secret: "s3cr3tf0rd14lb4ck" }, { host: { "example.org": {} } });
  await using _ = a;
  const asking = a.peer({ secure: false });
  await asking.openFrom("xmpp.example.com", "example.org");
  const key = "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643";
  await asking.send(`<db:verify from='xmpp.example.com' to='example.org' id='D60000229F'>${key}</db:verify>`);
  asking.expect("<db:verify from='example.org' to='xmpp.example.com' id='D60000229F' type='valid'/>");
});

const RECEIVED: readonly [received: string, told: string, type: string][] = [
  ["item-not-found", "remote-server-not-found", "cancel"],
  ["remote-connection-failed", "remote-server-timeout", "wait"],
  ["remote-server-not-found", "remote-server-timeout", "wait"],
  ["remote-server-timeout", "remote-server-timeout", "wait"],
  ["policy-violation", "policy-violation", "modify"],
  ["not-authorized", "not-authorized", "cancel"],
  ["forbidden", "forbidden", "auth"],
  ["not-allowed", "not-allowed", "cancel"],
  ["not-acceptable", "not-acceptable", "modify"],
  ["resource-constraint", "resource-constraint", "wait"],
  ["bad-request", "remote-server-timeout", "wait"],
  ["internal-server-error", "remote-server-timeout", "wait"],
  ["improper-addressing", "remote-server-timeout", "wait"],
  ["something-new", "remote-server-timeout", "wait"],
];
Deno.test("AC-2.9-4: an error of dialback bounces what waits, once; the stream stays, and the next stanza tries again", async () => {
  await using it = await neighbours();
  const { alice, answers } = it;
  const b = await it.call("<message to='x@b.test' id='first'/><presence to='x@b.test'/>");
  await offerDialback(b);
  for (const [received, told, type] of RECEIVED) {
    b.expect("<db:result from='a.test' to='b.test'>*</db:result>");
    await b.send(`<db:result from='b.test' to='a.test' type='error'><error type='cancel'>
      <${received} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>`);
    alice.expect(error("message", "x@b.test", told, type));
    alice.clear();
    await alice.send("<message to='x@b.test' id='again'/>");
    alice.quiet();
  }
  b.expect("<db:result from='a.test' to='b.test'>*</db:result>");
  await b.send("<db:result from='b.test' to='a.test' type='valid'/>");
  b.expect("<message id='again'/>");
  b.quiet();
  equal([answers.length, b.streamClosed].join(), "1,false");
});

Deno.test("XEP-0220 §2.1.1: a key that is found false bounces with internal-server-error, and the stream ends", async () => {
  await using it = await neighbours();
  const b = await it.call("<message to='x@b.test'/>");
  await offerDialback(b);
  await b.send("<db:result from='b.test' to='a.test' type='invalid'/>");
  it.alice.expect(error("message", "x@b.test", "internal-server-error"));
  ok(b.streamClosed);
});

Deno.test("XEP-0220: servers from before XMPP 1.0 are spoken to where TLS is not required", async () => {
  await using it = await neighbours({ without_tls: ["b.test"] });
  const b = await it.call("<message to='x@b.test'/>");
  await b.greet("", "old-id", "");
  b.expect("<db:result from='a.test' to='b.test'>*</db:result>");
  await b.send("<db:result from='b.test' to='a.test' type='valid'/>");
  b.expect("<message to='x@b.test'/>");
  // And the other way: no version in our header, no features.
  const old = it.a.peer({ secure: false });
  await old.openFrom("b.test", "a.test", "");
  equal(old.header!.attr("version"), undefined);
  old.quiet();
  await old.claim("b.test");
  const asked = b.expect("<db:verify from='a.test' to='b.test'>key</db:verify>");
  await b.send(`<db:verify from='b.test' to='a.test' id='${asked.attr("id")}' type='valid'/>`);
  old.expect(`<db:result ${RESULT} type='valid'/>`);
  await old.send("<message from='x@b.test' to='alice@a.test/desk'/>");
  it.alice.expect("<message from='x@b.test'/>");
});

Deno.test("SASL refused our certificate: dialback on the same stream", async () => {
  await using it = await neighbours();
  const b = await it.call("<message to='x@b.test'/>");
  await secured(b, trusted("b.test"), EXTERNAL + DIALBACK);
  b.expect(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>YS50ZXN0</auth>`);
  await b.send(`<failure xmlns='${SASL_NS}'><not-authorized/></failure>`);
  b.expect("<db:result from='a.test' to='b.test'>*</db:result>");
  await b.send("<db:result from='b.test' to='a.test' type='valid'/>");
  b.expect("<message to='x@b.test'/>");
});

Deno.test("XEP-0344 §2.4: what SASL has just refused, dialback does not accept by the same certificate", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const peer = a.peer({ certificate: trusted("b.test") });
  await peer.openFrom(undefined);
  peer.clear();
  await peer.send(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>Yi50ZXN0</auth>`);
  peer.expect(`<failure xmlns='${SASL_NS}'><invalid-authzid/></failure>`);
  // It named nobody, so nothing was refused: the certificate counts.
  await peer.claim("b.test");
  peer.expect(`<db:result ${RESULT} type='valid'/>`);
  equal(answers.length, 0);
});

Deno.test("many keys of one domain share one call-back; too many at once are refused", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const peers: TestPeer[] = [];
  for (let i = 0; i < 21; i++) peers.push(await claimant(a, `key${i}`));
  peers[20]!.expect(dialbackError("result", RESULT, "resource-constraint", "wait"));
  equal(answers.length, 1);
  const authority = answers[0]!;
  await offerDialback(authority);
  for (const [i, peer] of peers.slice(0, 20).entries()) {
    const asked = authority.expect(`<db:verify>key${i}</db:verify>`);
    equal(asked.attr("id"), peer.header!.attr("id"));
    await authority.send(`<db:verify from='b.test' to='a.test' id='${asked.attr("id")}' type='valid'/>`);
    peer.expect(`<db:result ${RESULT} type='valid'/>`);
  }
  ok(authority.streamClosed);
});
