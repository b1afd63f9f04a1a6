import assert from "node:assert/strict";
import { type Element, Jid } from "#plugin";
import { type TestClient, type TestOptions, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { disco } from "../../plugins/service/disco.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { enable } from "./stream_management_client.ts";

const PLUGINS = [roster, presence, message, offline];
const server = (options: TestOptions = {}) => testServer({ plugins: PLUGINS, ...options });
const UNAVAILABLE =
  `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;

const bodies = (client: TestClient): (string | undefined)[] =>
  client.inbox.filter((element) => element.name === "message").map((element) => element.childText("body"));

/** A file for the data, gone with the test. */
async function withFile(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(`${folder}/data.sqlite`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("XEP-0160: the example of XEP-0160", async () => {
  await using s = await server({ host: "capulet.com" });
  const romeo = s.remote("montague.net");
  await romeo.send(`<message from='romeo@montague.net/orchard' to='juliet@capulet.com'>
    <body>O blessed, blessed night!</body></message>`);
  romeo.quiet();
  await s.clock.advance("1 hour");
  const juliet = await s.client("juliet/balcony");
  juliet.quiet();
  await juliet.send("<presence><priority>1</priority></presence>");
  juliet.expect(`<message from='romeo@montague.net/orchard' to='juliet@capulet.com'>
    <body>O blessed, blessed night!</body>
    <delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2026-01-01T12:00:00Z'>Offline Storage</delay></message>`);
  // Once, and not again for the next device.
  const second = await s.client("juliet/chamber");
  await second.send("<presence/>");
  second.never("<message/>");
});

Deno.test("XEP-0160: in order, at the first presence that is not negative", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  for (let i = 0; i < 120; i++) {
    await alice.send(`<message to='bob@a.test' type='chat'><body>${i}</body></message>`);
  }
  const bob = await s.client("bob/pad");
  await bob.send("<presence><priority>-1</priority></presence>");
  bob.never("<message/>");
  await bob.send("<presence type='unavailable'/>");
  await bob.send("<presence><priority>-5</priority></presence>");
  bob.never("<message/>");
  await bob.send("<presence><priority>0</priority></presence>");
  assert.deepEqual(bodies(bob), Array.from({ length: 120 }, (_, i) => String(i)));
  bob.clear();
  await bob.send("<presence><priority>3</priority></presence>");
  bob.never("<message/>");
  alice.quiet();
});

Deno.test("XEP-0160: a forged stamp of ours goes, one of others stays", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  await alice.send(`<message to='bob@a.test'><body>x</body>
    <delay xmlns='urn:xmpp:delay' from='a.test' stamp='1999-01-01T00:00:00Z'/>
    <delay xmlns='urn:xmpp:delay' from='gateway.test' stamp='2001-01-01T00:00:00Z'/></message>`);
  const bob = await s.client("bob/pad");
  await bob.send("<presence/>");
  const got = bob.expect("<message><body>x</body></message>");
  const stamps = got.elementsOf("urn:xmpp:delay").map((delay: Element) => delay.attr("stamp"));
  assert.deepEqual(stamps, ["2001-01-01T00:00:00Z", "2026-01-01T12:00:00Z"]);
});

/** Payload, attributes, and whether it is kept, refused or forgotten. */
const WORTH: readonly [string, string, "kept" | "refused" | "forgotten"][] = [
  ["<body>hi</body>", "type='chat'", "kept"],
  ["<body>hi</body>", "", "kept"],
  ["<subject>hi</subject>", "", "kept"],
  ["<body/>", "type='chat'", "forgotten"],
  ["", "", "forgotten"],
  ["<body>hi</body>", "type='headline'", "forgotten"],
  ["<body>hi</body>", "type='error'", "forgotten"],
  ["<body>hi</body>", "type='groupchat'", "refused"],
  ["<body>hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>", "type='chat'", "kept"],
  ["<composing xmlns='http://jabber.org/protocol/chatstates'/>", "type='chat'", "forgotten"],
  ["<composing xmlns='http://jabber.org/protocol/chatstates'/><thread>1</thread>", "", "forgotten"],
  [
    "<composing xmlns='http://jabber.org/protocol/chatstates'/><store xmlns='urn:xmpp:hints'/>",
    "type='chat'",
    "kept",
  ],
  [
    "<composing xmlns='http://jabber.org/protocol/chatstates'/><x xmlns='http://jabber.org/protocol/muc#user'/>" +
    "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='o'/>",
    "type='chat'",
    "forgotten",
  ],
  ["<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b.test'/></x>", "", "kept"],
  ["<received xmlns='urn:xmpp:receipts' id='1'/>", "type='chat'", "forgotten"],
  [
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/><store xmlns='urn:xmpp:hints'/>",
    "type='chat'",
    "kept",
  ],
  ["<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", "type='chat'", "forgotten"],
  ["<body>hi</body><no-store xmlns='urn:xmpp:hints'/>", "type='chat'", "refused"],
  [
    "<paused xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/>",
    "type='chat'",
    "forgotten",
  ],
  [
    "<body>hi</body><no-store xmlns='urn:xmpp:hints'/><store xmlns='urn:xmpp:hints'/>",
    "type='chat'",
    "refused",
  ],
  ["<body>hi</body><no-permanent-store xmlns='urn:xmpp:hints'/>", "type='chat'", "kept"],
  ["<body>hi</body><store xmlns='urn:xmpp:hints'/>", "type='headline'", "forgotten"],
  ["<x xmlns='jabber:x:conference' jid='darkcave@macbeth.shakespeare.lit'/>", "", "kept"],
  ["<encrypted xmlns='eu.siacs.conversations.axolotl'/>", "type='chat'", "kept"],
];

