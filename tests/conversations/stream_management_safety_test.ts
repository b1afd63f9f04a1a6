/**
 * XEP-0198: nothing that was acknowledged to its sender depends on the memory of the server for long, where there is no
 * archive; and clients that count otherwise than the XEP says do no harm. A crash is the database as it lies on the disk
 * while the server runs, given to another server.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { internal } from "../../plugins/auth/internal.ts";
import { archive } from "../../plugins/archive/archive.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { ping } from "../../plugins/service/ping.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { type AnyPlugin, nextTurn } from "#plugin";
import { PASSWORD, type TestClient, type TestServer, testServer } from "#testing";

const NS = "urn:xmpp:sm:3";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const PLUGINS = [roster, presence, message, offline, ping, streamManagement];

const bodies = (client: TestClient): (string | undefined)[] =>
  client.inbox.filter((element) => element.name === "message").map((element) => element.childText("body"));

async function enable(client: TestClient): Promise<string> {
  await client.send(`<enable xmlns='${NS}' resume='true'/>`);
  return client.expect(`<enabled xmlns='${NS}' id='*'/>`).attr("id")!;
}

async function resume(server: TestServer, local: string, id: string, h: number): Promise<TestClient> {
  const client = server.connect();
  await client.open();
  await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${btoa(`\0${local}\0${PASSWORD}`)}</auth>`);
  await client.open();
  client.clear();
  await client.send(`<resume xmlns='${NS}' previd='${id}' h='${h}'/>`);
  client.expectNext(`<resumed xmlns='${NS}' previd='${id}'/>`);
  return client;
}

const say = (client: TestClient, text: string, to = "bob@a.test") =>
  client.send(`<message to='${to}' type='chat'><body>${text}</body></message>`);

/** A server whose data can be looked at as a crash would leave it. */
class Crashing implements AsyncDisposable {
  #crashes = 0;

  private constructor(readonly server: TestServer, private readonly folder: string) {}

  static async start(plugins: readonly AnyPlugin[] = PLUGINS): Promise<Crashing> {
    const folder = await Deno.makeTempDir();
    const server = await testServer({ data: `${folder}/data.sqlite`, plugins: [...plugins, internal] });
    for (const name of ["alice", "bob"]) await server.host.accounts.create(name, PASSWORD);
    return new Crashing(server, folder);
  }

