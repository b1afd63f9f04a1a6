/** Servers that are slow, loud or up to something: what they cost is limited, and only they feel it. */
import { equal, ok } from "node:assert/strict";
import { definePlugin, el, none } from "#plugin";
import { TestNetwork, testServer } from "#testing";
import {
  alone,
  DIALBACK,
  dialbackError,
  EXTERNAL,
  plugins,
  STARTTLS,
  trusted,
  untrusted,
} from "./federation_world.ts";

const B = { certificate: trusted("b.test") };

Deno.test("a slow request holds up neither its stream nor others; only with 256 of them its own stream waits", async () => {
  const answers: (() => void)[] = [];
  const slow = definePlugin({
    name: "slow",
    doc: "Answers when the test says.",
    config: none,
    setup(host) {
      host.iq.get("urn:test", "slow", "host", async () => {
        await new Promise<void>((resolve) => answers.push(resolve));
        return el("slow", "urn:test");
      });
    },
  });
  const network = new TestNetwork();
  const config = { limits: { server_stanzas_per_second: "off" } };
  await using a = await testServer({ plugins: [...plugins, slow], network, config });
  const [alice] = await a.online("alice/desk");
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  const ask = (i: number) =>
    `<iq from='x@b.test/y' to='a.test' type='get' id='${i}'><slow xmlns='urn:test'/></iq>`;
  const say = (id: string) => `<message from='x@b.test/y' to='alice@a.test/desk' id='${id}'/>`;
  // The test cannot wait for the server to be done, since it is not.
  const feed = async (xml: string) => {
    peer.carrier.feed(new TextEncoder().encode(xml));
    for (let i = 0; i < 50; i++) await Promise.resolve();
    a.server.streams.flusher.flush();
  };
  await feed(ask(0) + say("after one"));
  alice.expect("<message id='after one'/>");
  let many = "";
  for (let i = 1; i < 256; i++) many += ask(i);
  await feed(many + say("after too many"));
  equal(answers.length, 256);
  alice.quiet();
  const other = a.peer({ certificate: trusted("c.test") });
  other.carrier.feed(new TextEncoder().encode("<?xml version='1.0'?>"));
  answers.splice(0).forEach((answer) => answer());
  await network.settle();
  alice.expect("<message id='after too many'/>");
  equal(peer.inbox.length, 256);
});

Deno.test("before a server has proved who it is, its elements are small", async () => {
  const [a] = await alone();
  await using _ = a;
  const peer = a.peer(B);
  await peer.openFrom("b.test");
  peer.clear();
  await peer.send(`<db:result from='b.test' to='a.test'>${"x".repeat(20_000)}</db:result>`);
  peer.expectStreamError("policy-violation");
});

Deno.test("a key that is no key is refused, and not passed on", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const answers = network.answers("b.test");
  const peer = a.peer({ certificate: untrusted("b.test") });
  await peer.openFrom("b.test");
  peer.clear();
  await peer.claim("b.test", "a.test", "x".repeat(2000));
  peer.expect(dialbackError("result", "from='a.test' to='b.test'", "bad-request"));
  equal(answers.length, 0);
});

Deno.test("a server that names many others makes us call few of them at a time", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const peer = a.peer({ certificate: untrusted("b.test") });
  await peer.openFrom("b.test");
  peer.clear();
  let claims = "";
  for (let i = 0; i < 30; i++) {
    network.place(`victim${i}.test`, {});
    claims += `<db:result from='victim${i}.test' to='a.test'>key</db:result>`;
  }
  await peer.send(claims);
  equal(network.dialled.length, 20);
  equal(peer.inbox.length, 10);
  peer.expect(dialbackError("result", "from='a.test' to='victim20.test'", "resource-constraint"));
});

Deno.test("a server that does not read what it is sent is given up, and what it has not acknowledged comes back", async () => {
  const [a] = await alone({}, {
    limits: { send_queue: "100 KB", stanzas_per_second: "off", bytes_per_second: "off" },
  });
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  await peer.send("<enable xmlns='urn:xmpp:sm:3'/>");
  peer.carrier.reading = false;
  const body = "x".repeat(10_000);
  for (let i = 0; i < 20; i++) {
    await alice.send(`<message to='x@b.test' id='${i}'><body>${body}</body></message>`);
  }
  ok(peer.closed);
  alice.expect("<message from='x@b.test' type='error' id='0'/>");
});

