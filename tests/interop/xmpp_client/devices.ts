/**
 * One person with two devices with npm's @xmpp/client, and somebody to talk to: what the library has no plugin for is asked
 * for with stanzas of our own, as apps on top of it do.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { type Account, type Element, script, Session, variable, xml } from "./session.ts";

const service = variable("INTEROP_SERVICE");
const domain = variable("INTEROP_DOMAIN");
const isProsody = process.env["METRONOME_INTEROP_TARGET"] === "prosody";
const account = (name: string): Account => ({
  username: `${name}-${crypto.randomUUID().slice(0, 8)}`,
  password: crypto.randomUUID(),
});
const chat = (to: string, body: string) => xml("message", { to, type: "chat" }, xml("body", {}, body));
const CARBONS = "urn:xmpp:carbons:2";
const BLOCKING = "urn:xmpp:blocking";
const MAM = "urn:xmpp:mam:2";
const RSM = "http://jabber.org/protocol/rsm";
const PUSH = "urn:xmpp:push:0";
const PUBSUB = "http://jabber.org/protocol/pubsub";
const FORWARD = "urn:xmpp:forward:0";

/** The message in a copy of a kind. */
function copied(stanza: Element, kind: "sent" | "received"): Element | undefined {
  return stanza.getChild(kind, CARBONS)?.getChild("forwarded", FORWARD)?.getChild("message");
}

/** One page of a session's archive: the texts, and where the next page begins; undefined behind the last. */
async function page(session: Session, max: number, after?: string) {
  const query = xml(
    "query",
    { xmlns: MAM, queryid: crypto.randomUUID() },
    xml("set", { xmlns: RSM }, xml("max", {}, String(max)), ...(after ? [xml("after", {}, after)] : [])),
  );
  const fin = (await session.ask("set", query)).getChild("fin", MAM)!;
  const texts: string[] = [];
  const isResult = (s: Element) => s.getChild("result", MAM)?.attrs["queryid"] === query.attrs["queryid"];
  while (session.has(isResult)) {
    const result = (await session.take("result", isResult)).getChild("result", MAM)!;
    texts.push(result.getChild("forwarded", FORWARD)!.getChild("message")!.getChildText("body") ?? "");
  }
  const last = fin.getChild("set", RSM)?.getChildText("last") ?? undefined;
  return { texts, next: fin.attrs["complete"] === "true" ? undefined : last };
}

type Check = (name: string, body: () => Promise<void>) => Promise<void>;

/** What the server does for clients beside passing stanzas on. */
async function services(check: Check, { desk, phone, bob }: Record<"desk" | "phone" | "bob", Session>) {
  await check("push: enabled, and the service is told of what a broken connection would miss", async () => {
    await phone.ask("set", xml("enable", { xmlns: PUSH, jid: bob.jid, node: "phone" }));
    bob.serve("pubsub", PUBSUB);
    await phone.cut();
    await bob.send(chat(phone.jid, "wake up"));
    const iq = await bob.take(
      "publication",
      (s) => s.getChild("pubsub", PUBSUB)?.getChild("publish") !== undefined,
    );
    const publish = iq.getChild("pubsub", PUBSUB)!.getChild("publish")!;
    assert.equal(publish.attrs["node"], "phone");
    assert.ok(publish.toString().includes("message-count") && !publish.toString().includes("wake up"));
    assert.equal(await phone.comeBack(), "resumed");
    await phone.message("wake up");
    await phone.ask("set", xml("disable", { xmlns: PUSH, jid: bob.jid }));
  });

  await check("external services: STUN and TURN, with credentials", async () => {
    const ns = "urn:xmpp:extdisco:2";
    const answer = (await desk.ask("get", xml("services", { xmlns: ns }), domain)).getChild("services", ns);
    const services = answer?.getChildren("service").map(({ attrs }) => attrs) ?? [];
    assert.deepEqual(services.map(({ type }) => type), ["stun", "turn"]);
    assert.ok(services[1]?.["username"] && services[1]?.["password"]);
  });

  await check("ad-hoc commands: a form, filled in, completed", async () => {
    const ns = "http://jabber.org/protocol/commands";
    const node = "http://metronome.im/protocol/csi#config";
    const command = (attrs: Record<string, string>, ...inside: Element[]) =>
      desk.ask("set", xml("command", { xmlns: ns, node, ...attrs }, ...inside), domain);
    const first = (await command({ action: "execute" })).getChild("command", ns)!;
    assert.equal(first.attrs["status"], "executing");
    const fields = first.getChild("x", "jabber:x:data")!.getChildren("field");
    const form = xml(
      "x",
      { xmlns: "jabber:x:data", type: "submit" },
      ...fields.filter(({ attrs }) => attrs["var"]).map((field) =>
        xml("field", { var: field.attrs["var"] }, xml("value", {}, field.getChildText("value") ?? "true"))
      ),
    );
    const done = (await command({ action: "complete", sessionid: first.attrs["sessionid"]! }, form))
      .getChild("command", ns)!;
    assert.equal(done.attrs["status"], "completed");
  });
}

