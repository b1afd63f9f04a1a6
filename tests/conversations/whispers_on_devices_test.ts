/**
 * Whispers in rooms (XEP-0045 §7.5) go to each device that is there under the name: they are one message in the archive
 * (XEP-0313), and come once to the device that takes over when both are lost (XEP-0198).
 */
import { deepEqual, equal } from "node:assert/strict";
import type { AnyPlugin } from "#plugin";
import type { TestClient } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { offline } from "../../plugins/im/offline.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { ask, query, SID } from "./archive_client.ts";
import { type Coven, coven, enter, ROOM, USER } from "./muc_world.ts";
import { enable } from "./stream_management_client.ts";

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

Deno.test("XEP-0198: a whisper that neither of two devices acknowledged comes once to the third", async () => {
  const [c, phone] = await twice([offline, carbons, streamManagement], enable);
  await using _ = c;
  await c.wicca.cut();
  await phone.cut();
  await c.crone.send(whisper("psst"));
  await c.server.clock.advance("11 min");
  await c.server.clock.advance("11 min");
  const third = await c.server.client("wiccarocks/third");
  await third.send("<presence/>");
  third.expect("<message><body>psst</body></message>");
  third.never("<message><body>psst</body></message>");
});
