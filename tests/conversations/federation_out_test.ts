/** Servers that we connect to: which target, which way of proving who we are, and what becomes of what waits (RFC 6120). */
import { equal, ok, rejects } from "node:assert/strict";
import { type Place, type TestAnswerer, TestNetwork, testServer } from "#testing";
import { letIn, neighbours, secured } from "./federation_neighbour.ts";
import {
  alone,
  BIDI,
  DIALBACK,
  error,
  EXTERNAL,
  pair,
  plugins,
  SASL_NS,
  SM,
  STARTTLS,
  TLS_NS,
  trusted,
  untrusted,
} from "./federation_world.ts";

const B = trusted("b.test");

const streamError = (condition: string) =>
  `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;

Deno.test("RFC 6120 §4.3: our stream: header, TLS, certificate, header, and only then what waits", async () => {
  await using it = await neighbours();
  const b = await it.call("<message to='x@b.test' id='1'/><message to='x@b.test' id='2'/>");
  equal(b.header!.attr("from") + " " + b.header!.attr("to"), "a.test b.test");
  b.quiet();
  await letIn(b);
  b.expectNext("<message from='alice@a.test/desk' to='x@b.test' id='1'/>");
  b.expectNext("<message id='2'/>");
  b.quiet();
  equal([it.answers.length, it.a.server.federation.pairs()[0]!.by].join(), "1,certificate");
});

Deno.test("targets are tried one after another, whatever it is that fails at one", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const seen: TestAnswerer[][] = [];
  const answerer = (): NonNullable<Place["accept"]> => {
    const place = new TestNetwork();
    const answers = place.answers("b.test");
    seen.push(answers);
    return (end) => place.accept("b.test", end);
  };
  const refuses = (): never => {
    throw new Error("connection refused");
  };
  network.place("b.test", { accept: refuses }, { accept: answerer() }, { accept: answerer() }, {
    accept: answerer(),
  });
  await alice.send("<message to='x@b.test' id='1'/>");
  // One closes at once, one has no TLS, the last is good.
  await seen[0]![0]!.cut();
  await network.settle();
  await seen[1]![0]!.greet("");
  await network.settle();
  ok(seen[1]![0]!.streamClosed);
  await letIn(seen[2]![0]!);
  await network.settle();
  seen[2]![0]!.expect("<message id='1'/>");
  alice.quiet();
});

const REFUSALS: readonly [
  what: string,
  config: Record<string, unknown>,
  fail: (b: TestAnswerer) => Promise<void>,
  condition: string,
  type: string,
][] = [
  ["it has no TLS", {}, (b) => b.greet(DIALBACK), "not-authorized", "cancel"],
  [
    "it refuses to begin TLS",
    {},
    async (b) => {
      await b.greet(STARTTLS);
      await b.send(`<failure xmlns='${TLS_NS}'/></stream:stream>`);
    },
    "not-authorized",
    "cancel",
  ],
  [
    "its certificate is not believed, and must be",
    { certificate_required: true },
    (b) => secured(b, untrusted("b.test"), EXTERNAL),
    "not-authorized",
    "cancel",
  ],
  [
    "its certificate is another's, and must be its own",
    { with_certificate: ["b.test"] },
    (b) => secured(b, trusted("c.test"), EXTERNAL),
    "not-authorized",
    "cancel",
  ],
  [
    "it wants a certificate, and we may not use dialback",
    { dialback: false },
    (b) => secured(b, B, DIALBACK),
    "not-authorized",
    "cancel",
  ],
  [
    "it does not know its own name",
    {},
    (b) => b.send(b.headerText("id") + streamError("host-unknown")),
    "remote-server-not-found",
    "cancel",
  ],
  [
    "it is being stopped",
    {},
    (b) => b.send(b.headerText("id") + streamError("system-shutdown")),
    "remote-server-timeout",
    "wait",
  ],
  [
    "it does not want us",
    {},
    async (b) => {
      await secured(b, B, EXTERNAL);
      await b.send(streamError("policy-violation"));
    },
    "not-authorized",
    "cancel",
  ],
  [
    "it speaks no XML",
    {},
    (b) => b.send("HTTP/1.1 400 Bad Request\r\n\r\n"),
    "remote-server-timeout",
    "wait",
  ],
  [
    "it is a server for clients",
    {},
    (b) =>
      b.send(
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='1'>",
      ),
    "remote-server-timeout",
    "wait",
  ],
];
for (const [what, config, fail, condition, type] of REFUSALS) {
  Deno.test(`what waits is bounced: ${what} (${condition})`, async () => {
    await using it = await neighbours(config);
    const { alice, answers } = it;
    await fail(await it.call("<message to='x@b.test' id='1'/>"));
    await it.network.settle();
    alice.expect(error("message", "x@b.test", condition, type));
    alice.quiet();
    // Left alone for a while, and answered the same.
    await alice.send("<message to='x@b.test' id='2'/>");
    alice.expect(error("message", "x@b.test", condition, type));
    equal(answers.length, 1);
  });
}

Deno.test("RFC 6120 §8.3.1: errors, results and what nobody asked for are not bounced", async () => {
  const [a] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const to = "to='x@nowhere.test/y'";
  await alice.send(
    `<message ${to} type='error'/><iq ${to} type='result' id='1'/><iq ${to} type='error' id='2'/>` +
      `<presence ${to} type='unavailable'/><presence ${to} type='error'/>`,
  );
  alice.quiet();
  await alice.send(
    `<iq ${to} type='get' id='3'><ping xmlns='urn:xmpp:ping'/></iq><presence ${to}/><message ${to}/>`,
  );
  alice.expect(error("iq", "x@nowhere.test/y", "remote-server-not-found"));
  alice.expect(error("presence", "x@nowhere.test/y", "remote-server-not-found"));
  alice.expect(error("message", "x@nowhere.test/y", "remote-server-not-found"));
  alice.quiet();
});

Deno.test("a domain that does not answer bounces after the time-out, and delays no other", async () => {
  const [network, a, b] = await pair({ connect_timeout: "20 s" });
  await using _a = a;
  await using _b = b;
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  network.place("slow.test", {});
  const answers = network.answers("hangs.test");
  await alice.send("<message to='x@slow.test' id='1'/><message to='x@hangs.test' id='2'/>");
  await answers[0]!.greet(STARTTLS);
  await alice.send("<message to='bob@b.test/pad' id='3'/>");
  bob.expect("<message id='3'/>");
  alice.quiet();
  await network.clock.advance("21 s");
  alice.expect(error("message", "x@slow.test", "remote-server-timeout", "wait"));
  alice.expect(error("message", "x@hangs.test", "remote-server-timeout", "wait"));
  ok(answers[0]!.closed);
});

Deno.test("AC-2.6-5: what waits for one domain is limited in number and in size; more is resource-constraint at once", async () => {
  for (const config of [{ waiting_stanzas: 2 }, { waiting_size: "3 KB" }]) {
    await using it = await neighbours(config);
    const { alice, answers } = it;
    const body = "x".repeat(1000);
    for (let i = 1; i <= 3; i++) {
      await alice.send(`<message to='x@b.test' id='${i}'><body>${body}</body></message>`);
    }
    alice.expect(error("message", "x@b.test", "resource-constraint", "wait"));
    alice.quiet();
    await letIn(answers[0]!);
    answers[0]!.expectNext("<message id='1'/>");
    answers[0]!.expectNext("<message id='2'/>");
    answers[0]!.quiet();
  }
});

Deno.test("back-off: longer each time, and over as soon as the domain reaches us", async () => {
  await using it = await neighbours({ retry_after: "10 s" });
  const { a, network, alice, answers } = it;
  const attempt = async (): Promise<number> => {
    await alice.send("<message to='x@b.test'/>");
    if (answers.length > 0) await answers.pop()!.cut();
    await network.settle();
    alice.expect(error("message", "x@b.test", "remote-server-timeout"));
    return network.dialled.length;
  };
  equal(await attempt(), 1);
  equal(await attempt(), 1);
  await network.clock.advance("13 s");
  equal(await attempt(), 2);
  await network.clock.advance("13 s");
  equal(await attempt(), 2);
  await network.clock.advance("13 s");
  equal(await attempt(), 3);
  const peer = a.peer({ certificate: B });
  await peer.external("b.test");
  await alice.send("<message to='x@b.test' id='now'/>");
  await letIn(answers[0]!);
  answers[0]!.expect("<message id='now'/>");
});

Deno.test("allow and deny: who is not talked to is refused at once, and nobody is looked up", async () => {
  for (const config of [{ deny: ["b.test"] }, { allow: ["*.c.test"] }]) {
    const [a, network] = await alone(config);
    await using _ = a;
    const [alice] = await a.online("alice/desk");
    await alice.send("<message to='x@b.test'/>");
    alice.expect(error("message", "x@b.test", "not-allowed", "cancel"));
    equal(network.asked.length, 0);
    await alice.send("<message to='x@sub.c.test'/>");
    equal(network.asked.join(), "sub.c.test");
  }
});

Deno.test("a reload: who is denied now loses its stream, a host that is gone too; the others keep theirs", async () => {
  const network = new TestNetwork();
  const options = (deny: string[], hosts: Record<string, unknown>) => ({
    plugins,
    network,
    config: { defaults: { federation: { deny } }, host: hosts },
  });
  await using a = await testServer({ ...options([], { "a2.test": {} }) });
  const peers = new Map<string, ReturnType<typeof a.peer>>();
  for (const [from, to] of [["b.test", "a.test"], ["c.test", "a.test"], ["d.test", "a2.test"]] as const) {
    const peer = a.peer({ certificate: trusted(from) });
    await peer.external(from, to);
    peers.set(from, peer);
  }
  await a.reload(options(["b.test"], {}));
  peers.get("b.test")!.expectStreamError("policy-violation");
  peers.get("d.test")!.expectStreamError("host-gone");
  const [alice] = await a.online("alice/desk");
  await peers.get("c.test")!.send("<message from='x@c.test' to='alice@a.test/desk'/>");
  alice.expect("<message from='x@c.test'/>");
});

Deno.test("a stop: what was sent is written, then system-shutdown; those who have gone are announced first", async () => {
  const it = await neighbours();
  const b = await it.call("<presence to='x@b.test'/>");
  await letIn(b);
  b.clear();
  await it[Symbol.asyncDispose]();
  b.expectNext("<presence from='alice@a.test/desk' to='x@b.test' type='unavailable'/>");
  b.expectStreamError("system-shutdown");
});

Deno.test("a stop waits a moment for what waits for a connection", async () => {
  const it = await neighbours();
  const b = await it.call("<message to='x@b.test' id='1'/>");
  const stopped = it.a.server.stop();
  await letIn(b);
  b.expect("<message id='1'/>");
  await it.network.clock.advance("10 s");
  await stopped;
  await it[Symbol.asyncDispose]();
});

Deno.test("XEP-0220 §2.6: another host with the same certificate shares the stream; if that is refused it gets its own", async () => {
  const shared = trusted("a.test", "*.a.test");
  const network = new TestNetwork();
  const config = { host: { "c.a.test": {}, "d.a.test": {} }, defaults: { federation: { bidi: false } } };
  await using a = await testServer({ plugins, network, certificate: shared, config });
  const [alice, carol, dora] = await a.online("alice/desk", "carol@c.a.test/desk", "dora@d.a.test/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/>");
  const b = answers[0]!;
  await letIn(b);
  await carol.send("<message to='x@b.test' id='2'/>");
  b.expect("<message id='1'/>");
  b.expect("<db:result from='c.a.test' to='b.test'>*</db:result>");
  b.quiet();
  await b.send("<db:result from='b.test' to='c.a.test' type='valid'/>");
  b.expect("<message from='carol@c.a.test/desk' id='2'/>");
  await dora.send("<message to='x@b.test' id='3'/>");
  b.expect("<db:result from='d.a.test' to='b.test'>*</db:result>");
  await b.send(`<db:result from='b.test' to='d.a.test' type='error'><error type='wait'>
    <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>`);
  await network.settle();
  const own = answers[1]!;
  equal(own.header!.attr("from"), "d.a.test");
  await secured(own, B, EXTERNAL);
  own.expect(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'/>`);
  await own.succeed();
  own.expect("<message id='3'/>");
  equal(b.streamClosed, false);
});

