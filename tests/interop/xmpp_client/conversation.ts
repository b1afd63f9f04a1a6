/** Two people with npm's @xmpp/client: register, log in, become contacts, talk, go away and come back. */
import assert from "node:assert/strict";
import process from "node:process";
import { type Account, script, Session, variable, xml } from "./session.ts";

const service = variable("INTEROP_SERVICE");
const domain = variable("INTEROP_DOMAIN");
const account = (name: string): Account => ({
  username: `${name}-${crypto.randomUUID().slice(0, 8)}`,
  password: crypto.randomUUID(),
});
const roster = (...items: ReturnType<typeof xml>[]) => xml("query", { xmlns: "jabber:iq:roster" }, ...items);
const chat = (to: string, body: string) => xml("message", { to, type: "chat" }, xml("body", {}, body));
const presence = (to?: string, type?: string) => xml("presence", { to, type });

await script(async (check) => {
  const alice = new Session(service, account("alice"), "desk", true);
  let bob = new Session(service, account("bob"), "phone", true);

  await check("register and log in, encrypted, with SCRAM offered", async () => {
    await alice.login();
    await bob.login();
    assert.ok(alice.entity.isSecure());
    assert.ok(alice.mechanisms.includes("SCRAM-SHA-1"), String(alice.mechanisms));
    // With Bind 2 (XEP-0386) the wish is the beginning of the resource.
    assert.ok(alice.jid.startsWith(`${alice.account.username}@${domain}/desk`), alice.jid);
  });

  await check("log in again with the password, on a second resource", async () => {
    const second = await new Session(service, alice.account, "second").login();
    assert.ok(second.jid.startsWith(`${alice.bare}/second`), second.jid);
    await second.ping();
    await second.logout();
  });

  await check("a wrong password is refused with not-authorized", async () => {
    const wrong = new Session(service, { ...alice.account, password: "wrong" }, "wrong");
    await assert.rejects(wrong.login(), /not-authorized/);
    await wrong.logout();
  });

  await check("the roster is empty, a contact added comes as a push and stays", async () => {
    const empty = (await alice.ask("get", roster())).getChild("query", "jabber:iq:roster");
    assert.equal(empty?.getChildren("item").length, 0);
    await bob.ask("get", roster());
    const item = xml("item", { jid: bob.bare, name: "Bob" }, xml("group", {}, "Friends"));
    await alice.ask("set", roster(item));
    assert.equal((await alice.push(bob.bare)).attrs["name"], "Bob");
    const after = (await alice.ask("get", roster())).getChild("query", "jabber:iq:roster");
    assert.equal(after?.getChild("item")?.getChildText("group"), "Friends");
  });

  await check("subscribe both ways: each gets the other's presence", async () => {
    await alice.send(presence());
    await bob.send(presence());
    for (const [asker, asked] of [[alice, bob], [bob, alice]] as const) {
      await asker.send(presence(asked.bare, "subscribe"));
      await asked.presence(asker.bare, "subscribe");
      await asked.send(presence(asker.bare, "subscribed"));
      await asker.presence(asked.bare, "subscribed");
      await asker.presence(asked.jid);
    }
    await alice.take(
      "push with both",
      (s) => s.toString().includes('subscription="both"') || s.toString().includes("subscription='both'"),
    );
  });

  await check("presence with show and status reaches the contact", async () => {
    await alice.send(xml("presence", {}, xml("show", {}, "away"), xml("status", {}, "tea & <cake>")));
    const seen = await bob.take("away", (s) => s.name === "presence" && s.getChildText("show") === "away");
    assert.equal(seen.attrs["from"], alice.jid);
    assert.equal(seen.getChildText("status"), "tea & <cake>");
  });

  await check("chat: a hundred messages, in order, with answers", async () => {
    const text = (number: number) => `${number} — ünïcödé 🎉 <&>`;
    for (let number = 0; number < 100; number++) await alice.send(chat(bob.bare, text(number)));
    for (let number = 0; number < 100; number++) {
      const next = await bob.take(`message ${number}`, (s) => s.name === "message");
      assert.equal(next.getChildText("body"), text(number));
      assert.equal(next.attrs["from"], alice.jid);
    }
    await bob.send(chat(alice.jid, "all there"));
    await alice.message("all there");
  });

  await check("a message of 100 kilobytes passes", async () => {
    const long = "0123456789".repeat(10_000);
    await alice.send(chat(bob.bare, long));
    await bob.message(long);
  });

  await check("ping: server, contact, and the server's answer for nobody", async () => {
    await alice.ping();
    await alice.ping(bob.jid);
    await assert.rejects(alice.ping(`${bob.bare}/absent`), /service-unavailable/);
  });

  await check("disco: identity, features, items", async () => {
    const ns = "http://jabber.org/protocol/disco#info";
    const info = (await alice.ask("get", xml("query", { xmlns: ns }), domain)).getChild("query", ns);
    const identities = info?.getChildren("identity").map((one) =>
      `${one.attrs["category"]}/${one.attrs["type"]}`
    );
    assert.ok(identities?.includes("server/im"), String(identities));
    const features = info?.getChildren("feature").map((feature) => feature.attrs["var"]) ?? [];
    for (const wanted of [ns, "urn:xmpp:ping"]) {
      assert.ok(features.includes(wanted), `${wanted} not in ${features}`);
    }
    await alice.ask("get", xml("query", { xmlns: "http://jabber.org/protocol/disco#items" }), domain);
  });

  await check(
    "offline: contacts are told, the message waits with its time, and comes at the next login",
    async () => {
      const gone = bob.jid;
      await bob.send(presence(undefined, "unavailable"));
      await bob.logout();
      await alice.presence(gone, "unavailable");
      await alice.send(chat(bob.bare, "while you were away"));
      await alice.ping();
      bob = await new Session(service, bob.account, "phone").login();
      await bob.send(presence());
      const kept = await bob.message("while you were away");
      assert.ok(kept.getChild("delay", "urn:xmpp:delay")?.attrs["stamp"], kept.toString());
      await alice.presence(bob.jid);
    },
  );

  await check("a connection that breaks: the session is resumed and nobody has noticed", async () => {
    const { jid } = alice;
    await alice.cut();
    await bob.send(chat(jid, "while the line was down"));
    await bob.ping();
    const how = await alice.comeBack();
    assert.ok(
      !bob.has((s) => s.name === "presence" && s.attrs["type"] === "unavailable"),
      "the session ended",
    );
    assert.equal(how, "resumed");
    assert.equal(alice.jid, jid);
    await alice.message("while the line was down");
    await alice.send(chat(bob.bare, "back again"));
    await bob.message("back again");
    await bob.send(chat(jid, "as if nothing had been"));
    await alice.message("as if nothing had been");
  });

  // Prosody 0.12 knows neither SASL2 nor tokens.
  if (process.env["METRONOME_INTEROP_TARGET"] !== "prosody") {
    await check("it came back with a token instead of the password (XEP-0484)", () => {
      assert.deepEqual(alice.used, ["SCRAM-SHA-1", "HT-SHA-256-NONE"]);
      return Promise.resolve();
    });
  }

  await check("log out in order, without errors on the way", async () => {
    await alice.logout();
    await bob.logout();
    assert.deepEqual([...alice.errors, ...bob.errors], []);
  });
});
