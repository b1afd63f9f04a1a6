/** XEP-0398: one picture of each account, published or in its card, and named in its presence. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { vcard } from "../../plugins/account/vcard.ts";
import { pep } from "../../plugins/pubsub/pep.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { avatars } from "../../plugins/profile/avatars.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { testServer } from "#testing";
import {
  DATA,
  METADATA,
  metadata,
  photo,
  photoIn,
  type Picture,
  picture,
  profileWorld,
  readCard,
  readItems,
  setCard,
  UPDATE,
} from "./profile_world.ts";
import {
  befriend,
  configForm,
  DISCO_INFO,
  done,
  events,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  wants,
} from "./pubsub_world.ts";
import type { TestClient } from "#testing";

const CHAMBER = "juliet@a.test/chamber";

async function publishAvatar(
  client: TestClient,
  it: Picture,
  options?: Record<string, string>,
): Promise<void> {
  await done(
    client,
    "set",
    publishing(DATA, it.hash, `<data xmlns='${DATA}'>${it.data}</data>`, options),
    "",
  );
  await done(client, "set", publishing(METADATA, it.hash, metadata(it), options), "");
}

const photoHash = async (client: TestClient, to = "") => {
  const text = (await readCard(client, to))?.child("PHOTO")?.childText("BINVAL");
  return text === undefined
    ? undefined
    : createHash("sha1").update(Uint8Array.fromBase64(text)).digest("hex");
};

Deno.test("XEP-0398 §3: announced by the account", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  const info = await done(juliet, "get", `<query xmlns='${DISCO_INFO}'/>`, "juliet@a.test");
  assert.ok(info!.elements().some((it) => it.attr("var") === "urn:xmpp:pep-vcard-conversion:0"));
});

Deno.test("XEP-0398 §4.1, XEP-0084: a published picture is in the card, the rest of which stays", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const one = picture("one");
  await setCard(juliet, "<FN>Juliet</FN><X-ODD>kept</X-ODD>");
  await publishAvatar(juliet, one);
  const card = await readCard(romeo, "juliet@a.test");
  assert.equal(card!.childText("FN"), "Juliet");
  assert.equal(card!.childText("X-ODD"), "kept");
  assert.equal(card!.child("PHOTO")!.childText("TYPE"), "image/png");
  assert.equal(card!.child("PHOTO")!.childText("BINVAL"), one.data);
  // Another one in its place; one that is also elsewhere, in another format, counts by what is here.
  const two = picture("two");
  await publish(juliet, DATA, two.hash, `<data xmlns='${DATA}'>${two.data}</data>`, "");
  assert.equal(await photoHash(juliet), one.hash, "not before the metadata say so");
  const elsewhere = `<info bytes='9' id='00' type='image/gif' url='http://a.test/x.gif'/>`;
  await publish(juliet, METADATA, two.hash, metadata(two, elsewhere), "");
  assert.equal(await photoHash(juliet), two.hash);
  assert.equal((await readCard(juliet))!.elements().filter(({ name }) => name === "PHOTO").length, 1);
  // XEP-0084 §4.2.4: switched off.
  await publish(juliet, METADATA, undefined, `<metadata xmlns='${METADATA}'/>`, "");
  assert.equal(await photoHash(juliet), undefined);
  assert.equal((await readCard(juliet))!.childText("FN"), "Juliet");
});

Deno.test("XEP-0398 §4.1: what is not what it is called, or is somewhere else, is not in the card", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  const one = picture("one");
  await publishAvatar(juliet, { ...picture("two"), hash: one.hash });
  assert.equal(await photoHash(juliet), undefined);
  await publishAvatar(juliet, one);
  assert.equal(await photoHash(juliet), one.hash);
  const url =
    `<metadata xmlns='${METADATA}'><info bytes='9' id='${one.hash}' type='image/png' url='http://a.test/x'/></metadata>`;
  await publish(juliet, METADATA, one.hash, url, "");
  assert.equal(await photoHash(juliet), undefined);
});

Deno.test("XEP-0398 §4.2, BUG-17: the picture of a card is published with its true size, and contacts are told", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, [METADATA]);
  romeo.clear();
  const one = picture("one", 1000);
  // XEP-0153 §4.5: white space in it means nothing.
  const lines = one.data.replace(/.{76}/g, "$&\n");
  await setCard(juliet, `<FN>J</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>\n${lines}\n</BINVAL></PHOTO>`);
  romeo.expect(
    `<message from='juliet@a.test'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='${METADATA}'>
    <item id='${one.hash}'>${metadata(one)}</item></items></event></message>`,
  );
  const [data] = await readItems(romeo, DATA, "juliet@a.test");
  assert.equal(data!.id, one.hash);
  assert.equal(data!.payload.text, one.data);
  assert.equal(data!.payload.ns, DATA);
  // The same card again is no news.
  events(romeo);
  await setCard(juliet, `<FN>Juliet</FN>${photo(one)}`);
  assert.deepEqual(events(romeo), []);
  // Nor is what has no picture in it.
  await setCard(juliet, `<FN>Juliet</FN>`);
  assert.deepEqual(events(romeo).length, 1);
  const [none] = await readItems(juliet, METADATA);
  assert.equal(none!.payload.elements().length, 0);
  for (const broken of ["<BINVAL>no base64!</BINVAL>", "<BINVAL/>", "<EXTVAL>http://a.test/x</EXTVAL>"]) {
    await setCard(juliet, `<FN>Juliet</FN><PHOTO><TYPE>image/png</TYPE>${broken}</PHOTO>`);
    assert.deepEqual(events(romeo), []);
  }
});

Deno.test("XEP-0398 §5, XEP-0153: presence says which picture it is, whatever the client said, but where it has none", async () => {
  await using server = await profileWorld();
  const peer = server.remote("muc.b.test");
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  const one = picture("one");
  const said = async (inner: string) => {
    await juliet.send(`<presence>${inner}</presence>`);
    return photoIn(romeo, CHAMBER);
  };
  const x = (inner: string) => `<x xmlns='${UPDATE}'>${inner}</x>`;
  assert.equal(await said("<status>nothing yet</status>"), undefined);
  assert.equal(await said(x("<photo>abcd</photo>")), "abcd", "about to publish it");
  assert.equal(await said(x("")), "");
  await said("<status>here</status>");
  await publishAvatar(juliet, one);
  // Told at once, with all that was said, from now.
  const told = romeo.expect(
    `<presence from='${CHAMBER}'><status>here</status><x xmlns='${UPDATE}'><photo>${one.hash}</photo></x></presence>`,
  );
  assert.equal(told.child("delay", "urn:xmpp:delay"), undefined);
  assert.equal(await said(""), one.hash);
  assert.equal(await said(x("")), one.hash);
  assert.equal(await said(x("<photo>abcd</photo>")), one.hash);
  assert.equal(await said(x(`<photo>${one.hash.toUpperCase()}</photo>`)), one.hash.toUpperCase());
  assert.equal(await said(x("<photo/>")), "");
  // Rooms are told, too.
  await juliet.send(
    "<presence to='room@muc.b.test/J'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
  );
  peer.expect(
    `<presence to='room@muc.b.test/J'><x xmlns='${UPDATE}'><photo>${one.hash}</photo></x></presence>`,
  );
  await juliet.send("<presence to='room@muc.b.test/J' type='unavailable'/>");
  assert.equal(
    peer.expect("<presence to='room@muc.b.test/J' type='unavailable'/>").child("x", UPDATE),
    undefined,
  );
});

Deno.test("XEP-0398 §5: contacts see a picture come, change and go; a client that declines is left alone", async () => {
  await using server = await profileWorld();
  const [juliet, balcony, romeo] = await server.online("juliet/chamber", "juliet/balcony", "romeo/orchard");
  await befriend(juliet, romeo);
  await balcony.send(`<presence><x xmlns='${UPDATE}'><photo/></x></presence>`);
  romeo.clear();
  const [one, two] = [picture("one"), picture("two")];
  for (const it of [one, two]) {
    await setCard(juliet, photo(it));
    assert.ok(!romeo.inbox.some((stanza) => stanza.attr("from") === "juliet@a.test/balcony"));
    assert.equal(photoIn(romeo, CHAMBER), it.hash);
  }
  await setCard(juliet, "");
  assert.equal(photoIn(romeo, CHAMBER), "");
  await publishAvatar(juliet, one);
  assert.equal(photoIn(romeo, CHAMBER), one.hash);
  // Who comes later sees it, too.
  const [late] = await server.clients("romeo/late");
  await late.send("<presence/>");
  assert.equal(photoIn(late, CHAMBER), one.hash);
});

Deno.test("XEP-0398 §7: a picture for contacts only is not in the card, which everybody may read", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  const one = picture("one");
  await publishAvatar(juliet, one, { access_model: "presence" });
  assert.equal(await photoHash(juliet), undefined);
  const access = (node: string, model: string) =>
    done(
      juliet,
      "set",
      ownerOf(`<configure node='${node}'>${configForm({ access_model: model })}</configure>`),
      "",
    );
  await access(DATA, "open");
  assert.equal(await photoHash(juliet), undefined);
  await access(METADATA, "open");
  assert.equal(await photoHash(juliet), one.hash);
  await access(DATA, "presence");
  assert.equal(await photoHash(juliet), undefined);
  assert.equal((await readItems(juliet, METADATA))[0]!.id, one.hash, "it is still there for contacts");
});

Deno.test("XEP-0398: what is deleted is gone on the other side, and what is too large is not taken there", async () => {
  await using server = await profileWorld({
    config: { vcard: { size: "2 KiB" } },
    pep: { payload: "1 KiB" },
  });
  const [juliet] = await server.online("juliet/chamber");
  const [small, large] = [picture("small"), picture("large", 1000)];
  await publishAvatar(juliet, small);
  assert.equal(await photoHash(juliet), small.hash);
  await done(juliet, "set", pubsubOf(`<retract node='${METADATA}'><item id='${small.hash}'/></retract>`), "");
  assert.equal(await photoHash(juliet), undefined);
  await publishAvatar(juliet, small);
  await done(juliet, "set", ownerOf(`<delete node='${METADATA}'/>`), "");
  assert.equal(await photoHash(juliet), undefined);
  // The card is set although its picture is too large for a node.
  await setCard(juliet, photo(large));
  assert.equal(await photoHash(juliet), large.hash);
  assert.deepEqual(await readItems(juliet, METADATA), []);
  // The picture is published although the card has no room for it.
  await setCard(juliet, `<DESC>${"x".repeat(1800)}</DESC>`);
  await publishAvatar(juliet, small);
  assert.equal((await readItems(juliet, METADATA))[0]!.id, small.hash);
  assert.equal(await photoHash(juliet), small.hash);
  await setCard(juliet, `<DESC>${"x".repeat(2000)}</DESC>`);
  await publishAvatar(juliet, small);
  assert.equal(await photoHash(juliet), undefined);
});

Deno.test("XEP-0398: a card from before is published at the next login, and gone with its account", async () => {
  const folder = await Deno.makeTempDir();
  const one = picture("one");
  const base = { data: `${folder}/data.sqlite` };
  const old = [internal, roster, presence, vcard];
  try {
    {
      await using server = await testServer({ ...base, plugins: old });
      const juliet = await server.client("juliet/chamber");
      await setCard(juliet, photo(one));
    }
    await using server = await testServer({ ...base, plugins: [...old, pep, avatars] });
    const juliet = await server.client("juliet/chamber");
    assert.equal((await readItems(juliet, METADATA))[0]!.id, one.hash);
    await juliet.send("<presence/>");
    assert.equal(photoIn(juliet, CHAMBER), one.hash);
    server.host.accounts.remove("juliet");
    await server.settle();
    assert.deepEqual([...server.host.storage.owners("a.test")], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