Deno.test("RFC 6120 §4.9.3.12: on a stream for one direction the peer may send nothing", async () => {
  await using it = await neighbours({ bidi: false });
  const b = await it.call("<message to='x@b.test'/>");
  await letIn(b, BIDI);
  b.expect("<message/>");
  await b.send("<message from='x@b.test' to='alice@a.test/desk'/>");
  b.expectStreamError("not-authorized");
  it.alice.quiet();
});

Deno.test("AC-2.7-6: on a stream of ours for both directions only the pairs that are proved may send", async () => {
  await using it = await neighbours();
  const { alice, answers } = it;
  const b = await it.call("<message to='x@b.test'/>");
  await secured(b, trusted("b.test", "muc.b.test"), EXTERNAL + DIALBACK + BIDI);
  b.expectNext("<bidi xmlns='urn:xmpp:bidi'/>");
  await b.succeed(SM);
  b.expect("<enable xmlns='urn:xmpp:sm:3'/>");
  await b.send("<message from='x@b.test' to='alice@a.test/desk' id='1'/>");
  alice.expect("<message id='1'/>");
  await b.send("<db:result from='muc.b.test' to='a.test'>key</db:result>");
  b.expect("<db:result from='a.test' to='muc.b.test' type='valid'/>");
  await b.send("<message from='room@muc.b.test' to='alice@a.test/desk' id='2'/>");
  alice.expect("<message id='2'/>");
  await alice.send("<message to='room@muc.b.test' id='3'/>");
  b.expect("<message to='room@muc.b.test' id='3'/>");
  await b.send("<enabled xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='2'/>");
  equal(answers.length, 1);
  // Without a certificate for it, a domain cannot be added to a stream whose id was the peer's choice.
  await b.send("<db:result from='c.test' to='a.test'>key</db:result>");
  b.expect(`<db:result from='a.test' to='c.test' type='error'><error type='auth'/></db:result>`);
  await b.send("<message from='x@c.test' to='alice@a.test/desk' id='4'/>");
  b.expectStreamError("invalid-from");
  alice.quiet();
});

Deno.test("lists of domains are checked when the configuration is read", async () => {
  await rejects(alone({ deny: ["no domain"] }), /federation\.deny.*expected a domain/s);
  const [a] = await alone({ deny: ["*.BAD.test", "Worse.Test"] });
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  for (const domain of ["sub.bad.test", "worse.test"]) {
    await alice.send(`<message to='x@${domain}'/>`);
    alice.expect(error("message", `x@${domain}`, "not-allowed"));
  }
});
