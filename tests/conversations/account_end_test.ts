/** AC-2.5-3, AC-2.6-6: what is left of people who go for good, and of rooms that they have left. */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { definePlugin, defineSlot, none } from "#plugin";
import { archive } from "../../plugins/archive/archive.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { roomAccounts } from "../../plugins/muc/accounts.ts";
import { type Room, type Rooms, rooms } from "../../plugins/muc/api.ts";
import { uploadAccounts } from "../../plugins/upload/accounts.ts";
import { upload } from "../../plugins/upload/upload.ts";
import { kept } from "./archive_client.ts";
import { coven, create, enter, PLUGINS, quietly, ROOM } from "./muc_world.ts";
import { UploadWorld } from "./upload_world.ts";

Deno.test("AC-2.5-3: an account is removed: contacts are told, uploads and archive are gone, its room goes on", async () => {
  const plugins = [...PLUGINS, subscription, internal, archive, roomAccounts, upload, uploadAccounts];
  await using world = await UploadWorld.begin({}, {}, { plugins });
  const { server } = world;
  const [alice, bob, carol] = await server.online("alice/desk", "bob/pad", "carol/pda");
  await bob.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  await alice.send("<presence to='bob@a.test' type='subscribe'/>");
  await bob.send(
    "<presence to='alice@a.test' type='subscribed'/><presence to='alice@a.test' type='subscribe'/>",
  );
  await alice.send("<presence to='bob@a.test' type='subscribed'/>");
  await alice.send("<message to='bob@a.test' type='chat'><body>x</body></message>");
  await create(alice, "alice", { persistentroom: "1" });
  await enter(bob, "bob");
  await enter(carol, "carol");
  const file = await world.share(alice, "picture.png", 3);
  deepEqual(await kept(alice), ["x"]);
  quietly(alice, bob, carol);
  server.host.accounts.remove("alice");
  await server.settle();
  bob.expect("<presence from='alice@a.test' type='unsubscribe'/>");
  bob.expect("<presence from='alice@a.test' type='unsubscribed'/>");
  bob.expect(`<presence from='${ROOM}/alice' type='unavailable'/>`);
  equal(await world.status(file), 404);
  await world.untilOnDisk(0);
  quietly(bob, carol);
  await bob.send(`<message to='${ROOM}' type='groupchat'><body>still here</body></message>`);
  carol.expect(`<message from='${ROOM}/bob'><body>still here</body></message>`);
  const again = await server.client("alice/new");
  deepEqual(await kept(again), []);
});

Deno.test("AC-2.6-6: rooms that nobody is in leave the memory after their time, and no sooner", async () => {
  const slot = defineSlot<string>("note");
  const found: { service: Rooms | undefined } = { service: undefined };
  const looking = definePlugin({
    name: "looking",
    doc: "Looks.",
    config: none,
    hosts: ["muc"],
    needs: [rooms],
    setup: (host) => void (found.service = host.use(rooms)),
  });
  await using it = await coven({
    fields: { persistentroom: "1" },
    muc: { idle: "10 min" },
    plugins: [looking],
  });
  const room = (): Room => found.service!.find("coven")!;
  const before = room();
  before.set(slot, "in memory only");
  await it.server.clock.advance("30 minutes");
  equal(room(), before);
  for (const client of [it.crone, it.wicca, it.hag]) {
    await client.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  }
  await it.server.clock.advance("8 minutes");
  equal(room(), before);
  await it.server.clock.advance("15 minutes");
  notEqual(room(), before);
  equal(room().get(slot), undefined);
  ok(room().persistent);
});
