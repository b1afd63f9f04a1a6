/** XEP-0280: Message Carbons, with its examples. */
import assert from "node:assert/strict";
import { definePlugin, DROP, el, none } from "#plugin";
import { type TestClient, type TestOptions, testServer } from "#testing";
import { copying } from "../../plugins/im/api.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { disco } from "../../plugins/service/disco.ts";

const PLUGINS = [roster, presence, message, offline, carbons, disco];
const server = (options: TestOptions = {}) => testServer({ plugins: PLUGINS, ...options });
const CARBONS = "urn:xmpp:carbons:2";

async function enable(...clients: TestClient[]): Promise<void> {
  for (const client of clients) {
    await client.send(`<iq type='set' id='enable1'><enable xmlns='${CARBONS}'/></iq>`);
    client.expect("<iq type='result' id='enable1'/>");
  }
}

const copied = (direction: "sent" | "received", inner: string, type = "chat") =>
  `<message type='${type}'><${direction} xmlns='${CARBONS}'>` +
  `<forwarded xmlns='urn:xmpp:forward:0'>${inner.replace("<message", "<message xmlns='jabber:client'")}` +
  `</forwarded></${direction}></message>`;

/** Romeo's garden and home, both with carbons, and Juliet elsewhere. */
async function montague() {
  const s = await server({ host: "montague.example" });
  const [garden, home] = await s.online("romeo/garden", "romeo/home");
  await enable(garden, home);
  const capulet = s.remote("capulet.example");
  return { s, garden, home, capulet };
}

Deno.test("XEP-0280 §3: the feature and the rules are announced", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  await alice.send(
    `<iq type='get' id='i' to='a.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  alice.expect(`<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#info'>
    <feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:carbons:rules:0'/></query></iq>`);
});

Deno.test("XEP-0280 §4, §5, §10.1: enabling and disabling, as often as one likes", async () => {
  await using s = await server({ host: "montague.example" });
  const romeo = await s.client("romeo/garden");
  for (const verb of ["enable", "enable", "disable", "disable", "enable"]) {
    await romeo.send(`<iq type='set' id='${verb}1'><${verb} xmlns='${CARBONS}'/></iq>`);
    romeo.expectNext(
      `<iq type='result' from='romeo@montague.example' to='romeo@montague.example/garden' id='${verb}1'/>`,
    );
  }
});

