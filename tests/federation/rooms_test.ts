/** A room of ours with people of another program's server in it: XEP-0045 as two servers see it (issue 5). */
import assert from "node:assert/strict";
import type { WireClient } from "../server/wire_client.ts";
import { bare } from "./exchange.ts";
import { isThere, others, ours } from "./kinds.ts";
import type { Peer, PeerKind } from "./peers/peer.ts";
import { World } from "./world.ts";

const MUC = "http://jabber.org/protocol/muc";
const ROOM = "coven@muc.we.example";
/** What cannot be delivered comes back soon. */
const QUICK = 'retry_after = "200 ms"\nretry_after_at_most = "1 s"\nresume_timeout = "off"\n';

interface Shared {
  readonly we: Peer;
  readonly they: Peer;
  readonly alice: WireClient;
  readonly bob: WireClient;
  readonly eve: WireClient;
}

/** A room at ours: alice is its owner, bob and eve come from elsewhere. */
async function shared(world: World, kind: PeerKind): Promise<Shared> {
  const [we, they] = await Promise.all([
    world.settle(ours, "we.example", { bidi: true, more: QUICK, shows: "services" }),
    world.settle(kind, "they.example", { bidi: true }),
  ]);
  world.publish("muc.we.example", "starttls", we.ports);
  const alice = await we.client("alice");
  const bob = await they.client("bob");
  const eve = await they.client("eve");
  await enter(alice, "alice");
  alice.send(
    `<iq type='set' id='c' to='${ROOM}'><query xmlns='${MUC}#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  );
  await alice.expect(`<iq type='result' id='c'/>`);
  await enter(bob, "bob");
  await enter(eve, "eve");
  return { we, they, alice, bob, eve };
}

async function enter(client: WireClient, nick: string): Promise<void> {
  client.send(`<presence to='${ROOM}/${nick}'><x xmlns='${MUC}'/></presence>`);
  await client.expect(
    `<presence from='${ROOM}/${nick}'><x xmlns='${MUC}#user'><status code='110'/></x></presence>`,
  );
}

async function said(by: WireClient, nick: string, ...to: WireClient[]): Promise<void> {
  const text = crypto.randomUUID();
  by.send(`<message type='groupchat' to='${ROOM}' id='${text}'><body>${text}</body></message>`);
  for (const client of to) {
    await client.expect(`<message type='groupchat' from='${ROOM}/${nick}'><body>${text}</body></message>`);
  }
}

const gone = (nick: string, ...codes: number[]) =>
  `<presence type='unavailable' from='${ROOM}/${nick}'><x xmlns='${MUC}#user'>${
    codes.map((code) => `<status code='${code}'/>`).join("")
  }</x></presence>`;

for (const kind of others) {
  Deno.test({
    name:
      `issue 5: people of ${kind.name} in a room of ours: presence, messages, private ones, a kick, leaving`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const { alice, bob, eve } = await shared(world, kind);
      await alice.expect(
        `<presence from='${ROOM}/bob'><x xmlns='${MUC}#user'><item role='participant'/></x></presence>`,
      );
      await bob.expect(
        `<presence from='${ROOM}/alice'><x xmlns='${MUC}#user'><item affiliation='owner'/></x></presence>`,
      );
      await bob.expect(`<presence from='${ROOM}/eve'/>`);
      await said(alice, "alice", alice, bob, eve);
      await said(bob, "bob", alice, bob, eve);
      bob.send(`<message type='chat' to='${ROOM}/eve' id='w'><body>hush</body></message>`);
      await eve.expect(`<message type='chat' from='${ROOM}/bob'><body>hush</body></message>`);
      bob.send(`<presence to='${ROOM}/bobby'/>`);
      for (const client of [alice, bob, eve]) await client.expect(gone("bob", 303));
      alice.send(
        `<iq type='set' id='k' to='${ROOM}'><query xmlns='${MUC}#admin'><item nick='eve' role='none'/></query></iq>`,
      );
      await alice.expect(`<iq type='result' id='k'/>`);
      for (const client of [alice, bob, eve]) await client.expect(gone("eve", 307));
      await said(bob, "bobby", alice, bob);
      eve.send(`<message type='groupchat' to='${ROOM}' id='v'><body>let me in</body></message>`);
      await eve.expect(`<message type='error' id='v' from='${ROOM}'/>`);
      bob.send(`<presence type='unavailable' to='${ROOM}/bobby'/>`);
      await alice.expect(gone("bobby"));
    },
  });

  Deno.test({
    name: `issue 5: ${kind.name} is killed: its people do not stay in the room as ghosts, and may come again`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const { they, alice, bob } = await shared(world, kind);
      await said(bob, "bob", alice);
      await they.stop("SIGKILL");
      alice.send(`<message type='groupchat' to='${ROOM}' id='q'><body>Anybody?</body></message>`);
      // Erlang's runtime outlives its launcher long enough to say goodbye for its people, sometimes.
      const codes = kind.name === "ejabberd" ? [] : [333];
      await alice.expect(gone("bob", ...codes));
      await alice.expect(gone("eve", ...codes));
      await said(alice, "alice", alice);
      await they.start();
      const again = await they.client("bob");
      assert.equal(bare(again.jid), "bob@they.example");
      await enter(again, "bob");
      await said(alice, "alice", again);
      await said(again, "bob", alice);
    },
  });
}
