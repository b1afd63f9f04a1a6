/** XEP-0424: a retracted message is replaced by a tombstone in both archives, by its sender only. */
import { equal } from "node:assert/strict";
import type { Element } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { message } from "../../plugins/im/message.ts";
import { forwarded, MAM, query, set } from "./archive_client.ts";
import { coven, ROOM } from "./muc_world.ts";

const RETRACT = "urn:xmpp:message-retract:1";
const verona = () => testServer({ host: "capulet.example", plugins: [message, archive] });

async function history(client: TestClient): Promise<Element[]> {
  client.clear();
  await client.send(query("1", {}, set("<max>250</max>")));
  return client.inbox.flatMap((element) => element.child("result", MAM) ?? []).map(forwarded);
}

const retraction = (to: string, id: string, own = "retract-message-1") =>
  `<message type='chat' to='${to}' id='${own}'><retract id='${id}' xmlns='${RETRACT}'/>
    <fallback xmlns='urn:xmpp:fallback:0' for='${RETRACT}'/>
    <body>/me retracted a previous message, but it's unsupported by your client.</body>
    <store xmlns='urn:xmpp:hints'/></message>`;

Deno.test("XEP-0424 §4: the example of the standard", async () => {
  await using s = await verona();
  const romeo = await s.client("romeo/orchard");
  const lord = await s.client("lord/chamber");
  await romeo.send(`<message type='chat' to='lord@capulet.example/chamber' id='wrong-recipient-1'>
    <body>Have not saints lips, and holy palmers too?</body></message>`);
  await s.clock.advance(64_000);
  await romeo.send(retraction("lord@capulet.example/chamber", "wrong-recipient-1"));
  for (const client of [romeo, lord]) {
    const [tombstone, kept, ...rest] = await history(client);
    equal(rest.length, 0);
    equal(tombstone!.attr("id"), "wrong-recipient-1");
    equal(tombstone!.attr("from"), "romeo@capulet.example/orchard");
    equal(tombstone!.attr("to"), "lord@capulet.example/chamber");
    equal(tombstone!.elements().length, 1);
    const retracted = tombstone!.child("retracted", RETRACT)!;
    equal(retracted.attr("id"), "retract-message-1");
    equal(retracted.attr("stamp"), "2026-01-01T12:01:04Z");
    equal(kept!.has("retract", RETRACT), true);
  }
});

Deno.test("XEP-0424 §5: only the sender, only the same conversation, from any of the sender's devices", async () => {
  await using s = await verona();
  const [romeo, phone, lord] = await s.clients("romeo/orchard", "romeo/phone", "lord/chamber");
  const remote = s.remote("b.test");
  const said = `<body>x</body></message>`;
  await romeo!.send(`<message type='chat' to='lord@capulet.example/chamber' id='m1'>${said}`);
  await remote.send(
    `<message type='chat' to='lord@capulet.example/chamber' id='m1' from='paris@b.test/x'>${said}`,
  );
  const tombstones = async () =>
    (await history(lord!)).map((it) =>
      it.has("retracted", RETRACT) ? "gone" : it.childText("body")?.slice(0, 3)
    );
  await lord!.send(retraction("romeo@capulet.example/orchard", "m1", "r0"));
  await remote.send(
    retraction("lord@capulet.example/chamber", "m2", "r1").replace("to=", "from='paris@b.test/y' to="),
  );
  equal((await tombstones()).filter((it) => it === "gone").length, 0);
  await phone!.send(retraction("lord@capulet.example/chamber", "m1", "r2"));
  equal((await tombstones()).join(), "gone,x,/me,/me,/me");
  await remote.send(
    retraction("lord@capulet.example/chamber", "m1", "r3").replace("to=", "from='paris@b.test/y' to="),
  );
  equal((await tombstones()).join(), "gone,gone,/me,/me,/me,/me");
  // Again, of what is gone, or of the retraction itself: nothing more to do.
  await phone!.send(retraction("lord@capulet.example/chamber", "m1", "m1"));
  equal((await tombstones()).join(), "gone,gone,/me,/me,/me,/me,/me");
});