Deno.test("XEP-0280 §4.1: a device of somebody else may not", async () => {
  await using s = await server();
  const [alice] = await s.clients("alice/desk", "bob/pad");
  await alice!.send(`<iq type='set' id='x' to='bob@a.test'><enable xmlns='${CARBONS}'/></iq>`);
  alice!.expectNext(`<iq type='error' id='x'><error type='cancel'>
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
});

Deno.test("XEP-0280 §7, XEP-0297: a received message, its type on the wrapper", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  await capulet.send(
    `<message from='juliet@capulet.example/balcony' to='romeo@montague.example/garden' type='chat'>
    <body>What man art thou that, thus bescreen'd in night, so stumblest on my counsel?</body>
    <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread></message>`,
  );
  garden.expectNext("<message from='juliet@capulet.example/balcony'/>");
  garden.quiet();
  const copy = home.expectNext(
    `<message from='romeo@montague.example' to='romeo@montague.example/home' type='chat'>
    <received xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'>
    <message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden'
      type='chat'><body>*</body><thread>0e3141cd80894871a68e6fe6b1ec56fa</thread></message>
    </forwarded></received></message>`,
  );
  assert.equal(copy.elements().length, 1);
  home.quiet();
});

Deno.test("XEP-0280 §8: a sent message, whether the sender wants copies or not", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  await home.send(`<iq type='set' id='d'><disable xmlns='${CARBONS}'/></iq>`);
  home.clear();
  await home.send(`<message to='juliet@capulet.example/balcony' type='chat'>
    <body>Neither, fair saint, if either thee dislike.</body>
    <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread></message>`);
  garden.expectNext(`<message from='romeo@montague.example' to='romeo@montague.example/garden' type='chat'>
    <sent xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'>
    <message xmlns='jabber:client' to='juliet@capulet.example/balcony' from='romeo@montague.example/home'
      type='chat'><body>Neither, fair saint, if either thee dislike.</body></message>
    </forwarded></sent></message>`);
  garden.quiet();
  home.quiet();
  assert.equal(capulet.inbox.length, 1);
});

Deno.test("XEP-0280 §9: private messages and such with no-copy go to the one device, as they are", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  const privately = `<private xmlns='${CARBONS}'/><no-copy xmlns='urn:xmpp:hints'/>`;
  for (const marks of [privately, `<private xmlns='${CARBONS}'/>`, "<no-copy xmlns='urn:xmpp:hints'/>"]) {
    await home.send(`<message to='juliet@capulet.example/home' type='chat'><body>x</body>${marks}</message>`);
    capulet.expect(`<message type='chat'><body>x</body>${marks}</message>`);
    await capulet.send(
      `<message from='juliet@capulet.example/home' to='romeo@montague.example/garden' type='chat'>
      <body>y</body>${marks}</message>`,
    );
    garden.expectNext(`<message type='chat'><body>y</body>${marks}</message>`);
  }
  garden.quiet();
  home.quiet();
});

Deno.test("XEP-0280 §6.1: the rules, on both sides", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  const invitation =
    "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='romeo@montague.example'/></x>";
  const cases: [string, string, boolean][] = [
    ["chat", "<body>x</body>", true],
    ["chat", "<anything xmlns='urn:example:any'/>", true],
    ["normal", "<body>x</body>", true],
    ["normal", "<anything xmlns='urn:example:any'/>", false],
    ["normal", "<received xmlns='urn:xmpp:receipts' id='1'/>", true],
    ["normal", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true],
    ["headline", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", true],
    ["headline", "<body>x</body>", false],
    ["normal", "<x xmlns='jabber:x:conference' jid='room@chat.example'/>", true],
    ["normal", invitation, true],
    ["error", "<body>x</body>", false],
    // Never a copy of a copy.
    ["chat", `<sent xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'/></sent>`, false],
    ["chat", `<received xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'/></received>`, false],
  ];
  for (const [type, payload, eligible] of cases) {
    const kind = type === "normal" ? "" : ` type='${type}'`;
    await capulet.send(
      `<message from='juliet@capulet.example' to='romeo@montague.example/garden'${kind}>${payload}</message>`,
    );
    await home.send(`<message to='juliet@capulet.example'${kind}>${payload}</message>`);
    garden.expectNext(`<message from='juliet@capulet.example'>${payload}</message>`);
    if (eligible) {
      const inner = `<message${kind}>${payload}</message>`;
      garden.expectNext(copied("sent", inner, type).replace(" type='normal'", ""));
      home.expectNext(copied("received", inner, type).replace(" type='normal'", ""));
    }
    garden.quiet();
    home.quiet();
  }
});

Deno.test("XEP-0280 §6.1: rooms", async () => {
  const { s, garden, home } = await montague();
  await using _ = s;
  const room = s.remote("chat.example");
  const mark = "<x xmlns='http://jabber.org/protocol/muc#user'/>";
  await room.send(
    `<message from='room@chat.example/juliet' to='romeo@montague.example/garden' type='groupchat'>
    <body>x</body></message>`,
  );
  await room.send(`<message from='room@chat.example/juliet' to='romeo@montague.example/garden' type='chat'>
    <body>private</body>${mark}</message>`);
  home.quiet();
  garden.clear();
  await home.send("<message to='room@chat.example' type='groupchat'><body>x</body></message>");
  garden.quiet();
  await home.send(`<message to='room@chat.example/juliet' type='chat'><body>private</body>${mark}</message>`);
  garden.expectNext(copied("sent", "<message to='room@chat.example/juliet'><body>private</body></message>"));
  // An invitation that comes by way of the room is not a private message.
  await room.send(`<message from='room@chat.example' to='romeo@montague.example/garden'>
    <x xmlns='http://jabber.org/protocol/muc#user'><invite from='juliet@capulet.example'/></x></message>`);
  home.expectNext(
    copied("received", "<message from='room@chat.example'/>", "normal").replace(" type='normal'", ""),
  );
});

