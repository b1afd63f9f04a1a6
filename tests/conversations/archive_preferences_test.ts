/** XEP-0441: preferences, which replace the ones before (BUG-53). */
import { deepEqual } from "node:assert/strict";
import { type TestClient, type TestOptions, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { kept, MAM, STANZAS } from "./archive_client.ts";

const verona = (options: TestOptions = {}) =>
  testServer({ host: "capulet.lit", plugins: [roster, presence, message, archive], ...options });

const prefs = (behaviour: string, always: readonly string[] = [], never: readonly string[] = []) => {
  const list = (jids: readonly string[]) => jids.map((jid) => `<jid>${jid}</jid>`).join("");
  return `<prefs xmlns='${MAM}' default='${behaviour}'><always>${list(always)}</always>
    <never>${list(never)}</never></prefs>`;
};

async function apply(client: TestClient, wanted: string): Promise<void> {
  client.clear();
  await client.send(`<iq type='set' id='juliet3'>${wanted}</iq>`);
  client.expectNext(`<iq type='result' id='juliet3'>${wanted}</iq>`);
}

Deno.test("XEP-0441 §2.1: reading and setting", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  const read = `<iq type='get' id='juliet2'><prefs xmlns='${MAM}'/></iq>`;
  await juliet.send(read);
  juliet.expectNext(`<iq type='result' id='juliet2'>
    <prefs xmlns='${MAM}' default='always'><always/><never/></prefs></iq>`);
  await apply(juliet, prefs("roster", ["romeo@montague.lit"], ["montague@montague.lit"]));
  await juliet.send(read);
  juliet.expectNext(`<iq type='result' id='juliet2'>
    ${prefs("roster", ["romeo@montague.lit"], ["montague@montague.lit"])}</iq>`);
  // A set without a list empties it.
  await juliet.send(`<iq type='set' id='1'><prefs xmlns='${MAM}' default='never'/></iq>`);
  const answer = juliet.expectNext(`<iq type='result'/>`).child("prefs", MAM)!;
  deepEqual([answer.child("always")!.elements().length, answer.child("never")!.elements().length], [0, 0]);
});

Deno.test("XEP-0441 §2.1: what makes no sense changes nothing", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  const many = Array.from({ length: 1001 }, (_, i) => `j${i}@b.test`);
  for (
    const [wanted, condition] of [
      [prefs("sometimes"), "bad-request"],
      [`<prefs xmlns='${MAM}'/>`, "bad-request"],
      [prefs("always", ["@@"]), "jid-malformed"],
      [prefs("always", many), "policy-violation"],
    ] as const
  ) {
    await juliet.send(`<iq type='set' id='1'>${wanted}</iq>`);
    juliet.expectNext(`<iq type='error'><error><${condition} xmlns='${STANZAS}'/></error></iq>`);
  }
  await juliet.send(`<iq type='get' id='2'><prefs xmlns='${MAM}'/></iq>`);
  juliet.expectNext(`<iq type='result'><prefs xmlns='${MAM}' default='always'/></iq>`);
});

Deno.test("XEP-0441 §2.3: whose messages are kept, both ways", async () => {
  await using s = await verona();
  const romeo = s.remote("montague.lit");
  const juliet = await s.client("juliet/chamber");
  const talk = async () => {
    const before = (await kept(juliet)).length;
    for (const who of ["romeo@montague.lit/orchard", "romeo@montague.lit/hall", "tybalt@montague.lit/x"]) {
      await juliet.send(`<message to='${who}' type='chat'><body>to ${who}</body></message>`);
      await romeo.send(
        `<message from='${who}' to='juliet@capulet.lit/chamber' type='chat'><body>${who}</body></message>`,
      );
    }
    return (await kept(juliet)).slice(before).filter((body) => !body.startsWith("to "))
      .map((who) => who.split(/[@/]/)[who.startsWith("romeo") ? 2 : 0]);
  };
  deepEqual(await talk(), ["orchard", "hall", "tybalt"]);
  await apply(juliet, prefs("never"));
  deepEqual(await talk(), []);
  await apply(juliet, prefs("never", ["ROMEO@montague.lit"].map((jid) => jid.toLowerCase())));
  deepEqual(await talk(), ["orchard", "hall"]);
  await apply(juliet, prefs("always", ["romeo@montague.lit/hall"], ["romeo@montague.lit"]));
  deepEqual(await talk(), ["hall", "tybalt"]);
  await apply(juliet, prefs("always", [], ["romeo@montague.lit/hall"]));
  deepEqual(await talk(), ["orchard", "tybalt"]);
  await apply(juliet, prefs("roster"));
  deepEqual(await talk(), []);
  await juliet.send(
    `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='tybalt@montague.lit'/></query></iq>`,
  );
  deepEqual(await talk(), ["tybalt"]);
});

Deno.test("the configuration says what is usual, people what is theirs; it outlives the server", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const options = {
      data: `${folder}/data.sqlite`,
      config: { defaults: { archive: { default: "never" } } },
    };
    const say = (client: TestClient) => client.send("<message to='a@b.test'><body>x</body></message>");
    {
      await using s = await verona(options);
      const juliet = await s.client("juliet/chamber");
      await say(juliet);
      deepEqual(await kept(juliet), []);
      await apply(juliet, prefs("always"));
      await say(juliet);
      deepEqual(await kept(juliet), ["x"]);
    }
    await using s = await verona(options);
    const juliet = await s.client("juliet/chamber");
    await say(juliet);
    deepEqual(await kept(juliet), ["x", "x"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
