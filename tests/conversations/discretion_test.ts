/** RFC 6121 §8.5.1, XEP-0030 §8: whether there is an account is not to be found out by asking it for what is somebody else's. */
import { equal, match } from "node:assert/strict";
import plugins from "../../plugins/mod.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { type TestClient, testServer } from "#testing";

const standard = plugins.filter((plugin) =>
  plugin.standard === true && (plugin.hosts ?? ["user"]).includes("user")
);

/** Requests that are answered to the account itself, and to nobody else. */
const PRIVATE: readonly [type: "get" | "set", payload: string][] = [
  ["get", "<query xmlns='jabber:iq:last'/>"],
  ["get", "<query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query>"],
  ["set", "<query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query>"],
  ["get", "<query xmlns='jabber:iq:roster'/>"],
  ["set", "<query xmlns='jabber:iq:roster'><item jid='a@b.test'/></query>"],
  ["get", "<vCard xmlns='vcard-temp'/>"],
  ["set", "<vCard xmlns='vcard-temp'><FN>x</FN></vCard>"],
  ["get", "<offline xmlns='http://jabber.org/protocol/offline'><fetch/></offline>"],
  ["set", "<offline xmlns='http://jabber.org/protocol/offline'><purge/></offline>"],
  ["set", "<enable xmlns='urn:xmpp:carbons:2'/>"],
  ["get", "<query xmlns='urn:xmpp:mam:2'/>"],
  ["set", "<query xmlns='urn:xmpp:mam:2'/>"],
  ["get", "<metadata xmlns='urn:xmpp:mam:2'/>"],
  ["get", "<prefs xmlns='urn:xmpp:mam:2'/>"],
  ["set", "<purge xmlns='http://metronome.im/protocol/mam-purge'/>"],
  ["get", "<blocklist xmlns='urn:xmpp:blocking'/>"],
  ["set", "<block xmlns='urn:xmpp:blocking'><item jid='a@b.test'/></block>"],
  ["set", "<enable xmlns='urn:xmpp:push:0' jid='push.b.test' node='x'/>"],
  ["get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"],
  ["get", "<query xmlns='http://jabber.org/protocol/disco#items'/>"],
  [
    "get",
    "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/offline'/>",
  ],
  ["set", "<command xmlns='http://jabber.org/protocol/commands' node='x'/>"],
  ["get", "<items xmlns='urn:xmpp:saslcert:1'/>"],
  ["get", "<ping xmlns='urn:xmpp:ping'/>"],
  ["get", "<x xmlns='urn:nobody:knows'/>"],
];

async function answerTo(
  client: TestClient,
  to: string,
  [type, payload]: typeof PRIVATE[number],
): Promise<string> {
  await client.send(`<iq type='${type}' id='q' to='${to}'>${payload}</iq>`);
  return String(client.expectNext("<iq id='q'/>")).replaceAll(to, "");
}

Deno.test("strangers are told of an account what they are told of a name that nobody has", async () => {
  await using server = await testServer({ plugins: [internal, ...standard] });
  const [bob] = await server.online("bob/desk", "alice/desk");
  equal(server.host.accounts.exists("nobody"), false);
  for (const request of PRIVATE) {
    const said = await answerTo(bob!, "alice@a.test", request);
    equal(said, await answerTo(bob!, "nobody@a.test", request));
    match(said, /<service-unavailable /);
    // Nor whether a device is there.
    if (request[1].includes("jabber:iq:last")) {
      equal(
        await answerTo(bob!, "alice@a.test/desk", request),
        await answerTo(bob!, "alice@a.test/gone", request),
      );
    }
  }
});

Deno.test("contacts are told that it is not for them", async () => {
  await using server = await testServer({ plugins: standard });
  const [bob, alice] = await server.online("bob/desk", "alice/desk");
  await bob!.send("<presence to='alice@a.test' type='subscribe'/>");
  await alice!.send("<presence to='bob@a.test' type='subscribed'/>");
  bob!.clear();
  for (const payload of ["<query xmlns='urn:xmpp:mam:2'/>", "<vCard xmlns='vcard-temp'><FN>x</FN></vCard>"]) {
    match(await answerTo(bob!, "alice@a.test", ["set", payload]), /<forbidden /);
  }
});