Deno.test("XEP-0280 §6.1: errors are copied where the message that they answer was", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  const error = (id: string, from: string) =>
    `<message from='${from}' to='romeo@montague.example/home' type='error' id='${id}'>
     <error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`;
  await home.send("<message to='juliet@capulet.example' type='chat' id='m1'><body>x</body></message>");
  await home.send("<message to='juliet@capulet.example' type='headline' id='m2'><body>x</body></message>");
  garden.clear();
  await capulet.send(error("m2", "juliet@capulet.example"));
  await capulet.send(error("m1", "tybalt@capulet.example"));
  garden.quiet();
  await capulet.send(error("m1", "juliet@capulet.example/balcony"));
  garden.expectNext(copied("received", "<message type='error' id='m1'/>", "error"));
  garden.quiet();
});

Deno.test("XEP-0280 §6.1, §7: an error for a device that has gone is copied to all that saw the message", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  const [shy, silent, plain] = await s.clients(...["shy", "silent", "plain"].map((it) => `romeo/${it}`));
  await shy!.send("<presence><priority>-1</priority></presence>");
  await plain!.send("<presence/>");
  await enable(shy!, silent!);
  for (const id of ["m1", "m2"]) {
    await home.send(`<message to='juliet@capulet.example' type='chat' id='${id}'><body>x</body></message>`);
  }
  await home.close();
  for (const client of [garden, shy!, silent!, plain!]) client.clear();
  for (const [id, to] of [["m1", "/home"], ["m2", ""], ["m3", "/home"]]) {
    await capulet.send(`<message from='juliet@capulet.example' to='romeo@montague.example${to}' type='error'
      id='${id}'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  }
  for (const client of [garden, shy!, silent!]) {
    for (const id of ["m1", "m2"]) {
      client.expectNext(copied("received", `<message type='error' id='${id}'/>`, "error"));
    }
    client.quiet();
  }
  plain!.quiet();
});

Deno.test("XEP-0280 §7: what all devices get is not copied; the others miss nothing", async () => {
  await using s = await server();
  const [desk, pad] = await s.online("alice/desk", "alice/pad");
  const shy = await s.client("alice/shy");
  await shy.send("<presence><priority>-1</priority></presence>");
  const silent = await s.client("alice/silent");
  await enable(desk, pad, shy, silent);
  for (const client of [desk, pad, shy, silent]) client.clear();
  const bob = await s.client("bob/pad");
  for (const to of ["alice@a.test", "alice@a.test/gone"]) {
    await bob.send(`<message to='${to}' type='chat'><body>x</body></message>`);
    for (const client of [desk, pad]) {
      client.expectNext(`<message from='bob@a.test/pad'><body>x</body></message>`);
    }
    for (const client of [shy, silent]) client.expectNext(copied("received", `<message to='${to}'/>`));
    for (const client of [desk, pad, shy, silent]) client.quiet();
  }
});

Deno.test("XEP-0280: what is kept for later is not copied to those who will get it", async () => {
  await using s = await server();
  const silent = await s.client("alice/silent");
  const shy = await s.client("alice/shy");
  await shy.send("<presence><priority>-1</priority></presence>");
  await enable(silent, shy);
  silent.clear();
  shy.clear();
  const bob = await s.client("bob/pad");
  await bob.send("<message to='alice@a.test' type='chat'><body>x</body></message>");
  silent.quiet();
  shy.expectNext(copied("received", "<message><body>x</body></message>"));
  await silent.send("<presence/>");
  silent.expect("<message from='bob@a.test/pad'><body>x</body></message>");
  silent.never("<message/>");
});

Deno.test("XEP-0280: messages to oneself come once", async () => {
  await using s = await server();
  const [desk, pad, phone] = await s.online("alice/desk", "alice/pad", "alice/phone");
  await enable(desk, pad, phone);
  desk.clear();
  await desk.send("<message to='alice@a.test' type='chat'><body>all</body></message>");
  for (const client of [desk, pad, phone]) {
    client.expect("<message from='alice@a.test/desk'><body>all</body></message>");
    client.never("<message/>");
  }
  await desk.send("<message to='alice@a.test/pad' type='chat'><body>one</body></message>");
  pad.expect("<message from='alice@a.test/desk'><body>one</body></message>");
  phone.expect(copied("received", "<message from='alice@a.test/desk' to='alice@a.test/pad'/>"));
  for (const client of [desk, pad, phone]) client.never("<message/>");
});

Deno.test("XEP-0280 §7, §11: a forged copy keeps its sender's name", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  const forged = `<received xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'>
    <message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden'
      type='chat'><body>Thou shall meet me tonite, at our house's hall!</body></message>
    </forwarded></received>`;
  await capulet.send(
    `<message from='tybalt@capulet.example/home' to='romeo@montague.example' type='chat'>${forged}</message>`,
  );
  for (const client of [garden, home]) {
    client.expectNext(`<message from='tybalt@capulet.example/home'>${forged}</message>`);
    client.quiet();
  }
  // Nor can another device of the account speak for it.
  await garden.send(`<message to='romeo@montague.example/home' type='chat'>${forged}</message>`);
  home.expectNext(`<message from='romeo@montague.example/garden'>${forged}</message>`);
  home.quiet();
});

Deno.test("XEP-0280 §10.3: a bounced copy bothers nobody", async () => {
  const { s, garden, home, capulet } = await montague();
  await using _ = s;
  await capulet.send(`<message from='juliet@capulet.example/b' to='romeo@montague.example/garden' type='chat'
    id='m'><body>x</body></message>`);
  home.clear();
  garden.clear();
  await home.send(`<message to='romeo@montague.example' type='error'>
    <error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  for (const side of [garden, home, capulet]) side.quiet();
});

Deno.test("XEP-0280: between two accounts of one host, each side has its copies", async () => {
  await using s = await server();
  const [desk, pad, phone, tablet] = await s.online("alice/desk", "alice/pad", "bob/phone", "bob/tablet");
  await enable(desk, pad, phone, tablet);
  for (const client of [desk, pad, phone, tablet]) client.clear();
  await desk.send(
    "<message to='bob@a.test/phone' type='chat' id='1'><body>a &lt; b &amp; c</body></message>",
  );
  phone.expectNext("<message id='1'><body>a &lt; b &amp; c</body></message>");
  const inner =
    "<message from='alice@a.test/desk' to='bob@a.test/phone' id='1'><body>a &lt; b &amp; c</body></message>";
  pad.expectNext(copied("sent", inner));
  tablet.expectNext(copied("received", inner));
  for (const client of [desk, pad, phone, tablet]) client.quiet();
});

Deno.test("carbons: another plugin adds to the message in a copy, or keeps it from being copied", async () => {
  const marks = definePlugin({
    name: "marks",
    doc: "Marks copies.",
    config: none,
    setup(host) {
      host.at(copying).guard({}, ({ stanza }) => stanza.child("secret", "urn:example:mark") && DROP);
      host.at(copying).amend({}, ({ stanza, direction, account }) => {
        const id = el("stanza-id", "urn:xmpp:sid:0", { id: direction, by: account.toString() });
        return stanza.containing(stanza.source.plus(id));
      });
    },
  });
  await using s = await server({ plugins: [...PLUGINS, marks] });
  const [desk, pad, bob] = await s.online("alice/desk", "alice/pad", "bob/pad");
  await enable(desk, pad);
  await desk.send("<message to='bob@a.test/pad' type='chat'><body>x</body></message>");
  pad.expectNext(copied(
    "sent",
    "<message><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' id='sent' by='alice@a.test'/></message>",
  ));
  assert.equal(bob.expectNext("<message><body>x</body></message>").has("stanza-id", "urn:xmpp:sid:0"), false);
  await desk.send("<message to='bob@a.test/pad' type='chat'><secret xmlns='urn:example:mark'/></message>");
  bob.expectNext("<message/>");
  pad.quiet();
});
