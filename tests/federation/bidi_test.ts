/** XEP-0288 against real servers: connections are counted from outside. */
import assert from "node:assert/strict";
import { talk } from "./exchange.ts";
import { isThere, long, ours } from "./kinds.ts";
import { ejabberd } from "./peers/ejabberd.ts";
import { prosody } from "./peers/prosody.ts";
import { connectionsBetween, type Settled, type Way, World } from "./world.ts";

const MESSAGES = long ? 1_000 : 100;
const MEETINGS = long ? 200 : 10;

/** How many connections there are after the first has spoken, and both have said much. */
async function connections(
  kind: typeof prosody,
  first: "we" | "they",
  way: Way,
  own: Settled,
): Promise<number> {
  await using world = await World.make();
  const [we, they] = await Promise.all([
    world.settle(ours, "we.example", { way, bidi: true, ...own }),
    world.settle(kind, "they.example", { way, bidi: true }),
  ]);
  const [alice, bob] = await Promise.all([we.client("alice"), they.client("bob")]);
  const [speaker, listener] = first === "we" ? [alice, bob] : [bob, alice];
  await talk(speaker, listener);
  // Prosody 0.12 lets new stanzas overtake those that wait for a connection: so the masses come after the first word.
  await talk(listener, speaker);
  await Promise.all([talk(alice, bob, MESSAGES), talk(bob, alice, MESSAGES)]);
  return await connectionsBetween(we, they);
}

for (const way of ["starttls", "direct"] as const) {
  for (const first of ["we", "they"] as const) {
    Deno.test({
      name: `AC-2.7-1: one connection with prosody for both directions, ${way}, ${first} connect`,
      ignore: !isThere(prosody),
      async fn() {
        assert.equal(await connections(prosody, first, way, {}), 1);
      },
    });
  }
}

Deno.test({
  name: "AC-2.7-3: with prosody on the list of exclusions each direction has a connection of its own",
  ignore: !isThere(prosody),
  async fn() {
    const more = 'one_way = ["they.example"]';
    assert.equal(await connections(prosody, "we", "starttls", { more }), 2);
    assert.equal(await connections(prosody, "they", "starttls", { more }), 2);
  },
});

Deno.test({
  name: "XEP-0288: ejabberd 23.01 does not know it, and each direction has a connection of its own",
  ignore: !isThere(ejabberd),
  async fn() {
    assert.equal(await connections(ejabberd, "we", "starttls", {}), 2);
  },
});

Deno.test({
  name: `AC-2.7-4: prosody and we connect at the same moment, ${MEETINGS} times, and nothing is lost`,
  ignore: !isThere(prosody),
  async fn() {
    await using world = await World.make();
    const [we, they] = await Promise.all([
      world.settle(ours, "we.example", { bidi: true }),
      world.settle(prosody, "they.example", { bidi: true }),
    ]);
    const [alice, bob] = await Promise.all([we.client("alice"), they.client("bob")]);
    let met = 0;
    for (let meeting = 0; meeting < MEETINGS; meeting++) {
      const before = they.process.printed.length;
      await Promise.all([talk(alice, bob, 3), talk(bob, alice, 3)]);
      // Both may have connected; whoever came later is still at it.
      const complete = () =>
        they.process.printed.slice(before).filter((line) => /s2s connection \S+ complete/.test(line)).length;
      await until(async () => await connectionsBetween(we, they) === complete());
      if (complete() === 2) met++;
      await they.console("s2s:closeall()");
      await until(async () => await connectionsBetween(we, they) === 0);
    }
    assert.ok(met > MEETINGS / 4, `only ${met} of ${MEETINGS} were meetings`);
  },
});

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!await met()) await new Promise((resolve) => setTimeout(resolve, 10));
}
