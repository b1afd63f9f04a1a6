/** XEP-0352: Client State Indication. */
import assert from "node:assert/strict";
import { encodeBase64, encodeUtf8 } from "#plugin";
import { PASSWORD, type TestOptions, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { disco } from "../../plugins/service/disco.ts";
import { ping } from "../../plugins/service/ping.ts";
import { clientState } from "../../plugins/stream/client_state.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { bind, opened, plain, success } from "./sasl2_client.ts";

const PLUGINS = [roster, presence, message, offline, carbons, ping, disco, adhoc, clientState];
const server = (options: TestOptions = {}) => testServer({ plugins: PLUGINS, ...options });

const ACTIVE = "<active xmlns='urn:xmpp:csi:0'/>";
const INACTIVE = "<inactive xmlns='urn:xmpp:csi:0'/>";
const COMPOSING = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";

/** An inactive device of Juliet's, and servers of others. */
async function inactive(options: TestOptions = {}) {
  const s = await server(options);
  const [juliet] = await s.online("juliet/phone");
  await juliet.send(INACTIVE);
  return { s, juliet, far: s.remote("far.test"), rooms: s.remote("rooms.test") };
}

const from = (name: string, kind: string, content: string, type = "") =>
  `<${kind} from='${name}' to='juliet@a.test/phone'${
    type === "" ? "" : ` type='${type}'`
  }>${content}</${kind}>`;

Deno.test("XEP-0352 §4.1: announced when the client has logged in, and without an answer to either", async () => {
  await using s = await server();
  const alice = s.connect();
  await alice.open();
  assert.equal(alice.expect("<stream:features/>").has("csi", "urn:xmpp:csi:0"), false);
  const [bob] = await s.clients("bob/pad");
  await bob.send(INACTIVE + INACTIVE + ACTIVE + ACTIVE);
  bob.quiet();
});

Deno.test("XEP-0352 §3.2: presence waits, the last one of each sender counts", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  await far.send(from("romeo@far.test/pda", "presence", "<show>away</show>"));
  await far.send(from("nurse@far.test/pda", "presence", ""));
  await far.send(from("romeo@far.test/pda", "presence", "<show>dnd</show>"));
  await far.send(from("romeo@far.test/desk", "presence", "", "unavailable"));
  juliet.quiet();
  await juliet.send(ACTIVE);
  juliet.expectNext("<presence from='nurse@far.test/pda'/>");
  juliet.expectNext("<presence from='romeo@far.test/pda'><show>dnd</show></presence>");
  juliet.expectNext("<presence from='romeo@far.test/desk' type='unavailable'/>");
  juliet.quiet();
  // Active again: nothing waits any more.
  await far.send(from("romeo@far.test/pda", "presence", ""));
  juliet.expectNext("<presence from='romeo@far.test/pda'/>");
});

Deno.test("client state: presence that waits ends with the device's own: it is told anew when that is back", async () => {
  await using s = await server({ plugins: [...PLUGINS, subscription] });
  const [juliet, romeo] = await s.online("juliet/phone", "romeo/pda");
  await juliet.send("<presence type='subscribe' to='romeo@a.test'/>");
  await romeo.send("<presence type='subscribed' to='juliet@a.test'/>");
  juliet.clear();
  await juliet.send(INACTIVE);
  await romeo.send("<presence><show>away</show></presence>");
  await romeo.send(
    "<message to='juliet@a.test/phone'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
  );
  await juliet.send("<presence type='unavailable'/>");
  await romeo.close();
  await juliet.send(`<presence/>${ACTIVE}`);
  juliet.expect(`<message>${COMPOSING}</message>`);
  juliet.never("<presence from='romeo@a.test/pda'/>");
});

