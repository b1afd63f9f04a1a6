/** What clients on iOS add to XEP-0357: xeps.tigase.net/docs/push-notifications. */
import assert from "node:assert/strict";
import { decodeBase64, decodeUtf8, type Element, encodeBase64 } from "#plugin";
import { testServer } from "#testing";
import { away, enable, NODE, PLUGINS, PushService, say } from "./push_service.ts";

Deno.test("tigase:push: encrypted for the device alone, with the priority", async () => {
  const key = crypto.getRandomValues(new Uint8Array(16));
  const extra = `<encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm' max-size='400'>${
    encodeBase64(key)
  }</encrypt>
    <priority xmlns='tigase:push:priority:0'/><jingle xmlns='tigase:push:jingle:0'/>`;
  await using setting = await away(extra);
  const { s, service, romeo } = setting;
  const read = async (notification: Element) => {
    assert.deepEqual(notification.elements().map(({ name }) => name), ["encrypted", "priority"]);
    assert.equal(notification.childText("priority", "tigase:push:priority:0"), "high");
    const sealed = notification.child("encrypted", "tigase:push:encrypt:0")!;
    assert.ok(sealed.text.length <= 400);
    const secret = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    const iv = new Uint8Array(decodeBase64(sealed.attr("iv")!)!);
    const data = new Uint8Array(decodeBase64(sealed.text)!);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, secret, data);
    return { type: sealed.attr("type"), payload: JSON.parse(decodeUtf8(new Uint8Array(plain))!) };
  };
  await say(romeo, "Wherefore art thou, Romeo?");
  assert.deepEqual(await read(await service.one()), {
    type: undefined,
    payload: { unread: 1, sender: "romeo@a.test", type: "chat", message: "Wherefore art thou, Romeo?" },
  });
  await romeo.send(`<message to='juliet@a.test' type='chat'><store xmlns='urn:xmpp:hints'/>
    <propose xmlns='urn:xmpp:jingle-message:0' id='call-1'>
      <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose></message>`);
  assert.deepEqual(await read(await service.one()), {
    type: "voip",
    payload: { unread: 1, sender: "romeo@a.test/orchard", type: "call", sid: "call-1", media: ["audio"] },
  });
  await s.clock.advance("10 s");
  // Cut to what the service carries, between letters.
  const long = '𝒜 "quoted" '.repeat(100);
  await say(romeo, long.replaceAll('"', "&quot;"));
  const { payload } = await read(await service.one());
  assert.equal(payload.unread, 2);
  assert.ok(payload.message.length > 50 && long.startsWith(payload.message), payload.message);
  assert.ok(payload.message.isWellFormed());
});

Deno.test("tigase:push:filter: muted senders and strangers", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  await enable(juliet, "<muted xmlns='tigase:push:filter:muted:0'><item jid='tybalt@a.test'/></muted>");
  await enable(juliet, "<ignore-unknown xmlns='tigase:push:filter:ignore-unknown:0'/>", "", "known");
  for (const name of ["tybalt", "romeo"]) {
    await juliet.send(
      `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${name}@a.test'/></query></iq>`,
    );
  }
  await juliet.close();
  const nodes: [string, string[]][] = [
    ["romeo", [NODE, "known"]],
    ["tybalt", ["known"]],
    ["stranger", [NODE]],
  ];
  for (const [name, expected] of nodes) {
    await say(await s.client(`${name}/x`), "x");
    assert.deepEqual((await service.published()).map(({ node }) => node).sort(), [...expected].sort(), name);
    await s.clock.advance("10 s");
  }
});
