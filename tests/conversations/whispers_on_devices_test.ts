/**
 * Whispers in rooms (XEP-0045 §7.5) go to each device that is there under the name: they are one message in the archive
 * (XEP-0313), and come once to the device that takes over when both are lost (XEP-0198).
 */
import { deepEqual, equal } from "node:assert/strict";
import { type AnyPlugin, arriving, definePlugin, el, none } from "#plugin";
import { type RemotePeer, type TestClient, type TestServer, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { atStake } from "../../plugins/stream/api.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { ask, kept, query, SID } from "./archive_client.ts";
import { type Coven, coven, enter, error, quietly, ROOM, USER } from "./muc_world.ts";
import { enable, NS } from "./stream_management_client.ts";

/** The second witch is there with two devices. */
async function twice(
  plugins: readonly AnyPlugin[],
  prepare?: (client: TestClient) => Promise<unknown>,
): Promise<[Coven, TestClient]> {
  const c = await coven({ plugins });
  await prepare?.(c.wicca);
  const phone = await c.server.client("wiccarocks/phone");
  await prepare?.(phone);
  await phone.send("<presence/>");
  await enter(phone, "secondwitch");
  for (const client of [c.crone, c.wicca, phone]) client.clear();
  return [c, phone];
}

const whisper = (words: string) =>
  `<message to='${ROOM}/secondwitch' type='chat' id='w'><body>${words}</body><x xmlns='${USER}'/></message>`;

Deno.test("XEP-0313: a whisper to two devices is in the archive once, under the name that both were told", async () => {
  const [c, phone] = await twice([archive, carbons]);
  await using _ = c;
  for (const words of ["psst", "psst", "again"]) await c.crone.send(whisper(words));
  const names = [c.wicca, phone].map((client) =>
    client.inbox.filter(({ name }) => name === "message").map((it) => it.child("stanza-id", SID)!.attr("id"))
  );
  deepEqual(names[0], names[1]);
  equal(new Set(names[0]).size, 3);
  phone.clear();
  const { ids, bodies } = await ask(phone, query("q"));
  deepEqual(ids, names[0]);
  deepEqual(bodies, ["psst", "psst", "again"]);
});

Deno.test("XEP-0313: the same where another plugin adds something after the archive has named it", async () => {
  const adding = definePlugin({
    name: "adding",
    doc: "Adds something.",
    xeps: [],
    config: none,
    after: ["archive"],
    setup(host) {
      host.at(arriving).amend(
        { kind: "message", to: "resource" },
        ({ stanza }) => stanza.containing(stanza.source.plus(el("seen", "urn:seen"))),
      );
    },
  });
  const [c, phone] = await twice([archive, carbons, adding]);
  await using _ = c;
  for (const words of ["1", "2"]) await c.crone.send(whisper(words));
  phone.clear();
  deepEqual((await ask(phone, query("q"))).bodies, ["1", "2"]);
});

/** How often a client has heard it. */
const heard = (client: TestClient): number =>
  client.inbox.filter((it) => it.name === "message" && it.childText("body") === "psst").length;

for (const kept of [[], [archive]]) {
  const where = kept.length > 0 ? "with an archive" : "without an archive";

  Deno.test(`XEP-0198: a whisper that neither of two devices acknowledged comes once to the third, ${where}`, async () => {
    const [c, phone] = await twice([offline, carbons, ...kept, streamManagement], enable);
    await using _ = c;
    await c.wicca.cut();
    await phone.cut();
    await c.crone.send(whisper("psst"));
    await c.server.clock.advance("11 min");
    await c.server.clock.advance("11 min");
    const third = await c.server.client("wiccarocks/third");
    await third.send("<presence/>");
    equal(heard(third), 1);
  });

  for (const says of ["nothing", "that it has got it"]) {
    Deno.test(`XEP-0198: a whisper does not come again to a device that says ${says} when the other is given up, ${where}`, async () => {
      const [c, phone] = await twice([offline, carbons, ...kept, streamManagement]);
      await using _ = c;
      await enable(c.wicca, NS, "3");
      await enable(phone);
      await c.wicca.cut();
      await c.crone.send(whisper("psst"));
      equal(heard(phone), 1);
      if (says !== "nothing") await phone.send(`<a xmlns='${NS}' h='1'/>`);
      await c.server.clock.advance("4500 ms");
      equal(phone.closed, false);
      equal(heard(phone), 1);
    });
  }
}

Deno.test("XEP-0198: what another device had is in storage when that is gone in order and this one breaks", async () => {
  const lies: string[] = [];
  const vault = definePlugin({
    name: "vault",
    doc: "Keeps what is at stake.",
    xeps: [],
    config: none,
    setup(host) {
      host.on(atStake, ({ stanza, deposited }) => {
        const body = stanza.source.childText("body")!;
        lies.push(body);
        deposited({ remove: () => void lies.splice(lies.indexOf(body), 1) });
      });
    },
  });
  const [c, phone] = await twice([carbons, streamManagement, vault], (it) => enable(it, NS, "3"));
  await using _ = c;
  await c.wicca.cut();
  await c.crone.send(whisper("psst"));
  deepEqual(lies, ["psst"]);
  await c.server.clock.advance("4500 ms");
  deepEqual(lies, []);
  await phone.cut();
  await c.server.settle();
  deepEqual(lies, ["psst"]);
});

for (
  const inner of [
    "<body>psst</body>",
    "<received xmlns='urn:xmpp:receipts' id='1'/>",
    "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
  ]
) {
  Deno.test(`XEP-0280 §6.1, XEP-0198 §4: a whisper does not come again to a device that acknowledges nothing: ${inner}`, async () => {
    const [c, phone] = await twice([offline, carbons, archive, streamManagement]);
    await using _ = c;
    await enable(phone);
    await phone.cut();
    await c.crone.send(`<message to='${ROOM}/secondwitch' type='chat' id='w'>${inner}</message>`);
    c.wicca.expect(`<message id='w'>${inner}</message>`);
    await c.server.clock.advance("11 min");
    c.wicca.never("<message/>");
  });
}

/** A server with rooms elsewhere, and Alice's desk; her phone has lost its connection. */
async function elsewhere(...more: AnyPlugin[]): Promise<[TestServer, RemotePeer, desk: TestClient]> {
  const s = await testServer({
    plugins: [...more, roster, presence, message, offline, carbons, streamManagement],
  });
  const [phone, desk] = await s.online("alice/phone", "alice/desk");
  await enable(phone);
  await phone.cut();
  desk.clear();
  return [s, s.remote("muc.b.test"), desk];
}

const given = (to: string, words: string, id = "w", nick = "bob") =>
  `<message from='r@muc.b.test/${nick}' to='alice@a.test/${to}' type='chat'${id && ` id='${id}'`}>` +
  `<body>${words}</body><x xmlns='${USER}'/></message>`;

Deno.test("XEP-0280 §6.1, XEP-0198 §4: what a room elsewhere gave to two devices does not come again to one of them", async () => {
  const [s, rooms, desk] = await elsewhere(archive);
  await using _ = s;
  for (const to of ["desk", "phone"]) await rooms.send(given(to, "psst"));
  equal(heard(desk), 1);
  await s.clock.advance("11 min");
  equal(heard(desk), 1);
});

Deno.test("XEP-0198 §4: what it gave to one device only comes to the other, also when it says nothing new", async () => {
  const [s, rooms, desk] = await elsewhere();
  await using _ = s;
  await rooms.send(given("desk", "psst", ""));
  await s.clock.advance("2 s");
  await rooms.send(given("phone", "psst", ""));
  equal(heard(desk), 1);
  await s.clock.advance("11 min");
  equal(heard(desk), 2);
});

Deno.test("XEP-0313: a whisper from elsewhere to two devices is in the archive once; others are others", async () => {
  const [s, rooms, desk] = await elsewhere(archive);
  await using _ = s;
  for (const to of ["desk", "phone", "desk", "phone"]) await rooms.send(given(to, "again"));
  for (const to of ["phone", "desk"]) await rooms.send(given(to, to));
  await rooms.send(given("desk", "same", "1"));
  await rooms.send(given("phone", "same", "2"));
  await rooms.send(given("desk", "same", "2", "carol"));
  deepEqual(await kept(desk), ["again", "again", "phone", "desk", "same", "same", "same"]);
});

Deno.test("XEP-0280 §6.1: an error to a whisper comes once to each device, and to nobody else", async () => {
  const [c, phone] = await twice([carbons]);
  await using _ = c;
  for (const client of [c.wicca, phone]) {
    await client.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  }
  const errors = (client: TestClient): number =>
    client.inbox.filter((it) => it.attr("type") === "error").length;
  const whispers = (to: string, id: string) =>
    c.wicca.send(`<message to='${ROOM}/${to}' type='chat' id='${id}'><body>psst</body></message>`);
  const comesBack = (id: string) =>
    c.crone.send(
      `<message to='${ROOM}/secondwitch' type='error' id='${id}'>${
        error("not-acceptable", "cancel")
      }</message>`,
    );
  await whispers("firstwitch", "1");
  await comesBack("1");
  deepEqual([c.wicca, phone].map(errors), [1, 1]);
  quietly(c.wicca, phone);
  // What the room says itself, and what comes when the device that whispered has gone, is copied as well.
  await whispers("nobody", "2");
  deepEqual([c.wicca, phone].map(errors), [1, 1]);
  phone.clear();
  await whispers("firstwitch", "3");
  await whispers("firstwitch", "4");
  await c.wicca.close();
  await comesBack("3");
  equal(errors(phone), 1);
  await phone.send(`<presence to='${ROOM}/secondwitch' type='unavailable'/>`);
  await c.hag.send(`<presence to='${ROOM}/secondwitch'/>`);
  quietly(phone, c.hag);
  await comesBack("4");
  deepEqual([phone, c.hag].map(errors), [0, 0]);
});