Deno.test("XEP-0352 §5.1: what waits goes out before the answer to what follows", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  await far.send(from("romeo@far.test/pda", "presence", ""));
  await juliet.send(`${ACTIVE}<iq to='a.test' id='ping1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
  juliet.expectNext("<presence from='romeo@far.test/pda'/>");
  juliet.expectNext("<iq from='a.test' id='ping1' type='result'/>");
});

Deno.test("client state: nothing that matters waits, and it never overtakes", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  const forwarded = (inner: string) =>
    `<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>${inner}</forwarded></received>`;
  const matters: [string, string, string?][] = [
    ["message", "<body>hello</body>", "chat"],
    ["message", "<received xmlns='urn:xmpp:receipts' id='1'/>", "chat"],
    ["message", "<request xmlns='urn:xmpp:receipts'/>", "chat"],
    ["message", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/><store xmlns='urn:xmpp:hints'/>", "chat"],
    ["message", "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>", "chat"],
    ["message", "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions>", "chat"],
    ["message", "<encrypted xmlns='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>", "chat"],
    ["message", "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>", "chat"],
    ["message", "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>", "chat"],
    ["message", "<something xmlns='urn:example:new'/>", "chat"],
    ["message", "<subject>news</subject>", "headline"],
    ["message", "", ""],
    ["message", `<error type='cancel'/>${COMPOSING}`, "error"],
    ["message", "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@far.test'/></x>"],
    ["message", forwarded(`<message xmlns='jabber:client'>${COMPOSING}</message>`), "chat"],
    [
      "message",
      "<event xmlns='http://jabber.org/protocol/pubsub#event'>" +
      "<items node='eu.siacs.conversations.axolotl.devicelist'/></event>",
      "headline",
    ],
    ["presence", "", "error"],
    ["presence", "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x>"],
    ["iq", "<query xmlns='jabber:iq:version'/>", "get' id='x"],
  ];
  for (const [kind, content, type] of matters) {
    await far.send(from("romeo@far.test/pda", "presence", ""));
    juliet.quiet();
    await far.send(from("romeo@far.test/pda", kind, content, type));
    juliet.expectNext("<presence from='romeo@far.test/pda'/>");
    assert.equal(juliet.expectNext(`<${kind}>${content}</${kind}>`).has("delay", "urn:xmpp:delay"), false);
    juliet.quiet();
  }
});

Deno.test("client state: subscriptions do not wait", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  await far.send("<presence from='romeo@far.test' to='juliet@a.test/phone' type='subscribed'/>");
  juliet.expectNext("<presence from='romeo@far.test' type='subscribed'/>");
});

Deno.test("client state: chat states and news of leisure wait, with the time when they came", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  const mood = "<event xmlns='http://jabber.org/protocol/pubsub#event'>" +
    "<items node='http://jabber.org/protocol/mood'><item/></items></event>";
  await far.send(from("romeo@far.test/pda", "message", `${COMPOSING}<thread>t</thread>`, "chat"));
  await s.clock.advance("1 minute");
  await far.send(from("romeo@far.test", "message", mood, "headline"));
  juliet.quiet();
  await s.clock.advance("1 minute");
  await far.send(from("romeo@far.test/pda", "message", "<body>hello</body>", "chat"));
  juliet.expectNext(`<message>${COMPOSING}<thread>t</thread>
    <delay xmlns='urn:xmpp:delay' from='a.test' stamp='2026-01-01T12:00:00Z'/></message>`);
  juliet.expectNext(`<message>${mood}
    <delay xmlns='urn:xmpp:delay' from='a.test' stamp='2026-01-01T12:01:00Z'/></message>`);
  juliet.expectNext("<message><body>hello</body></message>");
  juliet.quiet();
});

Deno.test("client state: copies wait where the message in them would", async () => {
  await using s = await server();
  const [phone, desk] = await s.online("juliet/phone", "juliet/desk");
  await phone.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  await phone.send(INACTIVE);
  phone.clear();
  await desk.send(`<message to='romeo@b.test' type='chat'>${COMPOSING}</message>`);
  phone.quiet();
  await desk.send("<message to='romeo@b.test' type='chat'><body>x</body></message>");
  phone.expectNext(`<message><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>
    <message xmlns='jabber:client'>${COMPOSING}</message></forwarded></sent></message>`);
  phone.expectNext(`<message><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>
    <message xmlns='jabber:client'><body>x</body></message></forwarded></sent></message>`);
});

Deno.test("client state: rooms wait until somebody calls", async () => {
  const { s, juliet, rooms } = await inactive();
  await using _ = s;
  const said = (who: string, content: string) =>
    from(`hall@rooms.test/${who}`, "message", content, "groupchat");
  // As long as nobody knows the nickname, nothing waits.
  await rooms.send(said("romeo", "<body>hello</body>"));
  juliet.expectNext("<message type='groupchat'/>");
  await juliet.send(
    "<presence to='hall@rooms.test/Jule'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
  );
  const calls = [
    said("romeo", "<body>you there, jule?</body>"),
    said("romeo", "<body>JULE: come</body>"),
    said("Jule", "<body>my own words come back</body>"),
    said("romeo", "<body>yes</body><reply xmlns='urn:xmpp:reply:0' to='hall@rooms.test/Jule' id='1'/>"),
    said("romeo", "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions>"),
    said("romeo", "<body>secret</body><encrypted xmlns='eu.siacs.conversations.axolotl'/>"),
    said("romeo", "<apply-to xmlns='urn:xmpp:fasten:0' id='1'/>"),
    from(
      "hall@rooms.test",
      "message",
      "<x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x>",
      "groupchat",
    ),
  ];
  for (const call of calls) {
    await rooms.send(said("romeo", "<body>this is the rule of Julea and rejulenate</body>"));
    await rooms.send(
      from("hall@rooms.test/romeo", "presence", "<x xmlns='http://jabber.org/protocol/muc#user'/>"),
    );
    juliet.quiet();
    await rooms.send(call);
    juliet.expectNext(
      "<message type='groupchat'><body>this is the rule of Julea and rejulenate</body></message>",
    );
    juliet.expectNext("<presence from='hall@rooms.test/romeo'/>");
    juliet.expectNext("<message type='groupchat'/>");
    juliet.quiet();
  }
  // Under a new name, and when it has left.
  await juliet.send("<presence to='hall@rooms.test/Capulet'/>");
  await rooms.send(said("romeo", "<body>Jule!</body>"));
  juliet.quiet();
  await juliet.send("<presence to='hall@rooms.test/Capulet' type='unavailable'/>");
  await rooms.send(said("romeo", "<body>gone</body>"));
  juliet.expectNext("<message><body>Jule!</body></message>");
  juliet.expectNext("<message><body>gone</body></message>");
});

Deno.test("client state: at the limit everything goes out; what is long does not wait", async () => {
  const { s, juliet, far } = await inactive({ config: { defaults: { client_state: { held: 3 } } } });
  await using _ = s;
  for (const name of ["a", "b", "a"]) await far.send(from(`${name}@far.test/x`, "presence", ""));
  juliet.quiet();
  await far.send(from("c@far.test/x", "presence", ""));
  for (const name of ["b", "a", "c"]) juliet.expectNext(`<presence from='${name}@far.test/x'/>`);
  await far.send(from("d@far.test/x", "presence", `<status>${"long ".repeat(1000)}</status>`));
  juliet.expectNext("<presence from='d@far.test/x'/>");
  juliet.quiet();
});

Deno.test("client state: a broken stream loses nothing that is kept for others", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  await far.send(from("romeo@far.test/pda", "message", COMPOSING, "chat"));
  await far.send(from("romeo@far.test/pda", "presence", ""));
  await juliet.cut();
  await far.send(
    "<message from='romeo@far.test/pda' to='juliet@a.test' type='chat'><body>kept</body></message>",
  );
  const [again] = await s.clients("juliet/phone");
  await again.send("<presence/>");
  again.expect("<message><body>kept</body></message>");
  again.never("<message/>");
  again.never("<presence from='romeo@far.test/pda'/>");
});

Deno.test("XEP-0352 §5.2: a session that was resumed has everything, and is active", async () => {
  await using s = await server({ plugins: [...PLUGINS, streamManagement] });
  const far = s.remote("far.test");
  const [juliet] = await s.online("juliet/phone");
  await juliet.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const id = juliet.expect("<enabled xmlns='urn:xmpp:sm:3' id='*'/>").attr("id");
  await juliet.send(INACTIVE);
  await far.send(from("romeo@far.test/pda", "presence", ""));
  await juliet.cut();
  await far.send(from("nurse@far.test/pda", "presence", ""));
  const again = s.connect();
  await again.open();
  const initial = encodeBase64(encodeUtf8(`\0juliet\0${PASSWORD}`));
  await again.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
  await again.open();
  again.clear();
  await again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  again.expect("<resumed xmlns='urn:xmpp:sm:3'/>");
  again.expect("<presence from='romeo@far.test/pda'/>");
  again.expect("<presence from='nurse@far.test/pda'/>");
  await far.send(from("peter@far.test/pda", "presence", ""));
  again.expect("<presence from='peter@far.test/pda'/>");
});

Deno.test("client state: people set the two switches by a command", async () => {
  await using s = await server();
  const rooms = s.remote("rooms.test");
  const [phone] = await s.online("juliet/phone");
  const node = "http://metronome.im/protocol/csi#config";
  const commandNs = "http://jabber.org/protocol/commands";
  await phone.send(`<iq type='set' id='1' to='a.test'><command xmlns='${commandNs}' node='${node}'/></iq>`);
  const executing = phone.expect(`<iq type='result' id='1'><command xmlns='${commandNs}' status='executing'>
    <x xmlns='jabber:x:data' type='form'>
      <field var='csi#block_chatstates'><value>0</value></field>
      <field var='csi#queue_all_muc_messages_but_mentions'><value>1</value></field></x></command></iq>`);
  const id = executing.child("command", commandNs)!.attr("sessionid");
  await phone.send(`<iq type='set' id='2' to='a.test'>
    <command xmlns='${commandNs}' node='${node}' sessionid='${id}'><x xmlns='jabber:x:data' type='submit'>
      <field var='FORM_TYPE'><value>http://jabber.org/protocol/commands</value></field>
      <field var='csi#block_chatstates'><value>1</value></field>
      <field var='csi#queue_all_muc_messages_but_mentions'><value>0</value></field></x></command></iq>`);
  phone.expect(`<iq type='result' id='2'><command xmlns='${commandNs}' status='completed'/></iq>`);
  // For the devices that are there, and for those that come.
  const [desk] = await s.online("juliet/desk");
  phone.clear();
  for (const device of [phone, desk]) {
    await device.send(
      "<presence to='hall@rooms.test/Jule'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    );
  }
  const romeo = await s.client("romeo/pda");
  await romeo.send(`<message to='juliet@a.test' type='chat'>${COMPOSING}</message>`);
  romeo.quiet();
  for (const device of [phone, desk]) {
    device.never("<message/>");
    await device.send(INACTIVE);
    await rooms.send(
      `<message from='hall@rooms.test/x' to='juliet@a.test/${device.jid!.resource}' type='groupchat'>
      <body>not about you</body></message>`,
    );
    device.expect("<message type='groupchat'><body>not about you</body></message>");
  }
});

Deno.test("client state: what is switched off holds nothing back", async () => {
  const { s, juliet, far } = await inactive();
  await using _ = s;
  await far.send(from("romeo@far.test/pda", "presence", ""));
  await s.reload({ plugins: PLUGINS.filter((plugin) => plugin !== clientState) });
  juliet.expectNext("<presence from='romeo@far.test/pda'/>");
  await far.send(from("nurse@far.test/pda", "presence", ""));
  juliet.expectNext("<presence from='nurse@far.test/pda'/>");
});

Deno.test("XEP-0386 §3.1: a session begins inactive, and with copies", async () => {
  await using s = await server();
  const far = s.remote("far.test");
  const { client: phone, offered } = await opened(s);
  const features = offered.child("inline")!.child("bind", "urn:xmpp:bind:0")!.child("inline")!.elements();
  const names = features.map((feature) => feature.attr("var"));
  assert.ok(names.includes("urn:xmpp:csi:0") && names.includes("urn:xmpp:carbons:2"));
  const beside = bind("phone", `${INACTIVE}<enable xmlns='urn:xmpp:carbons:2'/>`);
  await phone.send(plain("juliet", PASSWORD, { beside }));
  success(phone);
  phone.clear();
  const [desk] = await s.online("juliet/desk");
  await phone.send("<presence/>");
  phone.clear();
  await far.send("<presence from='romeo@far.test/pda' to='juliet@a.test'/>");
  phone.quiet();
  await desk.send("<message to='romeo@far.test' type='chat'><body>x</body></message>");
  phone.expect("<presence from='romeo@far.test/pda'/>");
  phone.expect("<message><sent xmlns='urn:xmpp:carbons:2'/></message>");
});
