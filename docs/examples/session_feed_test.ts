import * as metronome from "../../mod.ts";
import * as pubsub from "../../plugins/pubsub/api.ts";
import makeFeed from "./session_feed.ts";

const feed = makeFeed(metronome, { pubsub });
const services = metronome.plugins.find((plugin) => plugin.name === "pubsub_services")!;
const NS = "urn:example:sessions";
const PUBSUB = "http://jabber.org/protocol/pubsub";

Deno.test("AC-2.1-7: a plugin of less than 60 lines has a private service with its own table of rights", async () => {
  const lines = Deno.readTextFileSync(new URL("session_feed.ts", import.meta.url)).trim().split("\n");
  if (lines.length > 60) throw new Error(`it has ${lines.length} lines`);
  const config = { server: { admins: ["root@a.test"] } };
  await using server = await metronome.testServer({ plugins: [services, feed], config });
  const [root, mallory] = await server.clients("root/desk", "mallory/den");
  const ask = (type: string, inner: string, jid: string) =>
    `<iq to='a.test' type='${type}' id='1'><pubsub xmlns='${PUBSUB}'>${inner.replaceAll("ME", jid)}</pubsub></iq>`;
  const subscribe = `<subscribe node='${NS}' jid='ME'/>`;
  await root.send(ask("set", subscribe, "root@a.test/desk"));
  root.expect(`<iq type='result' id='1'><pubsub xmlns='${PUBSUB}'><subscription subscription='subscribed'/></pubsub></iq>`);

  for (const inner of [subscribe, `<publish node='${NS}'><item><came xmlns='${NS}'/></item></publish>`]) {
    await mallory.send(ask("set", inner, "mallory@a.test/den"));
    mallory.expect(`<iq type='error' id='1'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  }
  await root.send(ask("set", `<retract node='${NS}'><item id='x'/></retract>`, ""));
  root.expect(`<iq type='error' id='1'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);

  root.clear();
  await server.clients("alice/pad");
  root.expect(`<message from='a.test'><event xmlns='${PUBSUB}#event'><items node='${NS}'>
    <item><came xmlns='${NS}' jid='alice@a.test/pad'/></item></items></event></message>`);
  await root.send(ask("get", `<items node='${NS}' max_items='1'/>`, ""));
  root.expect(`<iq type='result' id='1'><pubsub xmlns='${PUBSUB}'><items><item><came xmlns='${NS}' jid='alice@a.test/pad'/></item></items></pubsub></iq>`);
});
