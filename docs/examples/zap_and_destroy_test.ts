import * as metronome from "../../mod.ts";
import * as muc from "../../plugins/muc/api.ts";
import makeZap from "./zap_and_destroy.ts";

const zap = makeZap(metronome, { muc });
const engine = metronome.plugins.find((plugin) => plugin.name === "muc")!;
const ROOM = "tower@muc.a.test";

Deno.test("zap_and_destroy: words from above, screams, and no room any more", async () => {
  await using server = await metronome.testServer({ plugins: [engine, zap] });
  const [alice, bob, carol] = await server.clients("alice/desk", "bob/pad", "carol/phone");
  const enter = (nick: string) => `<presence to='${ROOM}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`;
  const command = (id: string) =>
    `<iq type='set' id='${id}' to='${ROOM}'><command xmlns='http://jabber.org/protocol/commands' node='urn:example:zap'>
      <x xmlns='jabber:x:data' type='submit'><field var='reason'><value>Too loud.</value></field></x></command></iq>`;
  await alice.send(enter("alice"));
  await alice.send(
    `<iq type='set' id='c' to='${ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  );
  await bob.send(enter("bob"));

  await bob.send(command("1"));
  bob.expect(`<iq type='error' id='1'/>`);
  await alice.send(command("2"));
  alice.expect(`<iq type='result' id='2'/>`);
  await alice.send(command("3"));
  alice.expect(`<iq type='error' id='3'><error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  await server.clock.advance("5 s");
  bob.expect(`<message from='${ROOM}' type='groupchat'><body>A voice from nowhere says: this room has seen enough.</body></message>`);
  await carol.send(enter("carol"));
  carol.expect(`<presence type='error'/>`);

  await server.clock.advance("5 s");
  bob.expect(`<message from='${ROOM}/alice'><body>Noooo!</body></message>`);
  bob.expect(`<message from='${ROOM}/bob'><body>Not again!</body></message>`);
  bob.expect(
    `<presence type='unavailable' from='${ROOM}/bob'><x xmlns='http://jabber.org/protocol/muc#user'><destroy><reason>Too loud.</reason></destroy></x></presence>`,
  );
  await bob.send(`<message to='${ROOM}' type='groupchat' id='4'><body>Anybody?</body></message>`);
  bob.expect(`<message type='error' id='4'/>`);
});
