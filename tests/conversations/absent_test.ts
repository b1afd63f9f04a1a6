/**
 * What becomes of a message for an account whose devices are away, by which plugins are on: archive (XEP-0313), offline
 * (XEP-0160) and push (XEP-0357) divide the work, and nothing is lost, told twice, or refused while somebody has it.
 */
import { deepEqual, equal } from "node:assert/strict";
import { type TestClient, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { push } from "../../plugins/push/push.ts";
import { sift } from "../../plugins/stream/sift.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { ask, kept, query, SID, STANZAS } from "./archive_client.ts";
import { enable, phone, PushService, say } from "./push_service.ts";

const COMMON = [roster, presence, message, carbons, sift, streamManagement, push];
const bodies = (client: TestClient) =>
  client.inbox.filter((it) => it.name === "message").map((it) => it.childText("body"));

for (const archives of [true, false]) {
  for (const stores of [true, false]) {
    const name = `archive ${archives ? "on" : "off"}, offline ${stores ? "on" : "off"}`;
    const plugins = [...(archives ? [archive] : []), ...COMMON, ...(stores ? [offline] : [])];
    const isKept = archives || stores;

    Deno.test(`XEP-0313, XEP-0160, XEP-0357: ${name}, nobody is there`, async () => {
      await using s = await testServer({ plugins });
      const service = new PushService(s);
      const romeo = await s.client("romeo/orchard");
      const before = await s.client("juliet/phone");
      await enable(before);
      await before.close();
      await say(romeo, "one");
      equal(await service.count(), isKept ? 1 : 0);
      if (isKept) romeo.quiet();
      else {romeo.expect(
          `<message type='error'><error><service-unavailable xmlns='${STANZAS}'/></error></message>`,
        );}
      // A device that knows no archives, and one that does.
      const old = await s.client("juliet/old");
      await old.send("<presence/>");
      deepEqual(bodies(old), stores ? ["one"] : []);
      equal(old.inbox.some((it) => it.has("stanza-id", SID)), archives && stores);
      await old.close();
      await say(romeo, "two");
      romeo.clear();
      await s.clock.advance("10 s");
      equal(await service.count(), isKept ? 1 : 0);
      const pad = await s.client("juliet/pad");
      if (archives) deepEqual((await ask(pad, query("1"))).bodies, ["one", "two"]);
      await pad.send("<presence/>");
      deepEqual(bodies(pad), stores && !archives ? ["two"] : []);
      romeo.quiet();
    });

    Deno.test(`XEP-0198, XEP-0357: ${name}, a session that nobody resumes`, async () => {
      await using s = await testServer({ plugins });
      const service = new PushService(s);
      const nurse = s.remote("b.test");
      const { client } = await phone(s, "phone");
      await enable(client);
      await client.cut();
      await nurse.send(
        "<message from='nurse@b.test' to='juliet@a.test' type='chat' id='m1'><body>one</body></message>",
      );
      equal(await service.count(), 1);
      await s.clock.advance("1 hour");
      equal(await service.count(), 0, "told twice");
      if (isKept) nurse.quiet();
      else nurse.expect("<message type='error' id='m1'/>");
      const again = await s.client("juliet/phone");
      await again.send("<presence/>");
      deepEqual(bodies(again), stores ? ["one"] : []);
      if (archives) deepEqual(await kept(again), ["one"]);
    });

    if (!isKept) continue;
    Deno.test(`XEP-0273: ${name}, a device that sifts messages`, async () => {
      await using s = await testServer({ plugins });
      const service = new PushService(s);
      const romeo = await s.client("romeo/orchard");
      const before = await s.client("juliet/phone");
      await enable(before);
      await before.close();
      const [desk] = await s.online("juliet/desk");
      await desk!.send("<iq type='set' id='s'><sift xmlns='urn:xmpp:sift:2'><message/></sift></iq>");
      desk!.expect("<iq type='result' id='s'/>");
      await romeo.send("<message to='juliet@a.test' type='chat' id='m1'><body>one</body></message>");
      desk!.never("<message><body>one</body></message>");
      equal(await service.count(), 1);
      await s.clock.advance("10 s");
      equal(await service.count(), 0, "told twice");
      romeo.quiet();
    });
  }
}

Deno.test("XEP-0313: what is no message to keep is refused or forgotten as where there is no archive", async () => {
  await using s = await testServer({ plugins: [message, archive] });
  const romeo = await s.client("romeo/orchard");
  await romeo.send(
    `<message to='juliet@a.test' type='chat' id='no'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>`,
  );
  romeo.expect("<message type='error' id='no'/>");
  await romeo.send(
    `<message to='juliet@a.test' type='chat' id='forged'><body>x</body><no-store xmlns='urn:xmpp:hints'/>
     <stanza-id xmlns='${SID}' id='x' by='juliet@a.test'/></message>`,
  );
  romeo.expect("<message type='error' id='forged'/>");
});
