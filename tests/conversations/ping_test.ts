import { ping } from "../../plugins/service/ping.ts";
import { testServer } from "#testing";

Deno.test("XEP-0199: the server answers (XEP-0199 §4.2)", async () => {
  await using server = await testServer({ plugins: [ping] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq to='a.test' id='c2s1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
  alice.expect(`<iq from='a.test' to='alice@a.test/desk' id='c2s1' type='result'/>`);
  alice.quiet();
});

Deno.test("XEP-0199: the own account answers, another's does not", async () => {
  await using server = await testServer({ plugins: [ping] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
  alice.expect(`<iq from='alice@a.test' id='1' type='result'/>`);
  await alice.send(`<iq to='bob@a.test' id='2' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
  alice.expect(`<iq from='bob@a.test' id='2' type='error'>
    <error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  alice.quiet();
});

Deno.test("XEP-0199: between resources it is the other one that answers (XEP-0199 §4.4)", async () => {
  await using server = await testServer({ plugins: [ping] });
  const alice = await server.client("alice/desk");
  const bob = await server.client("bob/pad");
  await alice.send(`<iq to='bob@a.test/pad' id='e2e1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
  bob.expect(
    `<iq from='alice@a.test/desk' to='bob@a.test/pad' id='e2e1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  alice.quiet();
  await bob.send(`<iq to='alice@a.test/desk' id='e2e1' type='result'/>`);
  alice.expect(`<iq from='bob@a.test/pad' id='e2e1' type='result'/>`);
});
