import assert from "node:assert/strict";
import { type TestOptions, testServer } from "#testing";
import { vcard } from "../../plugins/account/vcard.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { disco } from "../../plugins/service/disco.ts";

const server = (options: TestOptions = {}) =>
  testServer({ host: "jabber.org", plugins: [vcard, disco], ...options });
const CARD =
  `<vCard xmlns='vcard-temp'><FN>Peter Saint-Andre</FN><N><FAMILY>Saint-Andre</FAMILY><GIVEN>Peter</GIVEN>
  <MIDDLE/></N><TEL><WORK/><VOICE/><NUMBER>303-308-3282</NUMBER></TEL></vCard>`;
const error = (id: string, type: string, condition: string) =>
  `<iq id='${id}' type='error'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;

Deno.test("XEP-0054: none, then one, then another", async () => {
  await using s = await server();
  const peter = await s.client("stpeter/roundabout");
  await peter.send("<iq id='v1' type='get'><vCard xmlns='vcard-temp'/></iq>");
  peter.expect(error("v1", "cancel", "item-not-found"));
  await peter.send(`<iq id='v2' type='set'>${CARD}</iq>`);
  peter.expect("<iq id='v2' type='result'/>");
  await peter.send("<iq id='v3' type='get'><vCard xmlns='vcard-temp'/></iq>");
  peter.expect(`<iq id='v3' type='result'>${CARD}</iq>`);
  await peter.send("<iq id='v4' type='set'><vCard xmlns='vcard-temp'><FN>Peter</FN></vCard></iq>");
  await peter.send("<iq id='v5' type='get'><vCard xmlns='vcard-temp'/></iq>");
  const card = peter.expect("<iq id='v5' type='result'><vCard xmlns='vcard-temp'><FN>Peter</FN></vCard></iq>")
    .first()!;
  assert.equal(card.elements().length, 1, "the old card is gone as a whole");
  await peter.send("<iq id='v6' type='set'><vCard xmlns='vcard-temp'/></iq>");
  await peter.send("<iq id='v7' type='get'><vCard xmlns='vcard-temp'/></iq>");
  peter.expect(error("v7", "cancel", "item-not-found"));
});

Deno.test("XEP-0054: anybody may read it; no card and no account look the same (§3.3)", async () => {
  await using s = await server();
  const peter = await s.client("stpeter/roundabout");
  const jer = await s.client("jer/x");
  await jer.send("<iq id='v2' type='set'><vCard xmlns='vcard-temp'><FN>Jeremie Miller</FN></vCard></iq>");
  await peter.send("<iq id='v3' to='jer@jabber.org' type='get'><vCard xmlns='vcard-temp'/></iq>");
  peter.expect(
    `<iq id='v3' from='jer@jabber.org' type='result'><vCard xmlns='vcard-temp'><FN>Jeremie Miller</FN></vCard></iq>`,
  );
  const remote = s.remote("b.test");
  await remote.send(
    "<iq id='v4' from='a@b.test/c' to='jer@jabber.org' type='get'><vCard xmlns='vcard-temp'/></iq>",
  );
  remote.expect(`<iq id='v4' type='result'><vCard xmlns='vcard-temp'><FN>Jeremie Miller</FN></vCard></iq>`);
  for (const local of ["somebody", "nobody"]) {
    await peter.send(`<iq id='v5' to='${local}@jabber.org' type='get'><vCard xmlns='vcard-temp'/></iq>`);
    peter.expect(error("v5", "cancel", "service-unavailable"));
  }
});

Deno.test("XEP-0054: nobody changes somebody else's", async () => {
  await using s = await server();
  const peter = await s.client("stpeter/roundabout");
  const jer = await s.client("jer/x");
  await jer.send(`<iq id='v2' to='stpeter@jabber.org' type='set'>${CARD}</iq>`);
  jer.expect(error("v2", "cancel", "service-unavailable"));
  await peter.send("<iq id='v1' type='get'><vCard xmlns='vcard-temp'/></iq>");
  peter.expect(error("v1", "cancel", "item-not-found"));
});

Deno.test("XEP-0054: a limit, exactly", async () => {
  await using s = await server({ config: { defaults: { vcard: { size: "1 KiB" } } } });
  const peter = await s.client("stpeter/roundabout");
  const frame = "<vCard xmlns='vcard-temp'><DESC></DESC></vCard>".length;
  const card = (bytes: number) =>
    `<vCard xmlns='vcard-temp'><DESC>${"x".repeat(bytes - frame)}</DESC></vCard>`;
  await peter.send(`<iq id='1' type='set'>${card(1024)}</iq>`);
  peter.expect("<iq id='1' type='result'/>");
  await peter.send(`<iq id='2' type='set'>${card(1025)}</iq>`);
  peter.expect(error("2", "modify", "policy-violation"));
});

Deno.test("XEP-0054: announced by host and accounts", async () => {
  await using s = await server();
  const peter = await s.client("stpeter/roundabout");
  for (const to of ["jabber.org", "stpeter@jabber.org"]) {
    await peter.send(
      `<iq id='1' to='${to}' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    );
    peter.expect(
      `<iq id='1' from='${to}'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='vcard-temp'/></query></iq>`,
    );
  }
});

Deno.test("XEP-0054: over a restart, and gone with the account", async () => {
  const folder = await Deno.makeTempDir();
  const options = { data: `${folder}/data.sqlite`, plugins: [internal, vcard] };
  try {
    {
      await using s = await server(options);
      const peter = await s.client("stpeter/roundabout");
      await peter.send(`<iq id='1' type='set'>${CARD}</iq>`);
      peter.expect("<iq id='1' type='result'/>");
    }
    {
      await using s = await server(options);
      const peter = await s.client("stpeter/roundabout");
      await peter.send("<iq id='1' type='get'><vCard xmlns='vcard-temp'/></iq>");
      peter.expect(`<iq id='1' type='result'>${CARD}</iq>`);
      s.host.accounts.remove("stpeter");
      await s.settle();
      assert.deepEqual([...s.host.storage.owners("jabber.org")], []);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