Deno.test("XEP-0160: what is kept (XEP-0160 §3, XEP-0334)", async () => {
  for (const [payload, attributes, fate] of WORTH) {
    await using s = await server();
    const alice = await s.client("alice/desk");
    await alice.send(`<message id='w' to='bob@a.test' ${attributes}>${payload}</message>`);
    const what = `${attributes} ${payload}`;
    if (fate === "refused") {
      alice.expect(`<message id='w' from='bob@a.test' type='error'>${UNAVAILABLE}</message>`);
    }
    assert.deepEqual(alice.inbox.map(String), [], what);
    const bob = await s.client("bob/pad");
    await bob.send("<presence/>");
    const got = bob.inbox.filter((element) => element.name === "message").length;
    assert.equal(got, fate === "kept" ? 1 : 0, what);
  }
});

Deno.test("XEP-0160: the quota, in messages, with an honest error", async () => {
  await using s = await server({ config: { defaults: { offline: { messages: 2 } } } });
  const alice = await s.client("alice/desk");
  for (const n of [1, 2, 3]) {
    await alice.send(`<message id='${n}' to='bob@a.test'><body>${n}</body></message>`);
  }
  alice.expect(`<message id='3' from='bob@a.test' type='error'><error type='cancel'>
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
    <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>*</text></error></message>`);
  alice.quiet();
  const bob = await s.client("bob/pad");
  await bob.send("<presence/>");
  assert.deepEqual(bodies(bob), ["1", "2"]);
  await bob.cut();
  // There is room again, and another account has its own.
  await alice.send(`<message to='bob@a.test'><body>4</body></message>`);
  await alice.send(`<message to='carol@a.test'><body>5</body></message>`);
  alice.quiet();
});

Deno.test("XEP-0160: the quota, in bytes", async () => {
  await using s = await server({ config: { defaults: { offline: { size: "20 KiB" } } } });
  const alice = await s.client("alice/desk");
  for (let n = 0; n < 4; n++) {
    await alice.send(`<message id='${n}' to='bob@a.test'><body>${"ö".repeat(4000)}</body></message>`);
  }
  for (const n of [2, 3]) alice.expect(`<message id='${n}' type='error'>${UNAVAILABLE}</message>`);
  alice.quiet();
  // A small one still fits.
  await alice.send(`<message to='bob@a.test'><body>small</body></message>`);
  alice.quiet();
});

Deno.test("XEP-0160: kept over a restart, numbers too, and delivered once", () =>
  withFile(async (data) => {
    const plugins = [...PLUGINS, internal];
    {
      await using s = await server({ data, plugins });
      await s.host.accounts.create("bob", "correct horse battery");
      const alice = await s.client("alice/desk");
      await alice.send(`<message to='bob@a.test'><body>before</body></message>`);
    }
    {
      await using s = await server({ data, plugins });
      const alice = await s.client("alice/desk");
      await alice.send(`<message to='bob@a.test'><body>after</body></message>`);
      const bob = await s.client("bob/pad");
      await bob.send("<presence/>");
      assert.deepEqual(bodies(bob), ["before", "after"]);
    }
    {
      await using s = await server({ data, plugins });
      const bob = await s.client("bob/pad");
      await bob.send("<presence/>");
      assert.deepEqual(bodies(bob), []);
    }
  }));

