/** XEP-0133 §4.23 to §4.26: announcements and the message of the day, with its own examples. */
import assert from "node:assert/strict";
import { type AnyPlugin } from "#plugin";
import { PASSWORD, type TestClient, type TestServer, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { announce } from "../../plugins/admin/announce.ts";
import { motd } from "../../plugins/admin/motd.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { CommandClient, noteOf, valuesOf } from "./command_client.ts";

const ADMIN = "http://jabber.org/protocol/admin";
const PLUGINS: readonly AnyPlugin[] = [
  internal,
  roster,
  presence,
  message,
  offline,
  adhoc,
  announce as AnyPlugin,
  motd as AnyPlugin,
];
const HOST = { host: { "shakespeare.lit": { admins: ["bard@shakespeare.lit"] } } };
const LINES = [
  "Attention! This service will be going down for",
  "maintenance in 2 minutes. Please log off now!",
  "We apologize for the inconvenience.",
];
const DAY = ["Don't forget: the grand re-opening of the", "Globe Theatre will occur tomorrow night."];

async function begin(motd: Record<string, unknown> = {}): Promise<[TestServer, CommandClient, TestClient]> {
  const server = await testServer({
    host: "shakespeare.lit",
    plugins: PLUGINS,
    config: { ...HOST, defaults: { motd } },
  });
  const bard = await server.client("bard/globe");
  return [server, new CommandClient(bard, "shakespeare.lit"), bard];
}

/** The headlines that have come, oldest first. */
function headlines(client: TestClient): string[] {
  const found = client.inbox.filter((it) => it.name === "message" && it.attr("type") === "headline");
  client.clear();
  return found.map((it) => {
    assert.equal(it.attr("from"), "shakespeare.lit");
    return it.childText("body")!;
  });
}

Deno.test("XEP-0133 §4.23: an announcement to everybody who is online", async () => {
  const [server, admin, bard] = await begin();
  await using _ = server;
  const [balcony, chamber] = await server.online("juliet/balcony", "juliet/chamber");
  await server.host.accounts.create("romeo", PASSWORD);
  await bard.send(`<iq id='announce-1' to='shakespeare.lit' type='set' xml:lang='en'>
    <command xmlns='http://jabber.org/protocol/commands' action='execute' node='${ADMIN}#announce'/></iq>`);
  bard.expect(
    `<iq id='announce-1' type='result'><command xmlns='http://jabber.org/protocol/commands' status='executing'>
    <x xmlns='jabber:x:data' type='form'><title>Making an Announcement</title>
      <field type='hidden' var='FORM_TYPE'><value>${ADMIN}</value></field>
      <field label='Announcement' type='text-multi' var='announcement'><required/></field></x></command></iq>`,
  );
  const done = await admin.execute(`${ADMIN}#announce`, { subject: "Maintenance", announcement: LINES });
  assert.equal(noteOf(done), "The announcement was sent to 2 accounts.");
  for (const client of [balcony!, chamber!]) {
    const headline = client.expect(
      "<message type='headline' from='shakespeare.lit' to='juliet@shakespeare.lit'><subject>Maintenance</subject></message>",
    );
    assert.equal(headline.childText("body"), LINES.join("\n"));
    client.quiet();
  }
  const [romeo] = await server.online("romeo/orchard");
  romeo!.quiet();
  assert.match(await admin.failure(`${ADMIN}#announce`, { announcement: "" }), /bad-payload: Announcement/);
});

Deno.test("announce: to all accounts, those who are away get it when they come", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const [juliet] = await server.online("juliet/balcony");
  for (const local of ["romeo", "tybalt", "paris"]) {
    await server.host.accounts.create(local, PASSWORD);
  }
  server.host.accounts.setDisabled("paris", true);
  const done = await admin.execute(`${ADMIN}#announce-all`, { announcement: LINES });
  assert.equal(noteOf(done), "The announcement was sent to 4 accounts.");
  assert.deepEqual(headlines(juliet!), [LINES.join("\n")]);
  const romeo = await server.client("romeo/orchard");
  await romeo.send("<presence/>");
  const kept = romeo.expect(
    "<message from='shakespeare.lit'><body>*</body><delay xmlns='urn:xmpp:delay'/></message>",
  );
  assert.equal(kept.childText("body"), LINES.join("\n"));
  server.host.accounts.setDisabled("paris", false);
  const paris = await server.client("paris/x");
  await paris.send("<presence/>");
  paris.never("<message/>");
});

Deno.test("announce: to all accounts, it waits where no device takes it now (RFC 6121 §8.5.2.1.1)", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const [balcony, chamber, romeo] = await server.online("juliet/balcony", "juliet/chamber", "romeo/orchard");
  for (const client of [chamber!, romeo!]) await client.send("<presence><priority>-1</priority></presence>");
  for (const client of [balcony!, chamber!, romeo!]) client.clear();
  await admin.execute(`${ADMIN}#announce-all`, { announcement: "hear" });
  assert.deepEqual(headlines(balcony!), ["hear"]);
  for (const client of [chamber!, romeo!]) client.quiet();
  await romeo!.send("<presence/>");
  romeo!.expect("<message><body>hear</body><delay xmlns='urn:xmpp:delay'/></message>");
});

