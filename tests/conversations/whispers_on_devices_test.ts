/**
 * Whispers in rooms (XEP-0045 §7.5) go to each device that is there under the name: they are one message in the archive
 * (XEP-0313), and come once to the device that takes over when both are lost (XEP-0198).
 */
import { deepEqual, equal } from "node:assert/strict";
import { type AnyPlugin, arriving, definePlugin, el, none } from "#plugin";
import type { TestClient } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { offline } from "../../plugins/im/offline.ts";
import { atStake } from "../../plugins/stream/api.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { ask, query, SID } from "./archive_client.ts";
import { type Coven, coven, enter, ROOM, USER } from "./muc_world.ts";
import { enable, NS } from "./stream_management_client.ts";

/** The second witch is there with two devices. */
async function twice(
  plugins: readonly AnyPlugin[],
  prepare?: (client: TestClient) => Promise<unknown>,
): Promise<[Coven, TestClient]> {
  const c = await coven({ plugins });
  await prepare?.(c.wicca);
  const phone = await c.server.client("wiccarocks/phone");
  await prepare?.(phone);
  await phone.send("<presence/>");
  await enter(phone, "secondwitch");
  for (const client of [c.crone, c.wicca, phone]) client.clear();
  return [c, phone];
}

const whisper = (words: string) =>
  `<message to='${ROOM}/secondwitch' type='chat' id='w'><body>${words}</body><x xmlns='${USER}'/></message>`;

Deno.test("XEP-0313: a whisper to two devices is in the archive once, under the name that both were told", async () => {
  const [c, phone] = await twice([archive, carbons]);
  await using _ = c;
  for (const words of ["psst", "psst", "again"]) await c.crone.send(whisper(words));
  const names = [c.wicca, phone].map((client) =>
    client.inbox.filter(({ name }) => name === "message").map((it) => it.child("stanza-id", SID)!.attr("id"))
  );
  deepEqual(names[0], names[1]);
  equal(new Set(names[0]).size, 3);
  phone.clear();
  const { ids, bodies } = await ask(phone, query("q"));
  deepEqual(ids, names[0]);
  deepEqual(bodies, ["psst", "psst", "again"]);
});

Deno.test("XEP-0313: the same where another plugin adds something after the archive has named it", async () => {
  const adding = definePlugin({
    name: "adding",
    doc: "Adds something.",
    xeps: [],
    config: none,
    after: ["archive"],
    setup(host) {
      host.at(arriving).amend(
        { kind: "message", to: "resource" },
        ({ stanza }) => stanza.containing(stanza.source.plus(el("seen", "urn:seen"))),
      );
    },
  });
  const [c, phone] = await twice([archive, carbons, adding]);
  await using _ = c;
  for (const words of ["1", "2"]) await c.crone.send(whisper(words));
  phone.clear();
  deepEqual((await ask(phone, query("q"))).bodies, ["1", "2"]);
});

/** How often a client has heard it. */
const heard = (client: TestClient): number =>
  client.inbox.filter((it) => it.name === "message" && it.childText("body") === "psst").length;

for (const kept of [[], [archive]]) {
  const where = kept.length > 0 ? "with an archive" : "without an archive";

  Deno.test(`XEP-0198: a whisper that neither of two devices acknowledged comes once to the third, ${where}`, async () => {
    const [c, phone] = await twice([offline, carbons, ...kept, streamManagement], enable);
    await using _ = c;
    await c.wicca.cut();
    await phone.cut();
    await c.crone.send(whisper("psst"));
    await c.server.clock.advance("11 min");
    await c.server.clock.advance("11 min");
    const third = await c.server.client("wiccarocks/third");
    await third.send("<presence/>");
    equal(heard(third), 1);
  });

  for (const says of ["nothing", "that it has got it"]) {
    Deno.test(`XEP-0198: a whisper does not come again to a device that says ${says} when the other is given up, ${where}`, async () => {
      const [c, phone] = await twice([offline, carbons, ...kept, streamManagement]);
      await using _ = c;
      await enable(c.wicca, NS, "3");
      await enable(phone);
      await c.wicca.cut();
      await c.crone.send(whisper("psst"));
      equal(heard(phone), 1);
      if (says !== "nothing") await phone.send(`<a xmlns='${NS}' h='1'/>`);
      await c.server.clock.advance("4500 ms");
      equal(phone.closed, false);
      equal(heard(phone), 1);
    });
  }
}

Deno.test("XEP-0198: what another device had is in storage when that is gone in order and this one breaks", async () => {
  const lies: string[] = [];
  const vault = definePlugin({
    name: "vault",
    doc: "Keeps what is at stake.",
    xeps: [],
    config: none,
    setup(host) {
      host.on(atStake, ({ stanza, deposited }) => {
        const body = stanza.source.childText("body")!;
        lies.push(body);
        deposited({ remove: () => void lies.splice(lies.indexOf(body), 1) });
      });
    },
  });
  const [c, phone] = await twice([carbons, streamManagement, vault], (it) => enable(it, NS, "3"));
  await using _ = c;
  await c.wicca.cut();
  await c.crone.send(whisper("psst"));
  deepEqual(lies, ["psst"]);
  await c.server.clock.advance("4500 ms");
  deepEqual(lies, []);
  await phone.cut();
  await c.server.settle();
  deepEqual(lies, ["psst"]);
});
