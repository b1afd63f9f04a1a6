import { deepEqual, equal, ok } from "node:assert/strict";
import { encodeHex, hashed } from "#plugin";
import type { TestClient } from "#testing";
import { roomCard } from "../../plugins/rooms/card.ts";
import {
  ask,
  codesOf,
  coven,
  create,
  DISCO_INFO,
  enter,
  owner,
  quietly,
  refused,
  ROOM,
  USER,
} from "./muc_world.ts";

const VCARD = "vcard-temp";
const UPDATE = "vcard-temp:x:update";
const picture = (text: string) => `<PHOTO><TYPE>image/png</TYPE><BINVAL>${btoa(text)}</BINVAL></PHOTO>`;
const card = (inner: string) => `<vCard xmlns='${VCARD}'>${inner}</vCard>`;
const sha1 = (text: string) => encodeHex(hashed("SHA-1", new TextEncoder().encode(text)));
const open = (defaults = {}) => coven({ defaults, plugins: [roomCard], fields: { persistentroom: "1" } });

async function hashes(client: TestClient): Promise<string[] | undefined> {
  const info = await ask(client, "get", `<query xmlns='${DISCO_INFO}'/>`);
  const field = info!.child("x", "jabber:x:data")!.elements()
    .find((it) => it.attr("var") === "muc#roominfo_avatarhash");
  return field?.elements().filter((it) => it.name === "value").map((it) => it.text);
}

Deno.test("XEP-0486 §3.2: an owner sets the card; those in the room are told by 104 and, as XEP-0153 has it, by presence", async () => {
  await using c = await open();
  equal(await ask(c.crone, "set", card(picture("one"))), undefined);
  for (const client of [c.crone, c.hag]) {
    deepEqual(codesOf(client.expect(`<message from='${ROOM}'><x xmlns='${USER}'/></message>`)), [104]);
    const shown = client.expect(`<presence from='${ROOM}'><x xmlns='${UPDATE}'/></presence>`);
    equal(shown.child("x", UPDATE)?.childText("photo"), sha1("one"));
  }
});

Deno.test("XEP-0486 §3.3, §3.4: anybody finds the hash and the picture, also before entering; each picture has a hash", async () => {
  await using c = await open();
  equal(await hashes(c.hag), undefined);
  await refused(c.hag, "get", `<vCard xmlns='${VCARD}'/>`, "item-not-found", "cancel");
  await ask(c.crone, "set", card(picture("one") + picture("two")));
  const stranger = await c.server.client("stranger/x");
  deepEqual(await hashes(stranger), [sha1("one"), sha1("two")]);
  const got = await ask(stranger, "get", `<vCard xmlns='${VCARD}'/>`);
  equal(got!.child("PHOTO")?.childText("BINVAL"), btoa("one"));
  for (const to of [ROOM, "muc.a.test"]) {
    const info = await ask(stranger, "get", `<query xmlns='${DISCO_INFO}'/>`, to);
    ok(info!.elements().some((it) => it.attr("var") === VCARD));
  }
  await enter(stranger, "newt");
  equal(
    stranger.expect(`<presence from='${ROOM}'><x xmlns='${UPDATE}'/></presence>`).child("x", UPDATE)
      ?.childText("photo"),
    sha1("one"),
  );
});

Deno.test("XEP-0486 §3.2: an empty card is none; who is no owner may not; nor what is too large or no picture", async () => {
  await using c = await open({ muc_vcard: { size: "1 KiB" } });
  await refused(c.hag, "set", card(picture("one")), "forbidden", "auth");
  await refused(c.crone, "set", card(picture("x".repeat(2000))), "policy-violation", "modify");
  await refused(c.crone, "set", card("<PHOTO><BINVAL>!</BINVAL></PHOTO>"), "bad-request", "modify");
  await ask(c.crone, "set", card(picture("one")));
  quietly(c.hag);
  await ask(c.crone, "set", card(""));
  c.hag.expect(`<message from='${ROOM}'><x xmlns='${USER}'><status code='104'/></x></message>`);
  equal(
    c.hag.expect(`<presence from='${ROOM}'><x xmlns='${UPDATE}'/></presence>`).child("x", UPDATE)!.childText(
      "photo",
    ),
    "",
  );
  equal(await hashes(c.hag), undefined);
  await refused(c.hag, "get", `<vCard xmlns='${VCARD}'/>`, "item-not-found", "cancel");
});

Deno.test("a card goes with its room", async () => {
  await using c = await open();
  await ask(c.crone, "set", card(picture("one")));
  await ask(c.crone, "set", owner("<destroy/>"));
  await create(c.hag, "hag");
  await refused(c.hag, "get", `<vCard xmlns='${VCARD}'/>`, "item-not-found", "cancel");
  equal(await hashes(c.hag), undefined);
});