Deno.test("XEP-0424: an old message is found too, without holding anybody up", async () => {
  await using s = await verona();
  const [romeo, lord] = await s.clients("romeo/orchard", "lord/chamber");
  for (let i = 0; i < 230; i++) {
    await romeo!.send(
      `<message type='chat' to='lord@capulet.example/chamber' id='m${i}'><body>${i}</body></message>`,
    );
  }
  await romeo!.send(retraction("lord@capulet.example/chamber", "m3"));
  for (let i = 0; i < 10; i++) await s.settle();
  for (const client of [romeo!, lord!]) {
    const gone = (await history(client)).filter((it) => it.has("retracted", RETRACT));
    equal(gone.map((it) => it.attr("id")).join(), "m3");
  }
});

Deno.test("XEP-0424 §5: in a room nobody retracts a private message of somebody else (XEP-0045 §7.5)", async () => {
  await using s = await verona();
  const lord = await s.client("lord/chamber");
  const room = s.remote("room.b.test");
  const by = (nick: string) => `from='verona@room.b.test/${nick}' to=`;
  const x = "<x xmlns='http://jabber.org/protocol/muc#user'/>";
  const to = "lord@capulet.example/chamber";
  await room.send(
    `<message type='chat' to='${to}' id='m1'><body>1</body>${x}</message>`.replace("to=", by("romeo")),
  );
  const gone = async () => (await history(lord)).filter((it) => it.has("retracted", RETRACT)).length;
  const retract = (nick: string, own: string, more: string) =>
    room.send(retraction(to, "m1", own).replace("to=", by(nick)).replace("<body>", `${more}<body>`));
  await retract("paris", "r1", x);
  await retract("paris", "r2", "");
  equal(await gone(), 0);
  await retract("romeo", "r3", x);
  equal(await gone(), 1);
  // Its own words the account takes back with any device.
  const pad = await s.client("lord/pad");
  const nick = "verona@room.b.test/paris";
  await lord.send(`<message type='chat' to='${nick}' id='m2'><body>2</body>${x}</message>`);
  await pad.send(retraction(nick, "m2", "r4"));
  equal(await gone(), 2);
});

Deno.test("XEP-0424 §6: who has taken over a nickname does not retract what its former owner said in private", async () => {
  await using c = await coven({ plugins: [archive] });
  const { crone, wicca, hag } = c;
  const to = `${ROOM}/firstwitch`;
  for (const id of ["w1", "w2"]) {
    await wicca.send(`<message to='${to}' type='chat' id='${id}'><body>psst</body></message>`);
  }
  const gone = async () =>
    (await history(crone)).filter((it) => it.has("retracted", RETRACT)).map((it) => it.attr("id")).join();
  await wicca.send(retraction(to, "w1", "r1"));
  equal(await gone(), "w1");
  await wicca.send(`<presence to='${ROOM}/secondwitch' type='unavailable'/>`);
  await hag.send(`<presence to='${ROOM}/secondwitch'/>`);
  await hag.send(retraction(to, "w2", "r2"));
  equal(await gone(), "w1");
});

Deno.test("XEP-0424: an id is found however it is written", async () => {
  await using s = await verona();
  const [romeo, lord] = await s.clients("romeo/orchard", "lord/chamber");
  const to = "lord@capulet.example/chamber";
  for (const id of ["a&amp;b", "&lt;&#x27;&gt;", "&#228; b", "&#x41;B"]) {
    await romeo!.send(`<message type='chat' to='${to}' id='${id}'><body>x</body></message>`);
    await romeo!.send(retraction(to, id, "own"));
  }
  equal((await history(lord!)).filter((it) => it.has("retracted", RETRACT)).length, 4);
});
