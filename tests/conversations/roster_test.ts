/** RFC 6121 §2: the contact list, in the RFC's own conversations. */
import assert from "node:assert/strict";
import { testServer } from "#testing";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";

const plugins = [roster, subscription, presence];
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

function set(id: string, item: string): string {
  return `<iq type='set' id='${id}'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
}

function get(id = "get"): string {
  return `<iq type='get' id='${id}'><query xmlns='jabber:iq:roster'/></iq>`;
}

function error(id: string, condition: string, type: string): string {
  return `<iq type='error' id='${id}'><error type='${type}'><${condition} xmlns='${STANZAS}'/></error></iq>`;
}

function push(item: string): string {
  return `<iq type='set' id='*'><query xmlns='jabber:iq:roster' ver='*'>${item}</query></iq>`;
}

Deno.test("an empty roster is a query without items (§2.1.4)", async () => {
  await using server = await testServer({ plugins });
  const [juliet] = await server.clients("juliet/balcony");
  await juliet!.send(get());
  const result = juliet!.expect(`<iq type='result' id='get'><query xmlns='jabber:iq:roster' ver='*'/></iq>`);
  assert.equal(result.first()!.elements().length, 0);
});

Deno.test("an added contact is pushed to all interested resources, and the result comes (§2.3)", async () => {
  await using server = await testServer({ plugins });
  const [balcony, chamber, deaf] = await server.clients("juliet/balcony", "juliet/chamber", "juliet/deaf");
  await balcony!.send(get());
  await chamber!.send(get());
  for (const client of [balcony!, chamber!]) client.clear();
  await balcony!.send(
    set("ph1xaz53", `<item jid='nurse@a.test' name='Nurse'><group>Servants</group></item>`),
  );
  const item = `<item jid='nurse@a.test' name='Nurse' subscription='none'><group>Servants</group></item>`;
  const pushed = balcony!.expect(push(item));
  assert.equal(pushed.attr("from"), undefined, "a push comes from the account itself (§2.1.6)");
  assert.equal(pushed.attr("to"), "juliet@a.test/balcony");
  balcony!.expect(`<iq type='result' id='ph1xaz53'/>`);
  chamber!.expect(push(item));
  for (const client of [balcony!, chamber!, deaf!]) client.quiet();

  await deaf!.send(get());
  deaf!.expect(`<iq type='result'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
});

Deno.test("an update replaces name and groups, and keeps the rest (§2.4)", async () => {
  await using server = await testServer({ plugins });
  const [juliet] = await server.clients("juliet/balcony");
  await juliet!.send(`<presence type='subscribe' to='romeo@b.test'/>`);
  await juliet!.send(set("1", `<item jid='romeo@b.test' name='Romeo'><group>Friends</group></item>`));
  await juliet!.send(
    set("2", `<item jid='romeo@b.test' name='MyRomeo'><group>Friends</group><group>Lovers</group></item>`),
  );
  await juliet!.send(set("3", `<item jid='romeo@b.test' name='' subscription='both' approved='true'/>`));
  juliet!.clear();
  await juliet!.send(get());
  const item = juliet!.expect(`<iq type='result' id='get'/>`).first()!.first()!;
  assert.deepEqual({ ...item.attrs }, { jid: "romeo@b.test", subscription: "none", ask: "subscribe" });
  assert.equal(item.elements().length, 0);
});

Deno.test("what a roster set may not be (§2.1.5, §2.3.3)", async () => {
  const config = {
    defaults: { roster: { contacts: 2, name_length: 10, group_length: 8, groups: 2 } },
  };
  await using server = await testServer({ plugins, config });
  const [juliet] = await server.clients("juliet/balcony");
  await juliet!.send(get());
  juliet!.clear();
  const refused: [item: string, condition: string, type: string][] = [
    [`<item jid='nurse@a.test'/><item jid='mother@a.test'/>`, "bad-request", "modify"],
    ["", "bad-request", "modify"],
    [`<item name='nobody'/>`, "bad-request", "modify"],
    [`<item jid='@'/>`, "jid-malformed", "modify"],
    [`<item jid='juliet@a.test'/>`, "not-allowed", "cancel"],
    [`<item jid='nurse@a.test' name='12345678901'/>`, "not-acceptable", "modify"],
    [`<item jid='nurse@a.test'><group>S</group><group>S</group></item>`, "bad-request", "modify"],
    [`<item jid='nurse@a.test'><group></group></item>`, "not-acceptable", "modify"],
    [`<item jid='nurse@a.test'><group>123456789</group></item>`, "not-acceptable", "modify"],
    [
      `<item jid='nurse@a.test'><group>1</group><group>2</group><group>3</group></item>`,
      "not-acceptable",
      "modify",
    ],
    [`<item jid='nobody@a.test' subscription='remove'/>`, "item-not-found", "modify"],
  ];
  for (const [item, condition, type] of refused) {
    await juliet!.send(set("x", item));
    juliet!.expect(error("x", condition, type));
    juliet!.quiet();
  }
  await juliet!.send(set("1", `<item jid='one@a.test'/>`));
  await juliet!.send(set("2", `<item jid='two@a.test/somewhere' name='1234567890'/>`));
  juliet!.clear();
  await juliet!.send(set("3", `<item jid='three@a.test'/>`));
  juliet!.expect(error("3", "resource-constraint", "wait"));
  await juliet!.send(`<presence type='subscribe' to='three@a.test' id='s'/>`);
  juliet!.expect(
    `<presence type='error' id='s'><error><resource-constraint xmlns='${STANZAS}'/></error></presence>`,
  );
  await juliet!.send(set("4", `<item jid='two@a.test' name='still'/>`));
  juliet!.expect(push(`<item jid='two@a.test' name='still'/>`));
  juliet!.expect(`<iq type='result' id='4'/>`);
  juliet!.quiet();
});