  /** What a device of bob's that knows neither archives nor acknowledgements finds after a crash at this moment. */
  async afterCrash(): Promise<(string | undefined)[]> {
    const copy = `${this.folder}/crash${this.#crashes++}.sqlite`;
    for (const suffix of ["", "-wal"]) {
      await Deno.copyFile(`${this.folder}/data.sqlite${suffix}`, copy + suffix);
    }
    await using again = await testServer({ data: copy, plugins: [...PLUGINS, internal] });
    const bob = await again.client("bob/another");
    await bob.send("<presence/>");
    return bodies(bob);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("XEP-0160, XEP-0198: a message that was kept is removed when it is acknowledged, not when it is sent", async () => {
  await using crashing = await Crashing.start();
  const { server } = crashing;
  const alice = await server.client("alice/desk");
  for (const text of ["1", "2", "3"]) await say(alice, text);
  const bob = await server.client("bob/pad");
  await enable(bob);
  await bob.send("<presence/>");
  deepEqual(bodies(bob), ["1", "2", "3"]);
  deepEqual(await crashing.afterCrash(), ["1", "2", "3"]);
  await bob.send(`<a xmlns='${NS}' h='2'/>`);
  deepEqual(await crashing.afterCrash(), ["3"]);
  await bob.send(`<a xmlns='${NS}' h='3'/>`);
  deepEqual(await crashing.afterCrash(), []);
});

Deno.test("XEP-0160, XEP-0198: what is on its way to one device is not sent to another, until the first gives up", async () => {
  await using server = await testServer({ plugins: PLUGINS });
  const alice = await server.client("alice/desk");
  for (const text of ["1", "2"]) await say(alice, text);
  const pad = await server.client("bob/pad");
  await enable(pad);
  await pad.send("<presence/>");
  deepEqual(bodies(pad), ["1", "2"]);
  await pad.send(`<a xmlns='${NS}' h='1'/>`);
  await pad.cut();
  // A reload does not forget it either.
  await server.reload({ config: { defaults: { offline: { messages: 500 } } } });
  const phone = await server.client("bob/phone");
  await enable(phone);
  await phone.send("<presence/>");
  deepEqual(bodies(phone), []);
  // Its own presence, and that of the other.
  await phone.send(`<a xmlns='${NS}' h='2'/>`);
  await server.clock.advance("11 min");
  deepEqual(bodies(phone), ["2"]);
});

Deno.test("XEP-0198: what waits for a session without a stream outlives a crash, and is gone once it is acknowledged", async () => {
  await using crashing = await Crashing.start();
  const { server } = crashing;
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  const id = await enable(bob);
  await say(alice, "on its way");
  await bob.cut();
  await say(alice, "meanwhile", "bob@a.test/pad");
  await alice.send(
    "<message to='bob@a.test' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
  );
  deepEqual(await crashing.afterCrash(), ["on its way", "meanwhile"]);
  const again = await resume(server, "bob", id, 1);
  deepEqual(bodies(again), ["meanwhile", undefined]);
  deepEqual(await crashing.afterCrash(), ["meanwhile"]);
  await again.send(`<a xmlns='${NS}' h='3'/>`);
  deepEqual(await crashing.afterCrash(), []);
});

Deno.test("XEP-0198: the same of so much that it is looked at in slices, in its order, also of what comes between them", async () => {
  await using crashing = await Crashing.start();
  const { server } = crashing;
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(bob);
  const all = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(4000));
  for (const text of all) await say(alice, text);
  const meanwhile = nextTurn().then(nextTurn).then(() => say(alice, "meanwhile", "bob@a.test/pad"));
  await Promise.all([bob.cut(), meanwhile]);
  await server.settle();
  deepEqual(await crashing.afterCrash(), [...all, "meanwhile"]);
});

Deno.test("XEP-0198: given up, a message that was in storage already is kept once", async () => {
  await using crashing = await Crashing.start();
  const { server } = crashing;
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(bob);
  await bob.cut();
  for (const text of ["1", "2"]) await say(alice, text);
  await server.clock.advance("11 min");
  deepEqual(await crashing.afterCrash(), ["1", "2"]);
  const phone = await server.client("bob/phone");
  await phone.send("<presence/>");
  deepEqual(bodies(phone), ["1", "2"]);
  alice.never("<message type='error'/>");
  deepEqual(await crashing.afterCrash(), []);
});

Deno.test("XEP-0198: two devices that both lost their connection have a message in storage once", async () => {
  await using crashing = await Crashing.start();
  const { server } = crashing;
  const [alice, pad, phone] = await server.online("alice/desk", "bob/pad", "bob/phone") as [
    TestClient,
    TestClient,
    TestClient,
  ];
  await enable(pad);
  const id = await enable(phone);
  await say(alice, "to both");
  await pad.cut();
  // The phone listens, and has it.
  deepEqual(await crashing.afterCrash(), []);
  await phone.cut();
  await say(alice, "to none");
  deepEqual(await crashing.afterCrash(), ["to both", "to none"]);
  const again = await resume(server, "bob", id, 1);
  deepEqual(bodies(again), ["to none"]);
  await again.send(`<a xmlns='${NS}' h='2'/>`);
  deepEqual(await crashing.afterCrash(), []);
});

Deno.test("XEP-0198: a client that has been asked and says nothing for five seconds does not count as there", async () => {
  await using crashing = await Crashing.start();
  const { server } = crashing;
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(bob);
  for (const text of ["1", "2", "3", "4", "5"]) await say(alice, text);
  bob.expect(`<r xmlns='${NS}'/>`);
  // Written to its connection, which is believed to be well: not one write for that.
  deepEqual(await crashing.afterCrash(), []);
  await server.clock.advance("6 s");
  await say(alice, "6");
  deepEqual(await crashing.afterCrash(), ["1", "2", "3", "4", "5", "6"]);
  equal(bob.closed, false);
  await bob.send(`<a xmlns='${NS}' h='6'/>`);
  deepEqual(await crashing.afterCrash(), []);
  await say(alice, "7");
  deepEqual(await crashing.afterCrash(), []);
});

Deno.test("XEP-0198, XEP-0313: what is in an archive that the device reads is not put into storage again", async () => {
  await using crashing = await Crashing.start([...PLUGINS, archive]);
  const { server } = crashing;
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  const old = await server.client("bob/old");
  await old.send("<presence><priority>-1</priority></presence>");
  await bob.send("<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2'/></iq>");
  for (const client of [bob, old]) {
    await enable(client);
    await client.cut();
  }
  await say(alice, "in the archive");
  deepEqual(await crashing.afterCrash(), []);
  await say(alice, "not for it", "bob@a.test/old");
  deepEqual(await crashing.afterCrash(), ["not for it"]);
});

Deno.test("XEP-0198: a client that never counts the answers to its own requests is not cut off", async () => {
  await using server = await testServer({
    plugins: PLUGINS,
    config: {
      limits: { stanzas_per_second: "off" },
      defaults: { stream_management: { unacknowledged: 50 } },
    },
  });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(bob);
  let [counted, answers] = [0, 0];
  const answer = async (): Promise<void> => {
    for (const { name } of bob.inbox) {
      if (name === "message") counted++;
      else if (name === "iq") answers++;
    }
    const asked = bob.inbox.some((element) => element.name === "r");
    bob.clear();
    if (asked) await bob.send(`<a xmlns='${NS}' h='${counted}'/>`);
  };
  for (let i = 0; i < 300; i++) {
    await bob.send(`<iq type='get' id='p${i}' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await answer();
  }
  equal(answers, 300);
  for (let i = 0; i < 300; i++) {
    await say(alice, String(i));
    await answer();
  }
  equal(counted, 300);
  // It is not asked for ever about what it never counts.
  await server.clock.advance("6 s");
  await answer();
  await server.clock.advance("10 min");
  equal(bob.closed, false);
  ok(bob.inbox.length <= 1, bob.inbox.join("\n"));
});

Deno.test("XEP-0198: whoever reads nothing any more is still cut off at the limit", async () => {
  await using server = await testServer({
    plugins: PLUGINS,
    config: { defaults: { stream_management: { unacknowledged: 50 } } },
  });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(bob);
  for (let i = 0; i < 51; i++) await say(alice, String(i));
  bob.expectStreamError("resource-constraint");
  const phone = await server.client("bob/phone");
  await phone.send("<presence/>");
  equal(bodies(phone).length, 51);
});

Deno.test("XEP-0198 §4: a request that was answered without being acknowledged is not answered again", async () => {
  await using server = await testServer({ plugins: [...PLUGINS, blocking] });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(bob);
  for (const id of ["1", "2", "3"]) {
    await alice.send(`<iq type='get' to='bob@a.test/pad' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  }
  await bob.send(`<iq type='result' to='alice@a.test/desk' id='1'/>`);
  alice.expect("<iq type='result' id='1'/>");
  // The third answer is not let out: nobody but the server can give one then.
  await bob.send(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='alice@a.test'/></block></iq>",
  );
  await bob.send(`<iq type='result' to='alice@a.test/desk' id='3'/>`);
  await bob.send("<iq type='set' id='b'><unblock xmlns='urn:xmpp:blocking'/></iq>");
  alice.clear();
  await bob.cut();
  await server.clock.advance("11 min");
  const refusal = `<error><recipient-unavailable xmlns='${STANZAS}'/></error>`;
  for (const id of ["2", "3"]) alice.expect(`<iq type='error' id='${id}'>${refusal}</iq>`);
  alice.never("<iq/>");
});

Deno.test("XEP-0198, XEP-0280: a copy that was never acknowledged does not stand in for the message", async () => {
  await using server = await testServer({ plugins: [...PLUGINS, carbons] });
  const [alice, pad, phone] = await server.online("alice/desk", "bob/pad", "bob/phone") as [
    TestClient,
    TestClient,
    TestClient,
  ];
  await phone.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  await enable(phone);
  // The one that the message is for is given up first.
  await pad.send(`<enable xmlns='${NS}' resume='true' max='60'/>`);
  await phone.cut();
  await say(alice, "for the pad, which is cut off, too", "bob@a.test/pad");
  await pad.cut();
  await server.clock.advance("11 min");
  const another = await server.client("bob/another");
  await another.send("<presence/>");
  deepEqual(bodies(another), ["for the pad, which is cut off, too"]);
});

Deno.test("XEP-0198: what was given to two devices when a third was given up comes once to the next", async () => {
  await using server = await testServer({ plugins: [...PLUGINS, carbons] });
  const [alice, old] = await server.online("alice/desk", "bob/old") as [TestClient, TestClient];
  await old.send(`<enable xmlns='${NS}' resume='true' max='60'/>`);
  await old.cut();
  await say(alice, "for the old one", "bob@a.test/old");
  const two = await server.clients("bob/pad", "bob/phone");
  for (const [i, client] of two.entries()) {
    await client.send("<presence/><iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    await client.send(`<enable xmlns='${NS}' resume='true' max='${300 + 120 * i}'/>`);
  }
  await server.clock.advance("61 s");
  for (const client of two) deepEqual(bodies(client), ["for the old one"]);
  for (const client of two) await client.cut();
  const another = await server.client("bob/another");
  await another.send("<presence/>");
  await server.clock.advance("6 min");
  deepEqual(bodies(another), []);
  await server.clock.advance("6 min");
  deepEqual(bodies(another), ["for the old one"]);
});
