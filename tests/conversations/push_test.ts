/** XEP-0357: Push Notifications, with its examples, against a push service of the test's own. */
import assert from "node:assert/strict";
import { map } from "#plugin";
import { testServer } from "#testing";
import { away, enable, NODE, PLUGINS, PUSH, PushService, say, SERVICE, summary } from "./push_service.ts";

Deno.test("XEP-0357 §4.1: an account announces it, with what clients on iOS look for", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const juliet = await s.client("juliet/phone");
  await juliet.send(`<iq to='juliet@a.test' id='x13' type='get'>
    <query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  juliet.expect(`<iq id='x13' type='result'><query xmlns='http://jabber.org/protocol/disco#info'>
    <feature var='urn:xmpp:push:0'/><feature var='tigase:push:encrypt:0'/>
    <feature var='tigase:push:encrypt:aes-128-gcm'/><feature var='tigase:push:priority:0'/>
    <feature var='tigase:push:jingle:0'/></query></iq>`);
});

Deno.test("XEP-0357 §7: the first message is told at once: how many, from whom, and not what", async () => {
  await using setting = await away();
  const { service, romeo } = setting;
  await say(romeo, "Wherefore art thou?");
  const notification = await service.one();
  assert.deepEqual(summary(notification), {
    "FORM_TYPE": "urn:xmpp:push:summary",
    "message-count": "1",
    "last-message-sender": "romeo@a.test/orchard",
  });
  assert.ok(!notification.toString().includes("Wherefore"));
});

Deno.test("XEP-0357 §5, §7: publish options come back with everything", async () => {
  await using setting = await away(`<x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>
    <field var='secret'><value>eruio234vzxc2kla-91</value></field>
    <field var='more'><value>1</value><value>2</value></field></x>`);
  await say(setting.romeo, "x");
  const [published] = await setting.service.published();
  const options = published!.pubsub.child("publish-options")!.child("x", "jabber:x:data")!;
  assert.equal(options.attr("type"), "submit");
  const fields = options.elements().map((
    field,
  ) => [field.attr("var"), field.elements().map((value) => value.text)]);
  assert.deepEqual(fields, [
    ["FORM_TYPE", ["http://jabber.org/protocol/pubsub#publish-options"]],
    ["secret", ["eruio234vzxc2kla-91"]],
    ["more", ["1", "2"]],
  ]);
  assert.equal(published!.node, NODE);
});

Deno.test("XEP-0357 §6 (BUG-12): after disable nothing is published", async () => {
  const forms: [string, string[]][] = [
    [`jid='${SERVICE}'`, []],
    [`jid='${SERVICE}' node='${NODE}'`, ["second"]],
    [`jid='${SERVICE}' node='another'`, [NODE, "second"]],
    ["jid='other.example'", [NODE, "second"]],
  ];
  for (const [attrs, left] of forms) {
    await using s = await testServer({ plugins: PLUGINS });
    const service = new PushService(s);
    const juliet = await s.client("juliet/phone");
    await enable(juliet);
    await enable(juliet, "", "", "second");
    await juliet.send(`<iq type='set' id='x97'><disable xmlns='${PUSH}' ${attrs}/></iq>`);
    juliet.expectNext("<iq type='result' id='x97' from='juliet@a.test'/>");
    await juliet.close();
    await say(await s.client("romeo/orchard"), "x");
    assert.deepEqual((await service.published()).map(({ node }) => node).sort(), [...left].sort());
  }
});

Deno.test("XEP-0357 §5: what is wrong is refused, and what was enabled is replaced", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  const form = (content: string, type = "submit") => `<x xmlns='jabber:x:data' type='${type}'>${content}</x>`;
  const wrong: [string, string][] = [
    ["<enable xmlns='urn:xmpp:push:0' node='n'/>", "bad-request"],
    ["<enable xmlns='urn:xmpp:push:0' jid='@' node='n'/>", "bad-request"],
    ["<disable xmlns='urn:xmpp:push:0' node='n'/>", "bad-request"],
    [`<enable xmlns='urn:xmpp:push:0' jid='p.test'>${form("", "result")}</enable>`, "bad-request"],
    [
      `<enable xmlns='urn:xmpp:push:0' jid='p.test'>${
        form("<field var='FORM_TYPE'><value>urn:example:other</value></field>")
      }</enable>`,
      "bad-request",
    ],
    [
      "<enable xmlns='urn:xmpp:push:0' jid='p.test'><encrypt xmlns='tigase:push:encrypt:0' alg='rot13'>x</encrypt></enable>",
      "feature-not-implemented",
    ],
    [
      "<enable xmlns='urn:xmpp:push:0' jid='p.test'><encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm'>eA==</encrypt></enable>",
      "bad-request",
    ],
    [`<enable xmlns='urn:xmpp:push:0' jid='p.test' node='${"x".repeat(2000)}'/>`, "bad-request"],
  ];
  for (const [payload, condition] of wrong) {
    await juliet.send(`<iq type='set' id='w'>${payload}</iq>`);
    juliet.expectNext(`<iq type='error' id='w'><error type='*'>
      <${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  }
  await enable(juliet, "<priority xmlns='tigase:push:priority:0'/>");
  await enable(juliet);
  await juliet.close();
  await say(await s.client("romeo/orchard"), "x");
  assert.equal((await service.one()).has("priority", "tigase:push:priority:0"), false);
});