await script(async (check) => {
  const desk = new Session(service, account("alice"), "desk", true);
  const phone = new Session(service, desk.account, "phone");
  const bob = new Session(service, account("bob"), "pad", true);
  for (const session of [desk, phone, bob]) {
    await session.login();
    await session.send(xml("presence"));
  }
  const [bare, friend] = [desk.bare, bob.bare];

  await check("carbons: what one device gets and says, the other has a copy of", async () => {
    for (const session of [desk, phone]) await session.ask("set", xml("enable", { xmlns: CARBONS }));
    await bob.send(chat(desk.jid, "for the desk"));
    await desk.message("for the desk");
    const got = await phone.take(
      "copy",
      (s) => copied(s, "received")?.getChildText("body") === "for the desk",
    );
    assert.equal(got.attrs["from"], bare);
    await phone.send(chat(friend, "from the phone"));
    await bob.message("from the phone");
    const said = await desk.take("copy", (s) => copied(s, "sent")?.getChildText("body") === "from the phone");
    assert.equal(copied(said, "sent")?.attrs["from"], phone.jid);
  });

  await check("the archive: pages of three, both sides, in order, the same for both devices", async () => {
    const said: string[] = ["for the desk", "from the phone"];
    for (let n = 0; n < 6; n++) {
      said.push(`line ${n}`);
      await (n % 2 === 0 ? bob.send(chat(bare, said.at(-1)!)) : desk.send(chat(friend, said.at(-1)!)));
      if (n % 2 === 0) await desk.message(said.at(-1)!);
      else await bob.message(said.at(-1)!);
    }
    for (const session of [desk, phone]) {
      const found: string[][] = [];
      let after: string | undefined;
      do {
        const { texts, next } = await page(session, 3, after);
        found.push(texts);
        after = next;
      } while (after !== undefined);
      assert.deepEqual(found.flat(), said);
      assert.ok(found.every((texts) => texts.length <= 3) && found.length >= 3, JSON.stringify(found));
    }
  });

  await check("client state: presence waits for a device that nobody looks at, messages do not", async () => {
    await phone.send(xml("inactive", { xmlns: "urn:xmpp:csi:0" }));
    await phone.ping();
    const told = (status: string) => (s: Element) =>
      s.name === "presence" && s.attrs["from"] === bob.jid && s.getChildText("status") === status;
    for (const status of ["first", "second"]) {
      await bob.send(xml("presence", { to: phone.jid }, xml("status", {}, status)));
    }
    await bob.ping();
    await bob.send(chat(phone.jid, "does not wait"));
    await phone.message("does not wait");
    await phone.send(xml("active", { xmlns: "urn:xmpp:csi:0" }));
    await phone.take("presence", told("second"));
    // Had it not waited, both would have come.
    assert.ok(!phone.has(told("first")), "presence did not wait");
  });

  await check("blocking: both devices are told, the contact gets an error, and it ends", async () => {
    const list = (await desk.ask("get", xml("blocklist", { xmlns: BLOCKING }))).getChild(
      "blocklist",
      BLOCKING,
    );
    assert.equal(list?.getChildren("item").length, 0);
    await phone.ask("get", xml("blocklist", { xmlns: BLOCKING }));
    await desk.ask("set", xml("block", { xmlns: BLOCKING }, xml("item", { jid: friend })));
    await phone.take("push", (s) => s.getChild("block", BLOCKING)?.getChild("item")?.attrs["jid"] === friend);
    await bob.send(chat(bare, "hello?"));
    await bob.take("bounce", (s) => s.name === "message" && s.attrs["type"] === "error");
    assert.ok(!desk.has((s) => s.getChildText("body") === "hello?"));
    await desk.ask("set", xml("unblock", { xmlns: BLOCKING }, xml("item", { jid: friend })));
    await phone.take("push", (s) => s.getChild("unblock", BLOCKING) !== undefined);
    await bob.send(chat(desk.jid, "again"));
    await desk.message("again");
  });

  await check("vcard: stored by one device, read by the other and by the contact", async () => {
    await desk.ask("set", xml("vCard", { xmlns: "vcard-temp" }, xml("FN", {}, "Alice & Söhne")));
    for (const [session, to] of [[phone, undefined], [bob, bare]] as const) {
      const card = (await session.ask("get", xml("vCard", { xmlns: "vcard-temp" }), to)).getChild(
        "vCard",
        "vcard-temp",
      );
      assert.equal(card?.getChildText("FN"), "Alice & Söhne");
    }
  });

  await check("private XML: as it was stored", async () => {
    const query = (...inside: Element[]) =>
      xml("query", { xmlns: "jabber:iq:private" }, xml("data", { xmlns: "urn:example:own" }, ...inside));
    await desk.ask("set", query(xml("x", {}, "kept")));
    const got = (await phone.ask("get", query())).getChild("query", "jabber:iq:private");
    assert.equal(got?.getChild("data", "urn:example:own")?.getChildText("x"), "kept");
  });

  // Its push is a module of the community, and its other services have another configuration.
  if (!isProsody) await services(check, { desk, phone, bob });

  await check(
    "a session with many requests is not given up for the answers that the library does not count",
    async () => {
      for (let n = 0; n < 60; n++) await desk.ping();
      await desk.cut();
      await bob.send(chat(desk.jid, "still there?"));
      assert.equal(await desk.comeBack(), "resumed");
      await desk.message("still there?");
    },
  );

  await check("log out in order", async () => {
    for (const session of [desk, phone, bob]) await session.logout();
  });
});