Deno.test("announce: a thousand accounts", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const { accounts } = server.host;
  accounts.list = function* () {
    for (let i = 0; i < 1000; i++) yield `user${i}`;
  };
  const done = await admin.execute(`${ADMIN}#announce-all`, { announcement: "hello" });
  assert.equal(noteOf(done), "The announcement was sent to 1000 accounts.");
});

Deno.test("motd: each session hears it once, when it first comes online", async () => {
  const [server] = await begin({ text: "Welcome to the Globe" });
  await using _ = server;
  const juliet = await server.client("juliet/balcony");
  juliet.quiet();
  await juliet.send("<presence/>");
  assert.deepEqual(headlines(juliet), ["Welcome to the Globe"]);
  await juliet.send("<presence><show>away</show></presence>");
  await juliet.send("<presence type='unavailable'/>");
  await juliet.send("<presence/>");
  assert.deepEqual(headlines(juliet), []);
  const chamber = await server.client("juliet/chamber");
  await chamber.send("<presence><priority>-1</priority></presence>");
  assert.deepEqual(headlines(chamber), ["Welcome to the Globe"]);
});

Deno.test("motd: in somebody's name, and to each account once", async () => {
  const [server] = await begin({ text: "Welcome", from: "bard@shakespeare.lit", once: true });
  await using _ = server;
  const juliet = await server.client("juliet/balcony");
  await juliet.send("<presence/>");
  juliet.expect("<message type='headline' from='bard@shakespeare.lit'><body>Welcome</body></message>");
  const chamber = await server.client("juliet/chamber");
  await chamber.send("<presence/>");
  chamber.never("<message/>");
  // Another text is another message.
  await server.reload({ config: { ...HOST, defaults: { motd: { text: "Welcome back", once: true } } } });
  const phone = await server.client("juliet/phone");
  await phone.send("<presence/>");
  phone.expect("<message type='headline' from='shakespeare.lit'><body>Welcome back</body></message>");
});

Deno.test("XEP-0133 §4.24 to §4.26: the message of the day set, edited and deleted", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const [juliet] = await server.online("juliet/balcony");
  const done = await admin.execute(`${ADMIN}#set-motd`, { motd: DAY });
  assert.equal(noteOf(done), "It was sent to 1 account.");
  assert.deepEqual(headlines(juliet!), [DAY.join("\n")]);
  const romeo = await server.client("romeo/orchard");
  await romeo.send("<presence/>");
  assert.deepEqual(headlines(romeo), [DAY.join("\n")]);

  const form = await admin.start(`${ADMIN}#edit-motd`);
  assert.deepEqual(valuesOf(form, "motd"), DAY);
  await admin.go(form, "complete", { motd: ["The Globe is closed."] });
  assert.deepEqual(headlines(romeo), []);
  const tybalt = await server.client("tybalt/street");
  await tybalt.send("<presence/>");
  assert.deepEqual(headlines(tybalt), ["The Globe is closed."]);

  assert.equal((await admin.start(`${ADMIN}#delete-motd`)).attr("status"), "completed");
  assert.equal(noteOf(await admin.start(`${ADMIN}#delete-motd`)), "There was no message of the day.");
  const paris = await server.client("paris/x");
  await paris.send("<presence/>");
  assert.deepEqual(headlines(paris), []);
});

Deno.test("XEP-0133 §4.24: a device that does not get the message of the day when it is set gets it later", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const [balcony, chamber] = await server.online("juliet/balcony", "juliet/chamber");
  await chamber!.send("<presence><priority>-1</priority></presence>");
  for (const client of [balcony!, chamber!]) client.clear();
  await admin.execute(`${ADMIN}#set-motd`, { motd: "hear" });
  assert.deepEqual(headlines(balcony!), ["hear"]);
  chamber!.quiet();
  for (const client of [balcony!, chamber!]) await client.send("<presence><show>away</show></presence>");
  assert.deepEqual(headlines(chamber!), ["hear"]);
  assert.deepEqual(headlines(balcony!), []);
});

Deno.test("motd: what an administrator sets holds over a restart, until the configuration says something new", async () => {
  const folder = await Deno.makeTempDir();
  const start = (text: string) =>
    testServer({
      host: "shakespeare.lit",
      plugins: PLUGINS,
      data: `${folder}/data.sqlite`,
      config: { ...HOST, defaults: { motd: { text } } },
    });
  const greeting = async (server: TestServer) => {
    const juliet = await server.client("juliet/balcony");
    await juliet.send("<presence/>");
    return headlines(juliet);
  };
  try {
    {
      await using server = await start("from the file");
      const admin = new CommandClient(await server.client("bard/globe"), "shakespeare.lit");
      await admin.execute(`${ADMIN}#set-motd`, { motd: "from the bard" });
    }
    {
      await using server = await start("from the file");
      assert.deepEqual(await greeting(server), ["from the bard"]);
      const admin = new CommandClient(await server.client("bard/globe"), "shakespeare.lit");
      await admin.start(`${ADMIN}#delete-motd`);
    }
    {
      await using server = await start("from the file");
      assert.deepEqual(await greeting(server), []);
    }
    await using server = await start("from another file");
    assert.deepEqual(await greeting(server), ["from another file"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