Deno.test("push: nobody enables it for somebody else", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const [romeo] = await s.clients("romeo/orchard", "juliet/phone");
  await romeo.send(`<iq type='set' id='1' to='juliet@a.test'>
    <enable xmlns='${PUSH}' jid='${SERVICE}' node='spy'/></iq>`);
  romeo.expectNext("<iq type='error' id='1'/>");
});

Deno.test("push: what matters wakes, what does not lets sleep", async () => {
  await using setting = await away("", "", { config: { defaults: { push: { interval: "1 s" } } } });
  const { s, service, romeo } = setting;
  const invite = "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='juliet@a.test'/></x>";
  const cases: [string, string, boolean][] = [
    ["chat", "<body>x</body>", true],
    ["normal", "<body>x</body>", true],
    ["chat", "<encrypted xmlns='eu.siacs.conversations.axolotl'><payload>x</payload></encrypted>", true],
    ["chat", "<encrypted xmlns='urn:xmpp:omemo:2'><payload>x</payload></encrypted>", true],
    ["chat", "<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>", true],
    ["chat", "<propose xmlns='urn:xmpp:jingle-message:0' id='c1'/><store xmlns='urn:xmpp:hints'/>", true],
    ["normal", invite, true],
    ["normal", "<x xmlns='jabber:x:conference' jid='hall@rooms.test'/>", true],
    // Keys without words.
    ["chat", "<encrypted xmlns='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>", false],
    ["chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", false],
    ["chat", "<received xmlns='urn:xmpp:receipts' id='1'/><store xmlns='urn:xmpp:hints'/>", false],
    ["chat", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/><store xmlns='urn:xmpp:hints'/>", false],
    ["chat", "<reactions xmlns='urn:xmpp:reactions:0' id='1'/><store xmlns='urn:xmpp:hints'/>", false],
    ["chat", "<retract xmlns='urn:xmpp:jingle-message:0' id='c1'/><store xmlns='urn:xmpp:hints'/>", false],
    ["headline", "<body>x</body>", false],
    // Nobody keeps it: waking would show nothing.
    ["chat", "<body>x</body><no-store xmlns='urn:xmpp:hints'/>", false],
  ];
  for (const [type, content, wakes] of cases) {
    await romeo.send(`<message to='juliet@a.test' type='${type}'>${content}</message>`);
    assert.equal(await service.count(), wakes ? 1 : 0, content);
    await s.clock.advance("5 s");
    assert.equal(await service.count(), 0, `${content}, later`);
  }
  // What she writes to herself from elsewhere is not news.
  const desk = await s.client("juliet/desk");
  await desk.send("<message to='juliet@a.test' type='chat'><body>note</body></message>");
  assert.equal(await service.count(), 0);
});

Deno.test("push: who is there is not woken", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const [juliet, romeo] = await s.online("juliet/phone", "romeo/orchard");
  await enable(juliet);
  await say(romeo, "x");
  juliet.expect("<message><body>x</body></message>");
  await juliet.send("<inactive xmlns='urn:xmpp:csi:0'/>");
  await say(romeo, "y");
  assert.equal(await service.count(), 0);
});

Deno.test("push: what follows at once is told together, and a call at once", async () => {
  await using setting = await away("<jingle xmlns='tigase:push:jingle:0'/>");
  const { s, service, romeo } = setting;
  for (let i = 1; i <= 50; i++) await say(romeo, `message ${i}`);
  assert.equal(summary(await service.one())["message-count"], "1");
  await romeo.send(`<message to='juliet@a.test' type='chat'><store xmlns='urn:xmpp:hints'/>
    <propose xmlns='urn:xmpp:jingle-message:0' id='call-1'>
      <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>
      <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'/></propose></message>`);
  const call = (await service.one()).child("jingle", "tigase:push:jingle:0")!;
  assert.deepEqual([call.attr("action"), call.attr("sid")], ["propose", "call-1"]);
  assert.deepEqual(call.elements().map((media) => media.text), ["audio", "video"]);
  await s.clock.advance("10 s");
  assert.equal(summary(await service.one())["message-count"], "50");
  await s.clock.advance("1 min");
  assert.equal(await service.count(), 0);
  // Whoever calls again and again is told of once more, at the end; words do not take the call's place.
  for (let i = 2; i <= 20; i++) {
    await romeo.send(`<message to='juliet@a.test' type='chat'><store xmlns='urn:xmpp:hints'/>
      <propose xmlns='urn:xmpp:jingle-message:0' id='call-${i}'/></message>`);
  }
  await say(romeo, "where are you");
  const sid = async () => (await service.one()).child("jingle", "tigase:push:jingle:0")?.attr("sid");
  assert.equal(await sid(), "call-2");
  await s.clock.advance("10 s");
  assert.equal(await sid(), "call-20");
  await s.clock.advance("1 min");
  assert.equal(await service.count(), 0);
});