Deno.test("XEP-0160: what was kept is there after a crash", () =>
  withFile(async (data) => {
    const plugins = [...PLUGINS, internal];
    await using s = await server({ data, plugins });
    await s.host.accounts.create("bob", "correct horse battery");
    const alice = await s.client("alice/desk");
    await alice.send(`<message to='bob@a.test'><body>1</body></message>`);
    // The files as they lie on the disk while the server runs: what a killed one leaves behind.
    for (const suffix of ["", "-wal"]) await Deno.copyFile(data + suffix, `${data}.crash${suffix}`);
    await using again = await server({ data: `${data}.crash`, plugins });
    const bob = await again.client("bob/pad");
    await bob.send("<presence/>");
    assert.deepEqual(bodies(bob), ["1"]);
  }));

Deno.test("XEP-0160: gone with the account", () =>
  withFile(async (data) => {
    const plugins = [...PLUGINS, internal];
    await using s = await server({ data, plugins });
    await s.host.accounts.create("bob", "correct horse battery");
    const alice = await s.client("alice/desk");
    await alice.send(`<message to='bob@a.test'><body>secret</body></message>`);
    s.host.accounts.remove("bob");
    await s.settle();
    assert.ok(![...s.host.storage.owners("a.test")].includes("bob"));
    const bob = await s.client("bob/pad");
    await bob.send("<presence/>");
    assert.deepEqual(bodies(bob), []);
  }));

Deno.test("XEP-0160: a device that breaks away over its messages has not got them", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  await alice.send(`<message to='bob@a.test'><body>1</body></message>`);
  const bob = await s.client("bob/pad");
  // The connection goes in the very turn in which the messages are written.
  bob.carrier.feed(new TextEncoder().encode("<presence/>"));
  await bob.cut();
  const again = await s.client("bob/pad");
  await again.send("<presence/>");
  assert.deepEqual(bodies(again), ["1"]);
});

Deno.test("XEP-0160: more than a device reads at once comes as it reads", async () => {
  await using s = await server({ config: { defaults: { offline: { size: "8 MiB" } } } });
  const remote = s.remote("b.test");
  const text = "x".repeat(100_000);
  for (let n = 0; n < 60; n++) {
    await remote.send(
      `<message from='alice@b.test/desk' to='bob@a.test'><body>${n} ${text}</body></message>`,
    );
  }
  remote.quiet();
  const bob = await s.client("bob/pad");
  const writes: number[] = [];
  const write = bob.carrier.write.bind(bob.carrier);
  bob.carrier.write = (written) => {
    writes.push(written.length);
    return write(written);
  };
  // It has something to read already, and takes its time.
  bob.carrier.queued = 300 * 1024;
  await bob.send("<presence/>");
  await s.clock.advance("5 s");
  assert.equal(bodies(bob).length, 0);
  bob.carrier.queued = 0;
  await s.clock.advance("1 s");
  assert.deepEqual(
    bodies(bob).map((body) => body!.split(" ")[0]),
    Array.from({ length: 60 }, (_, i) => String(i)),
  );
  // Never more than there is room for, which is far from the limit that ends a stream.
  assert.ok(Math.max(...writes) < 512 * 1024);
});

Deno.test("XEP-0160: what is said meanwhile comes after what was kept, where the device reads", async () => {
  await using s = await server();
  const remote = s.remote("b.test");
  const say = (n: number, more = "") =>
    remote.send(
      `<message from='alice@b.test/desk' to='bob@a.test' type='chat'><body>${n}</body>${more}</message>`,
    );
  for (let n = 0; n < 160; n++) await say(n);
  const bob = await s.client("bob/pad");
  bob.carrier.feed(new TextEncoder().encode("<presence/>"));
  await say(160);
  assert.deepEqual(bodies(bob).map(Number), Array.from({ length: 161 }, (_, i) => i));
  // Whoever does not read keeps nobody waiting.
  await bob.close();
  for (let n = 0; n < 60; n++) await say(n);
  const slow = await s.client("bob/slow");
  slow.carrier.queued = 300 * 1024;
  slow.carrier.feed(new TextEncoder().encode("<presence/>"));
  const said = say(60);
  await s.clock.advance("2 s");
  await said;
  assert.deepEqual(bodies(slow), ["60"]);
  slow.carrier.queued = 0;
  await s.clock.advance("1 s");
  assert.deepEqual(bodies(slow).map(Number), [60, ...Array.from({ length: 60 }, (_, i) => i)]);
});

