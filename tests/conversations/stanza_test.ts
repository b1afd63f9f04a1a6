/** What holds for every stanza of a client (RFC 6120 §8, §10), without any plugin. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { testServer } from "#testing";

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

function error(condition: string, type: string): string {
  return `<error type='${type}'><${condition} xmlns='${STANZAS}'/></error>`;
}

const BAD: readonly [what: string, sent: string][] = [
  ["an iq without an id", `<iq type='get' to='bob@a.test'><x xmlns='urn:test'/></iq>`],
  ["an iq with an empty id", `<iq type='get' id='' to='bob@a.test'><x xmlns='urn:test'/></iq>`],
  ["an iq without a type", `<iq id='1' to='bob@a.test'><x xmlns='urn:test'/></iq>`],
  ["an iq of a type that is none", `<iq id='1' type='put' to='bob@a.test'><x xmlns='urn:test'/></iq>`],
  ["a request without a child", `<iq id='1' type='get' to='bob@a.test'/>`],
  ["a request with text alone", `<iq id='1' type='set' to='bob@a.test'>hello</iq>`],
  ["a request with two children", `<iq id='1' type='set' to='bob@a.test'><x xmlns='u'/><x xmlns='u'/></iq>`],
  ["a presence of a type that is none", `<presence id='1' type='away' to='bob@a.test'/>`],
  ["a presence of type available", `<presence id='1' type='available' to='bob@a.test'/>`],
];

for (const [what, sent] of BAD) {
  Deno.test(`stanzas: ${what} is a bad request, answered in the name of the addressee (RFC 6120 §8.2.3)`, async () => {
    await using server = await testServer();
    const [alice, bob] = await server.clients("alice/desk", "bob/pad");
    await alice!.send(sent);
    const name = /^<(\w+)/.exec(sent)![1];
    alice!.expectNext(
      `<${name} type='error' from='bob@a.test' to='alice@a.test/desk'>${
        error("bad-request", "modify")
      }</${name}>`,
    );
    bob!.quiet();
    equal(alice!.closed, false);
  });
}

Deno.test("stanzas: a message of an unknown type is a normal one (RFC 6121 §5.2.2)", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send("<message type='telegram' to='bob@a.test/pad'/>");
  equal(bob!.expectNext("<message/>").attr("type"), undefined);
});

Deno.test("stanzas: an address that is none is jid-malformed, in the name of the host (RFC 6120 §8.3.3.8)", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  for (
    const to of ["", "a@@b", "@a.test", "bob@", "bob@a.test/", "a b@a.test", `${"x".repeat(1024)}@a.test`]
  ) {
    await alice.send(`<message id='m' to='${to}'/><iq id='i' type='get' to='${to}'><x xmlns='u'/></iq>`);
    alice.expectNext(
      `<message id='m' type='error' from='a.test'>${error("jid-malformed", "modify")}</message>`,
    );
    alice.expectNext(`<iq id='i' type='error' from='a.test'>${error("jid-malformed", "modify")}</iq>`);
  }
});

for (
  const from of [
    "bob@a.test",
    "bob@a.test/pad",
    "alice@a.test/sofa",
    "alice@b.test/desk",
    "a.test",
    "",
    "a@@b",
  ]
) {
  Deno.test(`stanzas: speaking as "${from}" is invalid-from (RFC 6120 §8.1.2.1, §4.9.3.9)`, async () => {
    await using server = await testServer();
    const [alice, bob] = await server.clients("alice/desk", "bob/pad");
    await alice!.send(`<message from='${from}' to='bob@a.test/pad'/>`);
    alice!.expectStreamError("invalid-from");
    ok(alice!.closed);
    bob!.quiet();
  });
}

Deno.test("stanzas: one's own address may be given; the full one is stamped (RFC 6120 §8.1.2.1)", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  for (const from of ["", " from='alice@a.test'", " from='alice@a.test/desk'", " from='ALICE@A.TEST/desk'"]) {
    await alice!.send(`<message${from} to='bob@a.test/pad'/>`);
    bob!.expectNext("<message from='alice@a.test/desk' to='bob@a.test/pad'/>");
  }
});

Deno.test("stanzas: without an address an iq is for the own account (RFC 6120 §10.3.3)", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  await alice.send("<iq type='get' id='1'><x xmlns='urn:test'/></iq>");
  alice.expectNext(
    `<iq type='error' id='1' from='alice@a.test'>${error("service-unavailable", "cancel")}</iq>`,
  );
});

Deno.test("stanzas: errors and results are never answered with an error (RFC 6120 §8.3.1)", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  for (
    const to of ["", " to='a.test'", " to='bob@a.test'", " to='bob@a.test/x'", " to='x@b.test'", " to='a@@b'"]
  ) {
    await alice.send(`<message id='1' type='error'${to}/>`);
    await alice.send(`<iq id='1' type='error'${to}><x xmlns='urn:test'/>${error("conflict", "cancel")}</iq>`);
    await alice.send(`<iq type='error'${to}/>`);
    await alice.send(`<iq id='1' type='result'${to}/>`);
    await alice.send(`<presence id='1' type='error'${to}/>`);
  }
  alice.quiet();
  equal(alice.closed, false);
});

Deno.test("stanzas: to a resource, as they came, and only to that one (RFC 6120 §10.5)", async () => {
  await using server = await testServer();
  const [alice, pad, sofa] = await server.clients("alice/desk", "bob/pad", "bob/sofa");
  const content = `<body>a &amp; b</body><x xmlns='urn:test' y='"1"'><z/> </x>`;
  await alice!.send(`<message id='m1' type='chat' to='bob@a.test/pad'>${content}</message>`);
  const got = pad!.expectNext("<message id='m1' type='chat' from='alice@a.test/desk' to='bob@a.test/pad'/>");
  equal(got.inner("jabber:client"), content);
  await alice!.send("<presence to='bob@a.test/pad'/>");
  pad!.expectNext("<presence from='alice@a.test/desk'/>");
  await alice!.send("<iq id='q' type='set' to='bob@a.test/pad'><x xmlns='urn:test'/></iq>");
  await pad!.send("<iq id='q' type='result' to='alice@a.test/desk'/>");
  alice!.expectNext("<iq id='q' type='result' from='bob@a.test/pad' to='alice@a.test/desk'/>");
  sofa!.quiet();
});

Deno.test("stanzas: to nobody (RFC 6121 §8.5)", async () => {
  await using server = await testServer();
  const [alice] = await server.clients("alice/desk", "bob/pad");
  for (const to of ["bob@a.test/gone", "nobody@a.test", "nobody@a.test/x"]) {
    await alice!.send(`<iq id='1' type='get' to='${to}'><x xmlns='urn:test'/></iq>`);
    alice!.expectNext(`<iq id='1' type='error' from='${to}'>${error("service-unavailable", "cancel")}</iq>`);
    await alice!.send(`<message id='2' to='${to}'/>`);
    alice!.expectNext(
      `<message id='2' type='error' from='${to}'>${error("service-unavailable", "cancel")}</message>`,
    );
    await alice!.send(`<presence to='${to}'/><presence type='unavailable' to='${to}'/>`);
    alice!.quiet();
  }
});

Deno.test("stanzas: an account without an answer looks like none at all", async () => {
  await using server = await testServer();
  const [alice] = await server.clients("alice/desk", "bob/pad");
  const answers = new Set<string>();
  for (const name of ["bob", "nobody"]) {
    await alice!.send(`<iq id='1' type='get' to='${name}@a.test'><x xmlns='urn:test'/></iq>`);
    answers.add(alice!.inbox.shift()!.toString().replace(name, "NAME"));
  }
  equal(answers.size, 1);
});

Deno.test("stanzas: to other servers there is no way yet, and where there is one they are stamped", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  await alice.send("<message id='1' to='carol@b.test'/>");
  alice.expectNext(`<message id='1' type='error'>${error("remote-server-not-found", "cancel")}</message>`);
  const remote = server.remote("b.test");
  await alice.send("<message id='2' to='carol@b.test'/>");
  remote.expect("<message id='2' from='alice@a.test/desk' to='carol@b.test'/>");
  alice.quiet();
});

Deno.test("stanzas: the stream's language is that of stanzas without one (RFC 6120 §4.7.4, §8.1.5)", async () => {
  await using server = await testServer();
  const bob = await server.client("bob/pad");
  const alice = server.connect();
  await alice.open();
  await alice.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  await alice.send(
    `<stream:stream to='a.test' version='1.0' xml:lang='de' xmlns='jabber:client' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>` +
      `<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
  );
  await alice.send("<message to='bob@a.test/pad'/><message xml:lang='fr' to='bob@a.test/pad'/>");
  await bob.send("<message to='bob@a.test/pad'/>");
  deepEqual(bob.inbox.map((message) => message.attr("xml:lang")), ["de", "fr", undefined]);
});

Deno.test("stanzas: the five attributes go through, others do not (RFC 6120 §8.1)", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send(
    "<message to='bob@a.test/pad' id='&lt;1&gt;' x='1' xmlns:y='urn:y' y:z='2'><y:q/></message>",
  );
  const got = bob!.expectNext("<message id='&lt;1&gt;'/>");
  deepEqual(Object.keys(got.attrs).sort(), ["from", "id", "to"]);
  ok(got.has("q", "urn:y"));
});

Deno.test("stanzas: in order, however they are cut", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  const ids = Array.from({ length: 200 }, (_, i) => String(i));
  const bytes = new TextEncoder().encode(
    ids.map((id) => `<message to='bob@a.test/pad' id='${id}'/>`).join("\n"),
  );
  for (let at = 0; at < bytes.length; at += 777) alice!.carrier.feed(bytes.slice(at, at + 777));
  await server.settle();
  deepEqual(bob!.inbox.map((message) => message.attr("id")), ids);
});
