import assert from "node:assert/strict";
import { testServer } from "#testing";
import { legacySession } from "../../plugins/stream/legacy_session.ts";

const NS = "urn:ietf:params:xml:ns:xmpp-session";

Deno.test("session: offered as optional, with bind and not before the login", async () => {
  await using server = await testServer({ plugins: [legacySession] });
  const client = server.connect();
  await client.open();
  assert.ok(!client.expect("<stream:features/>").has("session", NS));
  await client.send(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${
      btoa("\0alice\0correct horse battery")
    }</auth>`,
  );
  client.clear();
  await client.open();
  client.expect(`<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>
    <session xmlns='${NS}'><optional/></session></stream:features>`);
});

Deno.test("session: an empty result, to the host and without an address (RFC 3921 §3)", async () => {
  await using server = await testServer({ plugins: [legacySession] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq to='a.test' type='set' id='sess_1'><session xmlns='${NS}'/></iq>`);
  alice.expect("<iq from='a.test' type='result' id='sess_1'/>");
  await alice.send(`<iq type='set' id='sess_2'><session xmlns='${NS}'/></iq>`);
  alice.expect("<iq type='result' id='sess_2'/>");
  alice.quiet();
  await alice.send(`<iq to='bob@a.test' type='set' id='sess_3'><session xmlns='${NS}'/></iq>`);
  alice.expect("<iq type='error' id='sess_3'/>");
});