Deno.test("what a server says out of turn on a stream of ours changes nothing", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/>");
  const b = answers[0]!;
  await b.greet(STARTTLS);
  await b.secure(B.certificate, EXTERNAL + DIALBACK);
  b.clear();
  // None of this was asked for.
  await b.send(
    "<db:result from='b.test' to='a.test' type='valid'/><enabled xmlns='urn:xmpp:sm:3' resume='true' id='x'/>" +
      "<resumed xmlns='urn:xmpp:sm:3' previd='x' h='1'/><a xmlns='urn:xmpp:sm:3' h='5'/>",
  );
  b.quiet();
  await b.succeed();
  b.expectNext("<message id='1'/>");
  b.quiet();
});

Deno.test("a success that nobody asked for, said in the clear by whoever is in between, ends the stream", async () => {
  const [a, network] = await alone({ certificate_required: true });
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/>");
  const b = answers[0]!;
  await b.greet(STARTTLS);
  await b.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  b.expect(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`);
  b.expectStreamError("unsupported-stanza-type");
  await network.settle();
  alice.expect("<message from='x@b.test' type='error'/>");
});

for (const said of ["proceed", "success", "failure"]) {
  const ns = said === "proceed" ? "urn:ietf:params:xml:ns:xmpp-tls" : "urn:ietf:params:xml:ns:xmpp-sasl";
  Deno.test(`<${said}/> out of turn on an authenticated stream of ours ends it`, async () => {
    const [a, network] = await alone();
    await using _ = a;
    const [alice] = await a.online("alice/desk");
    const answers = network.answers("b.test");
    await alice.send("<message to='x@b.test' id='1'/>");
    const b = answers[0]!;
    await b.greet(STARTTLS);
    await b.secure(B.certificate, EXTERNAL);
    await b.succeed();
    b.clear();
    await b.send(`<${said} xmlns='${ns}'/>`);
    b.expectStreamError("unsupported-stanza-type");
  });
}

Deno.test("XEP-0198 §5: the header's word alone is no claim: neither to be resumed, nor to push another's stream out", async () => {
  const [a] = await alone();
  await using _ = a;
  const real = a.peer(B);
  await real.external("b.test", "a.test");
  await real.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const id = real.expect("<enabled xmlns='urn:xmpp:sm:3' resume='true'/>").attr("id");
  await real.cut();
  // It says that it is b.test, and proves to be d.test.
  const thief = a.peer({ certificate: trusted("d.test") });
  await thief.openFrom("b.test");
  await thief.claim("d.test");
  thief.expect("<db:result type='valid' from='a.test' to='d.test'/>");
  thief.clear();
  await thief.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  equal(thief.expect("<enabled xmlns='urn:xmpp:sm:3'/>").attr("id"), undefined);
  const other = a.peer({ certificate: trusted("d.test") });
  await other.openFrom("b.test");
  await other.claim("d.test");
  await other.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  other.expect("<failed xmlns='urn:xmpp:sm:3'/>");
  await thief.cut();
  const again = a.peer(B);
  await again.external("b.test");
  await again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  again.expect("<resumed xmlns='urn:xmpp:sm:3'/>");
});

Deno.test("RFC 6120 §5.4.3.3: what was claimed in the clear is forgotten when TLS begins", async () => {
  const [a, network] = await alone({ without_tls: ["b.test"] });
  await using _ = a;
  const answers = network.answers("b.test");
  const peer = a.peer({ certificate: untrusted("b.test"), secure: false });
  await peer.openFrom("b.test");
  await peer.claim("b.test");
  await peer.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await peer.openFrom("b.test");
  peer.clear();
  const authority = answers[0]!;
  await authority.greet(DIALBACK);
  const id = authority.expect("<db:verify/>").attr("id");
  await authority.send(`<db:verify from='b.test' to='a.test' id='${id}' type='valid'/>`);
  peer.quiet();
  await peer.send("<message from='x@b.test' to='alice@a.test'/>");
  peer.expectStreamError("not-authorized");
});
