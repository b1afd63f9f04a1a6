import * as metronome from "../../mod.ts";
import * as muc from "../../plugins/muc/api.ts";
import makePolite from "./polite_rooms.ts";

const polite = makePolite(metronome, { muc });
const engine = metronome.plugins.find((plugin) => plugin.name === "muc")!;
const NS = "urn:example:polite";
const ROOM = "tea@muc.a.test";

Deno.test("polite_rooms: nobody shouts, and who does is seen to have", async () => {
  await using server = await metronome.testServer({ plugins: [engine, polite] });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  const enter = (nick: string) => `<presence to='${ROOM}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`;
  const configure = (fields: string) =>
    `<iq type='set' id='c' to='${ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'>${fields}</x></query></iq>`;
  const field = (name: string) => `<field var='${name}'><value>1</value></field>`;
  await alice.send(enter("alice"));
  await alice.send(configure(field("x-muc#roomconfig_polite") + field("muc#roomconfig_moderatedroom")));
  alice.expect(`<iq type='error' id='c'/>`);
  await alice.send(configure(field("x-muc#roomconfig_polite")));
  alice.expect(`<iq type='result' id='c'/>`);

  await bob.send(enter("BOB"));
  alice.expect(`<presence from='${ROOM}/bob'><polite xmlns='${NS}'/></presence>`);
  await bob.send(`<message to='${ROOM}' type='groupchat' id='1'><body>HELLO!</body></message>`);
  bob.expect(`<message type='error' id='1'/>`);
  const seen = alice.expect(`<presence from='${ROOM}/bob'/>`);
  if (seen.has("polite", NS)) throw new Error("who shouts has no badge");
  await alice.send(`<iq type='get' id='2' to='${ROOM}'><shouts xmlns='${NS}'/></iq>`);
  alice.expect(`<iq type='result' id='2'><shouts xmlns='${NS}'><occupant nick='bob' shouts='1'/></shouts></iq>`);
});