Deno.test("XEP-0160: two devices at once get each message once", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  for (let n = 0; n < 200; n++) await alice.send(`<message to='bob@a.test'><body>${n}</body></message>`);
  const [pad, phone] = await s.clients("bob/pad", "bob/phone");
  pad!.carrier.feed(new TextEncoder().encode("<presence/>"));
  await phone!.send("<presence/>");
  const got = [...bodies(pad!), ...bodies(phone!)].map(Number).sort((a, b) => a - b);
  assert.deepEqual(got, Array.from({ length: 200 }, (_, i) => i));
});

Deno.test("XEP-0160 §2: in the order in which they were said, also what a lost device had first", async () => {
  await using s = await server({ plugins: [...PLUGINS, streamManagement] });
  const [phone, alice] = await s.online("bob/phone", "alice/desk") as [TestClient, TestClient];
  await phone.send("<presence><priority>-1</priority></presence>");
  await enable(phone);
  await phone.cut();
  for (let n = 0; n < 130; n++) {
    const to = n % 3 === 0 ? "bob@a.test/phone" : "bob@a.test";
    await alice.send(`<message to='${to}' type='chat'><body>${n}</body></message>`);
    // Some at the same time.
    if (n < 20 || n > 100) await s.clock.advance(100);
  }
  await s.clock.advance("11 min");
  const pad = await s.client("bob/pad");
  await pad.send("<presence/>");
  const got = bodies(pad).map(Number);
  assert.deepEqual(got.slice(0, 20), Array.from({ length: 20 }, (_, i) => i));
  assert.deepEqual(got.slice(-28), Array.from({ length: 28 }, (_, i) => i + 102));
  assert.deepEqual(got.toSorted((a, b) => a - b), Array.from({ length: 130 }, (_, i) => i));
});

Deno.test("XEP-0424 §6: what its sender has retracted meanwhile is not handed over, the retraction is", async () => {
  await using s = await server({ config: { defaults: { offline: { messages: 4 } } } });
  const remote = s.remote("b.test");
  const [alice, phone] = await s.online("alice/desk", "alice/phone") as [TestClient, TestClient];
  const said = (id: string, more = "") =>
    `<message to='bob@a.test' type='chat' id='${id}'${more}><body>${id}</body></message>`;
  const retract = (id: string, more = "") =>
    `<message to='bob@a.test' type='chat' id='r'${more}><retract xmlns='urn:xmpp:message-retract:1' id='${id}'/></message>`;
  const whisper = (nick: string, xml: string) =>
    xml.replace("<message", `<message from='room@b.test/${nick}'`)
      .replace("</message>", "<x xmlns='http://jabber.org/protocol/muc#user'/></message>");
  await alice.send(said("1"));
  await alice.send(said("&lt;2"));
  await remote.send(whisper("juliet", said("3")));
  // Neither somebody else nor another occupant; then there is no room for more.
  await remote.send(whisper("romeo", retract("3")));
  await remote.send(retract("1", " from='c@b.test/x'"));
  // One leaves its place to its retraction.
  await phone.send(retract("&lt;2"));
  const bob = await s.client("bob/pad");
  await bob.send("<presence/>");
  assert.deepEqual(bodies(bob), ["1", "3", undefined, undefined]);
});

Deno.test("XEP-0160: announced", async () => {
  await using s = await server({ plugins: [...PLUGINS, disco] });
  const alice = await s.client("alice/desk");
  await alice.send(
    `<iq to='a.test' id='1' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  alice.expect(`<iq id='1' type='result'><query xmlns='http://jabber.org/protocol/disco#info'>
    <feature var='msgoffline'/><feature var='http://jabber.org/protocol/offline'/></query></iq>`);
});

Deno.test("XEP-0160: a reload changes the quota and loses nothing", async () => {
  await using s = await server({ config: { defaults: { offline: { messages: 1 } } } });
  const alice = await s.client("alice/desk");
  await alice.send(`<message to='bob@a.test'><body>1</body></message>`);
  await s.reload({ config: { defaults: { offline: { messages: 2 } } } });
  await alice.send(`<message to='bob@a.test'><body>2</body></message>`);
  alice.quiet();
  const bob = await s.client("bob/pad");
  await bob.send("<presence/>");
  assert.deepEqual(bodies(bob), ["1", "2"]);
  assert.equal(s.host.registry.of(Jid.parse("bob@a.test").local).length, 1);
});
