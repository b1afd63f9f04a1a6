import assert from "node:assert/strict";
import { CAPS_NS, capsOf, checkCaps, definePlugin, none } from "#plugin";
import { type TestServer, testServer } from "#testing";
import { caps } from "../../plugins/service/caps.ts";
import { contact } from "../../plugins/service/contact.ts";
import { disco } from "../../plugins/service/disco.ts";
import { ping } from "../../plugins/service/ping.ts";
import { time } from "../../plugins/service/time.ts";
import { version } from "../../plugins/service/version.ts";

const INFO = "http://jabber.org/protocol/disco#info";
const PLUGINS = [disco, caps, ping, version, contact];
const CONFIG = { defaults: { contact: { abuse: ["mailto:abuse@a.test", "xmpp:abuse@a.test"] } } };

/** What the stream's features say after the login, and the stream they are on. */
async function offered(server: TestServer) {
  const client = server.connect();
  await client.open();
  const before = client.expect("<stream:features/>");
  assert.equal(capsOf(before), undefined, "nothing for those who have not logged in");
  await client.send(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${
      btoa("\0alice\0correct horse battery")
    }</auth>`,
  );
  client.expect(`<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`);
  await client.open();
  const features = client.expect("<stream:features/>");
  await client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
  client.expect("<iq type='result' id='b'/>");
  return { caps: capsOf(features), client };
}

Deno.test("XEP-0115: the hash is the one of what the host says", async () => {
  await using server = await testServer({ plugins: PLUGINS, config: CONFIG });
  const { caps, client } = await offered(server);
  assert.ok(caps);
  assert.equal(caps.hash, "sha-1");
  for (const node of ["", `node='${caps.node}#${caps.ver}'`]) {
    await client.send(`<iq to='a.test' id='1' type='get'><query xmlns='${INFO}' ${node}/></iq>`);
    const answer = client.expect(`<iq id='1' type='result'><query xmlns='${INFO}' ${node}>
      <identity category='server' type='im'/><feature var='${CAPS_NS}'/><x xmlns='jabber:x:data' type='result'/></query></iq>`);
    assert.equal(checkCaps(answer.child("query", INFO)!, caps), "valid");
  }
  for (const node of [`${caps.node}#somethingelse`, caps.node, `${caps.node}#`]) {
    await client.send(`<iq to='a.test' id='2' type='get'><query xmlns='${INFO}' node='${node}'/></iq>`);
    client.expect(
      `<iq id='2' type='error'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
    );
  }
});

Deno.test("XEP-0115: another hash when the plugins change, and the same when they do not", async () => {
  await using server = await testServer({ plugins: [...PLUGINS, time] });
  const { caps: first } = await offered(server);
  const { caps: same } = await offered(server);
  assert.deepEqual(same, first);
  await server.reload({ plugins: PLUGINS });
  const { caps: second } = await offered(server);
  assert.notEqual(second!.ver, first!.ver);
});

Deno.test("XEP-0115: a plugin that needs time to know what it can do", async () => {
  const slow = definePlugin({
    name: "slow",
    doc: "Answers late.",
    config: none,
    setup(host) {
      host.disco("host", {
        features: ({ node }) => node === undefined ? Promise.resolve(["urn:example:slow"]) : undefined,
      });
    },
  });
  await using server = await testServer({ plugins: [...PLUGINS, slow] });
  await offered(server);
  const { caps, client } = await offered(server);
  await client.send(
    `<iq to='a.test' id='1' type='get'><query xmlns='${INFO}' node='${caps!.node}#${caps!.ver}'/></iq>`,
  );
  const answer = client.expect(
    `<iq id='1'><query xmlns='${INFO}'><feature var='urn:example:slow'/></query></iq>`,
  );
  assert.equal(checkCaps(answer.child("query", INFO)!, caps!), "valid");
});
