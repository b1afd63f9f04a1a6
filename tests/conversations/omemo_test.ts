/** XEP-0384: how clients publish keys, and how others find them. */
import assert from "node:assert/strict";
import {
  befriend,
  create,
  done,
  EVENT,
  events,
  itemIds,
  ownerOf,
  publish,
  publishAs,
  pubsubOf,
  refused,
  wants,
  world,
} from "./pubsub_world.ts";

const AXOLOTL = "eu.siacs.conversations.axolotl";
const DEVICES = `${AXOLOTL}.devicelist`;
const OPEN = { persist_items: "true", access_model: "open" };

const deviceList = (...ids: string[]) =>
  `<list xmlns='${AXOLOTL}'>${ids.map((id) => `<device id='${id}'/>`).join("")}</list>`;
const bundle = (key: string) =>
  `<bundle xmlns='${AXOLOTL}'><signedPreKeyPublic signedPreKeyId='1'>${key}</signedPreKeyPublic>
  <signedPreKeySignature>c2ln</signedPreKeySignature><identityKey>aWQ=</identityKey>
  <prekeys><preKeyPublic preKeyId='1'>cHJl</preKeyPublic></prekeys></bundle>`;

const read = (node: string, more = "") => pubsubOf(`<items node='${node}' ${more}/>`);

Deno.test("XEP-0384 (legacy): devices announce themselves, keys are fetched by anybody, as Conversations and Dino do it", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [juliet, balcony, romeo] = await server.online("juliet/chamber", "juliet/balcony", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, [DEVICES]);
  await wants(balcony, [DEVICES]);
  // Is anybody there before? A new account has none.
  await refused(juliet, "get", read(DEVICES), "item-not-found", undefined, "");
  assert.equal(await publishAs(juliet, DEVICES, "current", deviceList("31415"), OPEN), "published");
  assert.equal(
    await publishAs(juliet, `${AXOLOTL}.bundles:31415`, "current", bundle("a2V5"), OPEN),
    "published",
  );
  for (const client of [romeo, balcony]) {
    client.expect(
      `<message from='juliet@a.test' type='headline'><event xmlns='${EVENT}'><items node='${DEVICES}'><item id='current'>${
        deviceList("31415")
      }</item></items></event></message>`,
    );
  }
  // The second device adds itself, and its keys.
  await publishAs(balcony, DEVICES, "current", deviceList("31415", "27182"), OPEN);
  await publishAs(balcony, `${AXOLOTL}.bundles:27182`, "current", bundle("azI="), OPEN);
  assert.deepEqual(events(romeo), [`items ${DEVICES} item current+`]);
  // A stranger fetches both; nothing of it needs a subscription.
  for (const id of ["31415", "27182"]) {
    await peer.send(
      `<iq type='get' id='${id}' from='paris@b.test/x' to='juliet@a.test'>${
        read(`${AXOLOTL}.bundles:${id}`, "max_items='1'")
      }</iq>`,
    );
    peer.expect(`<iq type='result' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
      <items node='${AXOLOTL}.bundles:${id}'><item id='current'><bundle xmlns='${AXOLOTL}'/></item></items></pubsub></iq>`);
  }
  // A device that goes takes its keys with it.
  await publishAs(juliet, DEVICES, "current", deviceList("31415"), OPEN);
  await done(juliet, "set", ownerOf(`<delete node='${AXOLOTL}.bundles:27182'/>`), "");
  await refused(
    romeo,
    "get",
    read(`${AXOLOTL}.bundles:27182`),
    "item-not-found",
    undefined,
    "juliet@a.test",
  );
});

Deno.test("XEP-0384 (legacy): a node for contacts from long ago: refused with what differs, configured, published", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  await create(juliet, DEVICES, { access_model: "presence" }, "");
  await publish(juliet, DEVICES, "current", deviceList("1"), "");
  const stranger = read(DEVICES);
  await refused(paris, "get", stranger, "not-authorized", "presence-subscription-required", "juliet@a.test");
  assert.equal(await publishAs(juliet, DEVICES, "current", deviceList("1", "2"), OPEN), "configured");
  assert.deepEqual(await itemIds(paris, DEVICES, "", "", "juliet@a.test"), ["current"]);
  assert.equal(await publishAs(juliet, DEVICES, "current", deviceList("1", "2"), OPEN), "published");
});

Deno.test("XEP-0384 §5.3: urn:xmpp:omemo:2, a bundle a device in one node, as the XEP has it", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const omemo = "urn:xmpp:omemo:2";
  const devices = `<devices xmlns='${omemo}'><device id='12345'/><device id='4223' label='Gajim'/></devices>`;
  await publishAs(juliet, `${omemo}:devices`, "current", devices, { access_model: "open" });
  const many = { max_items: "max", access_model: "open" };
  for (const id of ["12345", "4223"]) {
    const keys =
      `<bundle xmlns='${omemo}'><spk id='0'>c3Br</spk><spks>c2ln</spks><ik>aWs=</ik><prekeys/></bundle>`;
    assert.equal(await publishAs(juliet, `${omemo}:bundles`, id, keys, many), "published");
  }
  // One, several, all.
  const ask = async (inner: string) =>
    (await done(romeo, "get", pubsubOf(`<items node='${omemo}:bundles'>${inner}</items>`), "juliet@a.test"))!
      .child("items")!.elements().map((it) => it.attr("id"));
  assert.deepEqual(await ask("<item id='4223'/>"), ["4223"]);
  assert.deepEqual(await ask(""), ["12345", "4223"]);
  await done(juliet, "set", pubsubOf(`<retract node='${omemo}:bundles'><item id='4223'/></retract>`), "");
  assert.deepEqual(await ask(""), ["12345"]);
});