Deno.test("nobody has another's roster", async () => {
  await using server = await testServer({ plugins });
  const [juliet] = await server.clients("juliet/balcony");
  for (const type of ["get", "set"]) {
    await juliet!.send(
      `<iq type='${type}' id='x' to='romeo@a.test'><query xmlns='jabber:iq:roster'><item jid='c@d'/></query></iq>`,
    );
    juliet!.expect(error("x", "service-unavailable", "cancel"));
  }
  const peer = server.remote("b.test");
  await peer.send(
    `<iq type='get' id='y' from='romeo@b.test/x' to='juliet@a.test'><query xmlns='jabber:iq:roster'/></iq>`,
  );
  peer.expect(error("y", "service-unavailable", "cancel"));
});

Deno.test("removing a contact ends what there was on both sides (§2.5)", async () => {
  await using server = await testServer({ plugins });
  const [juliet, nurse] = await server.clients("juliet/balcony", "nurse/kitchen");
  for (const client of [juliet!, nurse!]) {
    await client.send(get());
    await client.send("<presence/>");
  }
  await befriend();
  juliet!.clear();
  nurse!.clear();
  await juliet!.send(set("hm4hs97y", `<item jid='nurse@a.test' subscription='remove'/>`));
  juliet!.expect(push(`<item jid='nurse@a.test' subscription='remove'/>`));
  juliet!.expect(`<iq type='result' id='hm4hs97y'/>`);
  nurse!.expectNext(`<presence type='unsubscribe' from='juliet@a.test' to='nurse@a.test'/>`);
  nurse!.expectNext(push(`<item jid='juliet@a.test' subscription='to'/>`));
  nurse!.expectNext(`<presence type='unavailable' from='juliet@a.test/balcony'/>`);
  nurse!.expectNext(`<presence type='unsubscribed' from='juliet@a.test'/>`);
  nurse!.expectNext(push(`<item jid='juliet@a.test' subscription='none'/>`));
  nurse!.quiet();
  juliet!.expect(`<presence type='unavailable' from='nurse@a.test/kitchen'/>`);
  juliet!.quiet();

  async function befriend(): Promise<void> {
    await juliet!.send(`<presence type='subscribe' to='nurse@a.test'/>`);
    await nurse!.send(`<presence type='subscribed' to='juliet@a.test'/>`);
    await nurse!.send(`<presence type='subscribe' to='juliet@a.test'/>`);
    await juliet!.send(`<presence type='subscribed' to='nurse@a.test'/>`);
    juliet!.expect(push(`<item jid='nurse@a.test' subscription='both'/>`));
    nurse!.expect(push(`<item jid='juliet@a.test' subscription='both'/>`));
  }
});

Deno.test("removing a contact takes back our request and answers theirs", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [juliet] = await server.clients("juliet/balcony");
  await juliet!.send(`<presence type='subscribe' to='romeo@b.test'/>`);
  await peer.send(`<presence type='subscribe' from='romeo@b.test' to='juliet@a.test'/>`);
  peer.inbox.length = 0;
  await juliet!.send(set("1", `<item jid='romeo@b.test' subscription='remove'/>`));
  peer.expect(`<presence type='unsubscribe' from='juliet@a.test' to='romeo@b.test'/>`);
  peer.expect(`<presence type='unsubscribed' from='juliet@a.test' to='romeo@b.test'/>`);
  peer.quiet();
  juliet!.clear();
  await juliet!.send("<presence/>");
  juliet!.never(`<presence type='subscribe'/>`);
});

Deno.test("the contacts of a removed account are told, and its name begins anew (AC-2.5-3)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [juliet, nurse] = await server.clients("juliet/balcony", "nurse/kitchen");
  for (const client of [juliet!, nurse!]) {
    await client.send(get());
    await client.send("<presence/>");
  }
  await juliet!.send(`<presence type='subscribe' to='nurse@a.test'/>`);
  await nurse!.send(`<presence type='subscribed' to='juliet@a.test'/>`);
  await nurse!.send(`<presence type='subscribe' to='juliet@a.test'/>`);
  await juliet!.send(`<presence type='subscribed' to='nurse@a.test'/>`);
  await peer.send(`<presence type='subscribe' from='romeo@b.test' to='juliet@a.test'/>`);
  nurse!.clear();
  peer.inbox.length = 0;

  server.host.accounts.remove("juliet");
  await server.settle();
  nurse!.expect(`<presence type='unsubscribe' from='juliet@a.test'/>`);
  nurse!.expect(`<presence type='unavailable' from='juliet@a.test/balcony'/>`);
  nurse!.expect(`<presence type='unsubscribed' from='juliet@a.test'/>`);
  nurse!.expect(push(`<item jid='juliet@a.test' subscription='none'/>`));
  nurse!.never(`<presence/>`);
  peer.expect(`<presence type='unsubscribed' from='juliet@a.test' to='romeo@b.test'/>`);
  assert.deepEqual([...server.server.storage.owners("a.test")].filter((owner) => owner === "juliet"), []);

  const again = await server.client("juliet/balcony");
  await again.send(get());
  assert.equal(again.expect(`<iq type='result' id='get'/>`).first()!.elements().length, 0);
});