Deno.test("push: the count begins anew when the account was there", async () => {
  await using setting = await away();
  const { s, service, romeo } = setting;
  await say(romeo, "1");
  await s.clock.advance("10 s");
  await say(romeo, "2");
  assert.equal((await service.published()).length, 2);
  const juliet = await s.client("juliet/phone");
  await juliet.send("<presence/>");
  await juliet.close();
  await s.clock.advance("10 s");
  await say(romeo, "3");
  assert.equal(summary(await service.one())["message-count"], "1");
});

Deno.test("push: the count goes on after a restart, until the device was there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = `${folder}/data.sqlite`;
    const run = async (visit: boolean) => {
      await using s = await testServer({ plugins: PLUGINS, data });
      const service = new PushService(s);
      const juliet = await s.client("juliet/phone");
      if (visit) {
        await enable(juliet);
        await juliet.send("<presence/>");
      }
      await juliet.close();
      const romeo = await s.client("romeo/orchard");
      await say(romeo, "1");
      await s.clock.advance("10 s");
      await say(romeo, "2");
      return (await service.published()).map(({ notification }) => summary(notification)["message-count"]);
    };
    assert.deepEqual(await run(true), ["1", "2"]);
    assert.deepEqual(await run(false), ["3", "4"]);
    assert.deepEqual(await run(true), ["1", "2"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0357 §7.1: an error ends it, unless trying again may help", async () => {
  const condition = (type: string, name: string) =>
    `<error type='${type}'><${name} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
  const cases: [string, boolean][] = [
    [condition("cancel", "item-not-found"), false],
    [condition("auth", "forbidden"), false],
    [condition("cancel", "service-unavailable"), false],
    [condition("wait", "service-unavailable"), true],
    [condition("wait", "resource-constraint"), true],
    [condition("wait", "internal-server-error"), true],
    [condition("cancel", "remote-server-not-found"), true],
  ];
  for (const [error, stays] of cases) {
    await using setting = await away();
    const { s, service, romeo } = setting;
    service.answer = error;
    await say(romeo, "1");
    assert.equal(await service.count(), 1);
    await s.clock.advance("10 s");
    await say(romeo, "2");
    assert.equal(await service.count(), stays ? 1 : 0, error);
  }
});

Deno.test("XEP-0357 §7.1: an error ends it for that JID and node, also where that is none", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  await juliet.send(`<iq type='set' id='x'><enable xmlns='${PUSH}' jid='${SERVICE}'/></iq>`);
  juliet.expect("<iq type='result' id='x'/>");
  await enable(juliet);
  await juliet.close();
  const gone = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
  service.answer = (node) => node === undefined ? gone : "result";
  const romeo = await s.client("romeo/orchard");
  await say(romeo, "1");
  assert.deepEqual((await service.published()).map(({ node }) => node), [undefined, NODE]);
  await s.clock.advance("10 s");
  await say(romeo, "2");
  assert.deepEqual((await service.published()).map(({ node }) => node), [NODE]);
});

Deno.test("push: a service that fails again and again is given up; one that says nothing, too", async () => {
  await using setting = await away("", "", { config: { defaults: { push: { timeout: "5 s" } } } });
  const { s, service, romeo } = setting;
  let told = 0;
  for (let i = 0; i < 15; i++) {
    await say(romeo, "x");
    await s.clock.advance("10 s");
    told++;
  }
  assert.equal(told, 15);
  assert.equal((await service.published()).length, 10);
});

Deno.test("XEP-0357 §8: a service says that it takes no more", async () => {
  await using setting = await away();
  const { s, service, romeo } = setting;
  const news = (from: string) =>
    `<message from='${from}' to='juliet@a.test'><pubsub xmlns='http://jabber.org/protocol/pubsub' node='${NODE}'>
     <affiliation jid='juliet@a.test' affiliation='none'/></pubsub></message>`;
  await s.remote("evil.example").send(news("evil.example"));
  await say(romeo, "1");
  assert.equal(await service.count(), 1);
  await service.send(news(SERVICE));
  await s.clock.advance("10 s");
  await say(romeo, "2");
  assert.equal(await service.count(), 0);
});

Deno.test("push: requests of people, and how many of them wait", async () => {
  await using setting = await away();
  const { s, service, romeo } = setting;
  await romeo.send("<presence to='juliet@a.test' type='subscribe'/>");
  assert.deepEqual(summary(await service.one()), {
    "FORM_TYPE": "urn:xmpp:push:summary",
    "pending-subscription-count": "1",
    "last-message-sender": "romeo@a.test",
  });
  await s.clock.advance("10 s");
  await say(romeo, "x");
  const both = summary(await service.one());
  assert.equal(both["message-count"], "1");
  assert.equal(both["pending-subscription-count"], "1");
});

Deno.test("push: a host may tell services more, or less", async () => {
  const told = async (options: Record<string, unknown>, more = "") => {
    await using setting = await away("", "", { config: { defaults: { push: options } } });
    await say(setting.romeo, "Wherefore", more);
    return summary(await setting.service.one());
  };
  assert.equal((await told({ body: "always" }))["last-message-body"], "Wherefore");
  assert.equal((await told({ body: "placeholder" }))["last-message-body"], "New message");
  assert.equal((await told({ sender: false }))["last-message-sender"], undefined);
  // What stands beside encrypted words is no message.
  const sealed = "<encrypted xmlns='urn:xmpp:omemo:2'><payload>x</payload></encrypted>";
  assert.equal((await told({ body: "always" }, sealed))["last-message-body"], undefined);
});

Deno.test("push: people choose whether services learn the last sender", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  await enable(juliet);
  const romeo = await s.client("romeo/orchard");
  const commandNs = "http://jabber.org/protocol/commands";
  for (const shown of [undefined, "romeo@a.test/orchard"]) {
    await juliet.send(`<iq type='set' id='c' to='a.test'>
      <command xmlns='${commandNs}' node='change_push_last_sender' action='execute'/></iq>`);
    juliet.expect(`<iq type='result' id='c'><command xmlns='${commandNs}' status='completed'/></iq>`);
    await say(romeo, "x");
    assert.equal(summary(await service.one())["last-message-sender"], shown);
    await s.clock.advance("10 s");
  }
});

Deno.test("push: of too many devices the oldest goes", async () => {
  await using s = await testServer({ plugins: PLUGINS, config: { defaults: { push: { devices: 2 } } } });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  for (const node of ["1", "2", "3"]) {
    await enable(juliet, "", "", node);
    await s.clock.advance("1 s");
  }
  await juliet.close();
  await say(await s.client("romeo/orchard"), "x");
  assert.deepEqual((await service.published()).map(({ node }) => node).sort(), ["2", "3"]);
});

Deno.test("push: of a device that had to go nothing is kept", async () => {
  await using s = await testServer({ plugins: PLUGINS, config: { defaults: { push: { devices: 1 } } } });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  const romeo = await s.client("romeo/orchard");
  const counts = s.server.storage.open(map<number>("push.unread"), "a.test");
  for (const node of ["1", "2", "3"]) {
    await enable(juliet, "", "", node);
    await say(romeo, "x");
    assert.equal(summary(await service.one())["message-count"], "1");
    assert.deepEqual(counts.entries("juliet"), [[`${SERVICE}\n${node}`, 1]]);
  }
  // Enabled anew, it begins anew.
  await enable(juliet, "", "", "1");
  await s.clock.advance("10 s");
  await say(romeo, "x");
  assert.equal(summary(await service.one())["message-count"], "1");
});

Deno.test("push: what waits to be told together is told in spite of a reload", async () => {
  const options = (interval: string) => ({ config: { defaults: { push: { interval } } } });
  await using setting = await away("", "", options("3 s"));
  const { s, romeo } = setting;
  await say(romeo, "1");
  assert.equal(summary(await setting.service.one())["message-count"], "1");
  await say(romeo, "2");
  // Twice: whoever took over hands on, too.
  await s.reload(options("4 s"));
  await s.reload(options("3 s"));
  const service = new PushService(s);
  await say(romeo, "3");
  assert.equal(await service.count(), 0);
  await s.clock.advance("10 s");
  assert.equal(summary(await service.one())["message-count"], "3");
  await say(romeo, "4");
  assert.equal(summary(await service.one())["message-count"], "4");
});

Deno.test("push: what was enabled is there after a restart", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = `${folder}/data.sqlite`;
    {
      await using s = await testServer({ plugins: PLUGINS, data });
      await enable(await s.client("juliet/phone"));
    }
    await using s = await testServer({ plugins: PLUGINS, data });
    const service = new PushService(s);
    await say(await s.client("romeo/orchard"), "x");
    assert.equal(await service.count(), 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
