/** Servers that go away, come back, or say nothing any more: nothing is lost in silence, and nobody else waits for them. */
import assert from "node:assert/strict";
import { Ledger, ping, reaches, talk } from "./exchange.ts";
import { isThere, long, others, ours } from "./kinds.ts";
import { ejabberd } from "./peers/ejabberd.ts";
import { prosody } from "./peers/prosody.ts";
import { World } from "./world.ts";

const COUNT = long ? 500 : 30;
const QUICK = 'retry_after = "200 ms"\nretry_after_at_most = "1 s"\n';

for (const kind of others) {
  Deno.test({
    name: `issue 4: ${kind.name} is stopped and started again: what could not be delivered comes back`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const [we, they] = await Promise.all([
        world.settle(ours, "we.example", { more: QUICK }),
        world.settle(kind, "they.example"),
      ]);
      const alice = await we.client("alice");
      const bob = await they.client("bob");
      await talk(alice, bob);
      await talk(bob, alice);
      await they.stop();
      const down = new Ledger();
      down.send(alice, "bob@they.example", COUNT);
      assert.deepEqual(await down.settled(alice), { came: 0, back: COUNT });
      await they.start();
      await reaches(alice, "they.example");
      const again = await they.client("bob");
      await talk(alice, again);
      await talk(again, alice);
    },
  });

  Deno.test({
    name: `issue 4: we are killed and started again, and ${kind.name} finds us`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const [we, they] = await Promise.all([
        world.settle(ours, "we.example"),
        world.settle(kind, "they.example"),
      ]);
      const bob = await they.client("bob");
      const alice = await we.client("alice");
      await talk(bob, alice);
      await talk(alice, bob);
      await we.stop("SIGKILL");
      await we.start();
      const again = await we.client("alice");
      await talk(again, bob);
      // ejabberd rests for a random minute or two when it could not connect; it was connected here.
      await talk(bob, again);
    },
  });

  Deno.test({
    name: `issue 4: ${kind.name} hangs: others are served as before, and what waited arrives when it goes on`,
    ignore: !isThere(kind) || !isThere(prosody),
    async fn() {
      await using world = await World.make();
      const [we, slow, fast] = await Promise.all([
        world.settle(ours, "we.example"),
        world.settle(kind, "slow.example"),
        world.settle(prosody, "fast.example"),
      ]);
      const [alice, bob, carol] = await Promise.all([
        we.client("alice"),
        slow.client("bob"),
        fast.client("carol"),
      ]);
      await talk(alice, bob);
      await ping(alice, carol);
      slow.freeze();
      const waiting = new Ledger();
      waiting.send(alice, bob.jid, COUNT);
      const started = performance.now();
      for (let i = 0; i < 10; i++) await ping(alice, carol);
      const took = performance.now() - started;
      assert.ok(took < 3_000, `ten round trips with another server took ${took} ms`);
      slow.thaw();
      assert.deepEqual(await waiting.settled(alice, bob), { came: COUNT, back: 0 });
    },
  });
}

Deno.test({
  name:
    "issue 4: a server that accepts connections and says nothing: stanzas come back in time, others are served",
  ignore: !isThere(prosody),
  async fn() {
    await using world = await World.make();
    const [we, mute, fast] = await Promise.all([
      world.settle(ours, "we.example", { more: 'connect_timeout = "2 s"' }),
      world.settle(prosody, "mute.example"),
      world.settle(prosody, "fast.example"),
    ]);
    const [alice, carol] = await Promise.all([we.client("alice"), fast.client("carol")]);
    mute.freeze();
    const vain = new Ledger();
    const started = performance.now();
    vain.send(alice, "bob@mute.example", COUNT);
    await ping(alice, carol);
    assert.ok(performance.now() - started < 1_500, "another server did not wait");
    assert.deepEqual(await vain.settled(alice), { came: 0, back: COUNT });
    assert.ok(performance.now() - started < 6_000, "connect_timeout holds");
  },
});

Deno.test({
  name: "XEP-0198 for servers: prosody is killed with messages unread: each of them comes, or comes back",
  ignore: !isThere(prosody),
  async fn() {
    await using world = await World.make();
    const [we, they] = await Promise.all([
      world.settle(ours, "we.example", { more: `${QUICK}resume_timeout = "3 s"\n` }),
      world.settle(prosody, "they.example", { acknowledges: true }),
    ]);
    const alice = await we.client("alice");
    const bob = await they.client("bob");
    await talk(alice, bob, 5);
    // What it answered to the first words (that it acknowledges) has left it when it answers the second.
    await talk(alice, bob, 5);
    they.freeze();
    const unread = new Ledger();
    unread.send(alice, "bob@they.example", COUNT);
    // All of it has left us when something else has made its way through us afterwards.
    await alice.ping();
    await they.stop("SIGKILL");
    await they.start();
    const again = await they.client("bob");
    const { came, back } = await unread.settled(alice, again);
    assert.equal(came + back, COUNT);
  },
});

Deno.test({
  name: "issue 4: ejabberd is killed in the middle of a conversation; afterwards it goes on",
  ignore: !isThere(ejabberd),
  async fn() {
    await using world = await World.make();
    const [we, they] = await Promise.all([
      world.settle(ours, "we.example", { more: QUICK }),
      world.settle(ejabberd, "they.example"),
    ]);
    const alice = await we.client("alice");
    const bob = await they.client("bob");
    await talk(alice, bob, 5);
    await they.stop("SIGKILL");
    await they.start();
    await reaches(alice, "they.example");
    const again = await they.client("bob");
    await talk(alice, again, 5);
    await talk(again, alice, 5);
  },
});
