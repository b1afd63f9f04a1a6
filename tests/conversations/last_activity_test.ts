import assert from "node:assert/strict";
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { departures, lastActivity } from "../../plugins/account/last_activity.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { privacyLists } from "../../plugins/privacy/privacy_lists.ts";
import { disco } from "../../plugins/service/disco.ts";
import { type TestClient, type TestOptions, type TestServer, testServer } from "#testing";

const NS = "jabber:iq:last";
const PLUGINS = [internal, roster, presence, subscription, lastActivity, disco];
const server = (options: TestOptions = {}) =>
  testServer({ plugins: PLUGINS, host: "capulet.com", ...options });

async function ask(client: TestClient, to: string, answer: string): Promise<void> {
  await client.send(`<iq id='last1' ${to === "" ? "" : `to='${to}'`} type='get'><query xmlns='${NS}'/></iq>`);
  client.expect(`<iq id='last1' ${answer}</iq>`);
  client.quiet();
}

const seconds = (n: number, status = "") =>
  `type='result' from='juliet@capulet.com'><query xmlns='${NS}' seconds='${n}'>${status}</query>`;
const UNAVAILABLE =
  `type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;

/** Juliet, and Romeo who sees her presence. */
async function lovers(s: TestServer): Promise<[TestClient, TestClient]> {
  const [juliet, romeo] = await s.online("juliet/balcony", "romeo/orchard");
  await romeo!.send("<presence to='juliet@capulet.com' type='subscribe'/>");
  await juliet!.send("<presence to='romeo@capulet.com' type='subscribed'/>");
  for (const client of [juliet, romeo]) client!.clear();
  return [juliet!, romeo!];
}

Deno.test("XEP-0012: the time since the logout, with the last status", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  await juliet.send("<presence type='unavailable'><status>Heading Home</status></presence>");
  await juliet.close();
  romeo.clear();
  await s.clock.advance(903_700);
  await ask(romeo, "juliet@capulet.com", seconds(903, "Heading Home"));
});

Deno.test("XEP-0012: zero and nothing said while a device is connected", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  const second = await s.client("juliet/chamber");
  await juliet.send("<presence type='unavailable'><status>Heading Home</status></presence>");
  await juliet.close();
  romeo.clear();
  await s.clock.advance(5000);
  await ask(romeo, "juliet@capulet.com", seconds(0));
  await second.close();
  await s.clock.advance(5000);
  await ask(romeo, "juliet@capulet.com", seconds(5, "Heading Home"));
});

Deno.test("XEP-0012: a connection that broke left no word", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  await juliet.send("<presence type='unavailable'><status>old news</status></presence>");
  await juliet.send("<presence><status>here again</status></presence>");
  await juliet.cut();
  romeo.clear();
  await s.clock.advance(60_000);
  await romeo.send(`<iq id='1' to='juliet@capulet.com' type='get'><query xmlns='${NS}'/></iq>`);
  const answer = romeo.expect(`<iq id='1' type='result'><query xmlns='${NS}' seconds='60'/></iq>`);
  if (answer.first()!.text !== "") throw new Error(String(answer));
});

Deno.test("XEP-0012: nothing at all for those who do not see the presence", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  const tybalt = await s.client("tybalt/street");
  await ask(tybalt, "juliet@capulet.com", UNAVAILABLE);
  await ask(juliet, "romeo@capulet.com", UNAVAILABLE);
  await ask(tybalt, "nobody@capulet.com", UNAVAILABLE);
  const remote = s.remote("montague.net");
  await remote.send(
    `<iq id='1' from='benvolio@montague.net/x' to='juliet@capulet.com' type='get'><query xmlns='${NS}'/></iq>`,
  );
  remote.expect(`<iq id='1' ${UNAVAILABLE}</iq>`);
  romeo.quiet();
});

Deno.test("XEP-0012: a device is only asked by those who see the presence (§4)", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  const tybalt = await s.client("tybalt/street");
  await ask(tybalt, "juliet@capulet.com/balcony", UNAVAILABLE);
  juliet.quiet();
  await romeo.send(`<iq id='last2' to='juliet@capulet.com/balcony' type='get'><query xmlns='${NS}'/></iq>`);
  juliet.expect(`<iq id='last2' from='romeo@capulet.com/orchard' type='get'><query xmlns='${NS}'/></iq>`);
  await juliet.send(
    `<iq id='last2' to='romeo@capulet.com/orchard' type='result'><query xmlns='${NS}' seconds='123'/></iq>`,
  );
  romeo.expect(`<iq id='last2' type='result'><query xmlns='${NS}' seconds='123'/></iq>`);
  await ask(romeo, "juliet@capulet.com/gone", UNAVAILABLE);
  await ask(tybalt, "juliet@capulet.com/gone", UNAVAILABLE);
});

Deno.test("XEP-0012: a session that its own list hides is not there, and was not (§4, §8)", async () => {
  await using s = await server({ plugins: [...PLUGINS, blocking, privacyLists] });
  const [juliet, romeo] = await lovers(s);
  await juliet.send("<presence type='unavailable'><status>Heading Home</status></presence>");
  await juliet.close();
  romeo.clear();
  await s.clock.advance(60_000);
  const unseen = await s.client("juliet/balcony");
  const set = (content: string) =>
    unseen.send(`<iq type='set' id='l'><query xmlns='jabber:iq:privacy'>${content}</query></iq>`);
  await set("<list name='unseen'><item action='deny' order='1'><presence-out/></item></list>");
  await set("<active name='unseen'/>");
  await unseen.send("<presence/>");
  unseen.clear();
  await ask(romeo, "juliet@capulet.com/balcony", UNAVAILABLE);
  await ask(romeo, "juliet@capulet.com", seconds(60, "Heading Home"));
  unseen.quiet();
  await unseen.send("<presence type='unavailable'><status>psst</status></presence>");
  await unseen.close();
  await ask(romeo, "juliet@capulet.com", seconds(60, "Heading Home"));
});

Deno.test("XEP-0012: the own account, with an address and without", async () => {
  await using s = await server();
  const juliet = await s.client("juliet/balcony");
  await ask(juliet, "", seconds(0));
  await ask(juliet, "juliet@capulet.com", seconds(0));
});

Deno.test("XEP-0012: an account that was never used has been away since it was made", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  await juliet.close();
  romeo.clear();
  s.host.storage.open(departures, "capulet.com").set("juliet", undefined);
  await s.clock.advance(7000);
  await ask(romeo, "juliet@capulet.com", seconds(7));
});

Deno.test("XEP-0012: an endless status is cut", async () => {
  await using s = await server();
  const [juliet, romeo] = await lovers(s);
  await juliet.send(`<presence type='unavailable'><status>${"😀".repeat(2000)}</status></presence>`);
  await juliet.close();
  romeo.clear();
  await romeo.send(`<iq id='1' to='juliet@capulet.com' type='get'><query xmlns='${NS}'/></iq>`);
  const text = romeo.expect(`<iq id='1' type='result'/>`).first()!.text;
  if (text.length > 1024 || !text.isWellFormed() || text === "") throw new Error(text);
});

Deno.test("XEP-0012: over a restart, and not after the account is gone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = `${folder}/data.sqlite`;
    {
      await using s = await server({ data });
      const [juliet] = await lovers(s);
      await juliet.send("<presence type='unavailable'><status>Heading Home</status></presence>");
      await juliet.close();
      const gone = await s.client("gone/x");
      await gone.send("<presence/>");
      s.host.accounts.remove("gone");
      await s.settle();
      if ([...s.host.storage.owners("capulet.com")].includes("gone")) throw new Error("rows are left");
    }
    {
      await using s = await server({ data });
      await s.clock.advance(20_000);
      const romeo = await s.client("romeo/orchard");
      // The clock of the second server begins where that of the first did.
      await ask(
        romeo,
        "juliet@capulet.com",
        `type='result'><query xmlns='${NS}' seconds='*'>Heading Home</query>`,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0012: announced for accounts", async () => {
  await using s = await server();
  const juliet = await s.client("juliet/balcony");
  await juliet.send(
    `<iq id='1' to='juliet@capulet.com' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  juliet.expect(
    `<iq id='1'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='${NS}'/></query></iq>`,
  );
});

Deno.test("XEP-0012: a guest leaves nothing behind", async () => {
  const plugins = [anonymous, ...PLUGINS.filter((plugin) => plugin !== internal)];
  await using s = await server({ plugins });
  const client = s.connect();
  await client.open();
  await client.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'>=</auth>");
  client.expect("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await client.open();
  await client.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>");
  client.expect("<iq type='result' id='b'/>");
  await client.cut();
  await s.clock.advance("1 day");
  assert.deepEqual([...s.host.storage.open(departures, "capulet.com").owners()], []);
});
