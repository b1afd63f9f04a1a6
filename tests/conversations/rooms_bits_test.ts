import { equal, ok } from "node:assert/strict";
import type { TestClient } from "#testing";
import { bits } from "../../plugins/rooms/bits.ts";
import { ask, type Coven, coven, DISCO_INFO, error, owner, quietly, refused, ROOM } from "./muc_world.ts";

const BOB = "urn:xmpp:bob";

function showing(options: Record<string, unknown> = {}): Promise<Coven> {
  return coven({ plugins: [bits], defaults: { muc_bob: options } });
}

interface Picture {
  readonly cid: string;
  readonly text: string;
}

async function picture(word: string, algorithm: "sha1" | "sha-256" = "sha1"): Promise<Picture> {
  const data = new TextEncoder().encode(word);
  const hash = await crypto.subtle.digest(algorithm === "sha1" ? "SHA-1" : "SHA-256", data);
  return { cid: `${algorithm}+${new Uint8Array(hash).toHex()}@bob.xmpp.org`, text: data.toBase64() };
}

const data = ({ cid, text }: Picture, more = "max-age='600'") =>
  `<data xmlns='${BOB}' cid='${cid}' type='image/png' ${more}>${text}</data>`;
const wanted = (cid: string) => `<data xmlns='${BOB}' cid='${cid}'/>`;

async function show(client: TestClient, inner: string): Promise<void> {
  await client.send(`<message to='${ROOM}' type='groupchat' id='1'><body>A spot.</body>${inner}</message>`);
}

const naming = (cid: string) =>
  `<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>` +
  `<p>A spot. <img alt='A spot' src='cid:${cid}'/></p></body></html>`;

Deno.test("XEP-0231 §3: rooms say that they know it", async () => {
  await using it = await showing();
  const info = await ask(it.hag, "get", `<query xmlns='${DISCO_INFO}'/>`);
  ok(info!.toString().includes(`var="${BOB}"`));
});

Deno.test("XEP-0231 §2.4: data in a message is kept and given to who asks the room; everybody still gets it", async () => {
  await using it = await showing();
  for (const algorithm of ["sha1", "sha-256"] as const) {
    const spot = await picture("a spot", algorithm);
    quietly(it.hag);
    await show(it.wicca, data(spot));
    it.hag.expect(`<message><data xmlns='${BOB}' cid='${spot.cid}'/></message>`);
    const got = await ask(it.hag, "get", wanted(spot.cid));
    equal(got!.text, spot.text);
    equal(got!.attr("type"), "image/png");
    equal(got!.attr("max-age"), "600");
  }
});

Deno.test("XEP-0231 §2.3: what a message only names, the room asks for, once, and gives on, also to those who wait", async () => {
  await using it = await showing();
  const spot = await picture("a spot");
  await show(it.wicca, naming(spot.cid));
  const question = it.wicca.expect(
    `<iq type='get' from='${ROOM}'><data xmlns='${BOB}' cid='${spot.cid}'/></iq>`,
  );
  await show(it.wicca, naming(spot.cid));
  await it.hag.send(`<iq type='get' id='w' to='${ROOM}'>${wanted(spot.cid)}</iq>`);
  equal(it.wicca.inbox.some(({ name }) => name === "iq"), false);
  equal(it.hag.inbox.some(({ name }) => name === "iq"), false);
  await it.wicca.send(`<iq type='result' id='${question.attr("id")}' to='${ROOM}'>${data(spot)}</iq>`);
  it.hag.expect(
    `<iq type='result' id='w' from='${ROOM}'><data xmlns='${BOB}' cid='${spot.cid}'>${spot.text}</data></iq>`,
  );
  // Who is in the room need not be asked any more.
  quietly(it.wicca);
  await it.hag.send(`<iq type='get' id='o' to='${ROOM}/secondwitch'>${wanted(spot.cid)}</iq>`);
  it.hag.expect(
    `<iq type='result' id='o' from='${ROOM}/secondwitch' to='${it.hag.jid}'><data xmlns='${BOB}'>${spot.text}</data></iq>`,
  );
  it.wicca.quiet();
});

