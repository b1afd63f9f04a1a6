/** AC-2.4-4 for what rooms and publish-subscribe tell: each event of theirs once, for the stanza that causes it. */
import { deepEqual } from "node:assert/strict";
import { definePlugin, type Event, none } from "#plugin";
import * as muc from "../../plugins/muc/api.ts";
import * as pubsub from "../../plugins/pubsub/api.ts";
import { admin, ask, configure, coven, enter, owner, ROOM } from "./muc_world.ts";
import {
  affiliate,
  configForm,
  create,
  done,
  ownerOf,
  publish,
  pubsubOf,
  subscribe,
  world,
} from "./pubsub_world.ts";

/** A plugin of one kind of host that notes which of these events it was told of. */
function counting(kind: string, events: Record<string, Event<never>>, seen: string[]) {
  return definePlugin({
    name: "counting",
    doc: "Counts.",
    config: none,
    hosts: [kind],
    setup(host) {
      for (const [name, event] of Object.entries(events)) host.on(event, () => void seen.push(name));
    },
  });
}

Deno.test("AC-2.4-4: each event of a room comes once", async () => {
  const { roomCreated, joined, deviceJoined, left, nicknameChanged, said } = muc;
  const { configured, affiliationsChanged, roomDestroyed } = muc;
  const events = { roomCreated, joined, deviceJoined, left, nicknameChanged, said, configured };
  const seen: string[] = [];
  const told = (...names: string[]) => deepEqual(seen.splice(0), names);
  const plugins = [counting("muc", { ...events, affiliationsChanged, roomDestroyed }, seen)];
  await using it = await coven({ plugins });
  told("roomCreated", "joined", "joined", "joined");
  const pad = (await it.server.online("hag66/pad"))[0];
  await enter(pad, "thirdwitch");
  told("deviceJoined");
  await pad.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  told();
  await it.hag.send(`<presence to='${ROOM}/oldhag'/>`);
  told("nicknameChanged");
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>hi</body></message>`);
  told("said");
  await configure(it.crone, { roomname: "Coven" });
  told("configured");
  await ask(it.crone, "set", admin("<item jid='wiccarocks@a.test' affiliation='member'/>"));
  told("affiliationsChanged");
  await it.hag.send(`<presence to='${ROOM}/oldhag' type='unavailable'/>`);
  told("left");
  await ask(it.crone, "set", owner("<destroy/>"));
  told("left", "left", "roomDestroyed");
});

Deno.test("AC-2.4-4: each event of a pubsub service comes once", async () => {
  const { itemPublished, itemsRetracted, nodePurged, nodeCreated, nodeConfigured, nodeDeleted } = pubsub;
  const { subscriptionChanged, affiliationChanged } = pubsub;
  const events = { itemPublished, itemsRetracted, nodePurged, nodeCreated, nodeConfigured, nodeDeleted };
  const seen: string[] = [];
  const told = (...names: string[]) => deepEqual(seen.splice(0), names);
  const plugins = [counting("pubsub", { ...events, subscriptionChanged, affiliationChanged }, seen)];
  await using server = await world({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  seen.length = 0;
  await create(alice, "news");
  told("nodeCreated");
  await subscribe(bob, "news");
  told("subscriptionChanged");
  await publish(alice, "news", "one");
  told("itemPublished");
  await done(alice, "set", pubsubOf("<retract node='news'><item id='one'/></retract>"));
  told("itemsRetracted");
  await done(alice, "set", ownerOf(`<configure node='news'>${configForm({ title: "News" })}</configure>`));
  told("nodeConfigured");
  await affiliate(alice, "news", "bob@a.test", "publisher");
  told("affiliationChanged");
  await publish(bob, "news", "two");
  told("itemPublished");
  await done(alice, "set", ownerOf("<purge node='news'/>"));
  told("nodePurged");
  await done(alice, "set", ownerOf("<delete node='news'/>"));
  told("nodeDeleted");
});
