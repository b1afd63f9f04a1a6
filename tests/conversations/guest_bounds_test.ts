/** AC-2.10-5: what guests may not do, though they are of this server (XEP-0175). */
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { upload } from "../../plugins/upload/upload.ts";
import { type TestClient, testServer } from "#testing";
import { create, enter, error, MUC, PLUGINS, USER } from "./muc_world.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const SLOT = "<request xmlns='urn:xmpp:http:upload:0' filename='x.png' size='3'/>";

async function become(guest: TestClient): Promise<TestClient> {
  await guest.open();
  await guest.send(`<auth xmlns='${SASL}' mechanism='ANONYMOUS'>=</auth>`);
  await guest.open();
  await guest.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  guest.clear();
  return guest;
}

Deno.test("AC-2.10-5: a guest makes no room and gets no upload slot, and may enter an open room", async () => {
  const folder = await Deno.makeTempDir();
  {
    await using server = await testServer({
      host: "a.test",
      plugins: [...PLUGINS, internal, anonymous, upload],
      config: {
        limits: { ping_after: "off" },
        defaults: { upload: { folder } },
        host: {
          "a.test": { plugins: { add: ["upload"], remove: ["anonymous"] } },
          "guests.test": { authentication: "anonymous", plugins: { add: ["upload"], remove: ["internal"] } },
        },
      },
    });
    const [alice] = await server.online("alice/desk");
    await create(alice, "alice", {}, "open@muc.a.test");
    const guest = await become(server.connect({ address: "192.0.2.1" }, "guests.test"));
    for (const place of ["muc.guests.test", "muc.a.test"]) {
      await guest.send(`<presence to='mine@${place}/guest'><x xmlns='${MUC}'/></presence>`);
      guest.expect(
        `<presence from='mine@${place}/guest' type='error'>${error("not-allowed", "cancel")}</presence>`,
      );
    }
    for (const place of ["guests.test", "a.test"]) {
      await guest.send(`<iq type='get' id='slot' to='${place}'>${SLOT}</iq>`);
      guest.expect(`<iq type='error' id='slot' from='${place}'>${error("not-authorized", "auth")}</iq>`);
    }
    await enter(guest, "guest", "", "open@muc.a.test");
    alice.expect(
      `<presence from='open@muc.a.test/guest'><x xmlns='${USER}'><item role='participant'/></x></presence>`,
    );
  }
  await Deno.remove(folder, { recursive: true });
});
