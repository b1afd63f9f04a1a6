/** The conversations that `away` promises: scripted clients, a server in this process, time by hand. */
import * as metronome from "../../mod.ts";
import makeAway from "./away.ts";

const away = makeAway(metronome);
const NS = "urn:example:away";

Deno.test("away: a sender is answered once, and again after a while", async () => {
  const config = { defaults: { away: { again: "5 minutes" } } };
  await using server = await metronome.testServer({ plugins: [away], config });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice.send(`<iq type='set' id='1'><away xmlns='${NS}'>Back on Monday.</away></iq>`);
  alice.expect(`<iq type='result' id='1'/>`);

  const hello = `<message to='alice@a.test/desk' type='chat'><body>Hello?</body></message>`;
  await bob.send(hello);
  alice.expect(`<message from='bob@a.test/pad'><body>Hello?</body></message>`);
  bob.expect(`<message from='alice@a.test' type='chat'><body>Back on Monday.</body></message>`);
  await bob.send(hello);
  bob.quiet();
  await server.clock.advance("6 minutes");
  await bob.send(hello);
  bob.expect(`<message from='alice@a.test'><body>Back on Monday.</body></message>`);
});

Deno.test("away: two who are away do not answer each other for ever", async () => {
  await using server = await metronome.testServer({ plugins: [away] });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  for (const client of [alice, bob]) {
    await client.send(`<iq type='set' id='1'><away xmlns='${NS}'>Away.</away></iq>`);
    client.clear();
  }
  await alice.send(`<message to='bob@a.test/pad' type='chat'><body>Hello?</body></message>`);
  alice.expect(`<message from='bob@a.test'><body>Away.</body></message>`);
  alice.quiet();
});

Deno.test("away: the words have a longest length, and last over a reload", async () => {
  await using server = await metronome.testServer({
    plugins: [away],
    config: { defaults: { away: { longest: 5 } } },
  });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq type='set' id='1'><away xmlns='${NS}'>123456</away></iq>`);
  alice.expect(`<iq type='error' id='1'><error type='modify'>
    <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  await alice.send(`<iq type='set' id='2'><away xmlns='${NS}'>12345</away></iq>`);
  await server.reload({ config: { defaults: { away: { longest: 6 } } } });
  alice.clear();
  await alice.send(`<iq type='get' id='3'><away xmlns='${NS}'/></iq>`);
  alice.expect(`<iq type='result' id='3'><away xmlns='${NS}'>12345</away></iq>`);
});

Deno.test("away: who comes back is reminded", async () => {
  await using server = await metronome.testServer({ plugins: [away] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq type='set' id='1'><away xmlns='${NS}'>Away.</away></iq>`);
  const phone = await server.client("alice/phone");
  phone.expect(`<message from='a.test' type='headline'><body>You are still marked as away.</body></message>`);
});