Deno.test("BUG-16: what nobody knows is item-not-found, at once and every time", async () => {
  await using it = await showing();
  const { cid } = await picture("nothing");
  await refused(it.hag, "get", wanted(cid), "item-not-found", "cancel");
  await refused(it.hag, "get", `<data xmlns='${BOB}'/>`, "bad-request", "modify");
  await show(it.wicca, naming(cid));
  const question = it.wicca.expect(`<iq type='get' from='${ROOM}'/>`);
  await it.hag.send(`<iq type='get' id='w' to='${ROOM}'>${wanted(cid)}</iq>`);
  await it.wicca.send(
    `<iq type='error' id='${question.attr("id")}' to='${ROOM}'>${error("item-not-found", "cancel")}</iq>`,
  );
  it.hag.expect(`<iq type='error' id='w'>${error("item-not-found", "cancel")}</iq>`);
  // Nor is anybody asked about it again and again.
  await show(it.hag, naming(cid));
  equal(it.hag.inbox.some(({ name }) => name === "iq"), false);
  // Who never answers keeps nobody waiting for ever.
  const { cid: other } = await picture("silence");
  await show(it.wicca, naming(other));
  await it.hag.send(`<iq type='get' id='s' to='${ROOM}'>${wanted(other)}</iq>`);
  await it.server.clock.advance("21 s");
  it.hag.expect(`<iq type='error' id='s'>${error("item-not-found", "cancel")}</iq>`);
  // An occupant that is asked for it answers for themselves.
  quietly(it.wicca);
  await it.hag.send(`<iq type='get' id='o' to='${ROOM}/secondwitch'>${wanted(cid)}</iq>`);
  it.wicca.expect(`<iq type='get' from='${ROOM}/thirdwitch'>${wanted(cid)}</iq>`);
});

Deno.test("XEP-0231 §2.4, §2.5: neither lies, nor what is too large, nor what is of the moment", async () => {
  await using it = await showing({ size: "16 B" });
  const [spot, blot, large] = [
    await picture("a spot"),
    await picture("a blot"),
    await picture("x".repeat(17)),
  ];
  await show(it.wicca, data({ ...spot, text: blot.text }));
  await show(it.wicca, data(blot, "max-age='0'"));
  await show(it.wicca, data(large));
  await show(it.wicca, data({ ...spot, text: "%%%" }));
  await show(it.wicca, `<data xmlns='${BOB}' cid='some@where' type='image/png'>${spot.text}</data>`);
  for (const { cid } of [spot, blot, large]) {
    await refused(it.hag, "get", wanted(cid), "item-not-found", "cancel");
  }
  await refused(it.hag, "get", wanted("some@where"), "item-not-found", "cancel");
});

Deno.test("XEP-0231 §2.4: kept as long as its sender wants, no longer than the service, and not more than there is place for", async () => {
  await using it = await showing({ each: 2, keep: "1 min", keep_at_most: "3 min" });
  const [one, two, three] = [await picture("1"), await picture("2"), await picture("3")];
  await show(it.wicca, data(one, ""));
  await show(it.wicca, data(two, "max-age='99999'"));
  equal((await ask(it.hag, "get", wanted(one.cid)))!.attr("max-age"), "60");
  equal((await ask(it.hag, "get", wanted(two.cid)))!.attr("max-age"), "180");
  await show(it.wicca, data(three, "max-age='120'"));
  await refused(it.hag, "get", wanted(one.cid), "item-not-found", "cancel");
  await it.server.clock.advance("121 s");
  await refused(it.hag, "get", wanted(three.cid), "item-not-found", "cancel");
  equal((await ask(it.hag, "get", wanted(two.cid)))!.text, two.text);
});

Deno.test("XEP-0231: for those who belong there only, and gone with the room", async () => {
  await using it = await showing();
  const spot = await picture("a spot");
  await show(it.wicca, data(spot));
  const [hecate] = await it.server.online("hecate/broom");
  await refused(hecate, "get", wanted(spot.cid), "item-not-found", "cancel");
  await ask(it.crone, "set", owner("<destroy/>"));
  await it.hag.send(`<presence to='${ROOM}/hag'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await refused(it.hag, "get", wanted(spot.cid), "item-not-found", "cancel");
});
