/** XEP-0126: the story of its use cases, in their order. */
import { equal } from "node:assert/strict";
import { type AnyPlugin } from "#plugin";
import { type TestClient, type TestServer, testServer } from "#testing";
import { lastActivity } from "../../plugins/account/last_activity.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { privacyLists } from "../../plugins/privacy/privacy_lists.ts";
import { disco } from "../../plugins/service/disco.ts";

const NS = "jabber:iq:privacy";
const PLUGINS = [
  blocking,
  privacyLists,
  roster,
  presence,
  subscription,
  disco,
  lastActivity,
] as readonly AnyPlugin[];

async function set(client: TestClient, content: string): Promise<void> {
  await client.send(`<iq type='set' id='q'><query xmlns='${NS}'>${content}</query></iq>`);
  client.expect("<iq type='result' id='q'/>");
  client.clear();
}

const rule = (match: string, action: string, order: number) =>
  `<item ${match} action='${action}' order='${order}'><presence-out/></item>`;

/** Bilbo's friends: two here, one elsewhere; Gandalf among the wizards, Frodo among the Bagginses. */
async function middleEarth(): Promise<{ s: TestServer; frodo: TestClient; gandalf: TestClient }> {
  const s = await testServer({ host: "tolkien.lit", plugins: PLUGINS });
  const bilbo = await s.client("bilbo/burrow");
  const [frodo, gandalf] = await s.online("frodo/hill", "gandalf/road");
  for (const [friend, group] of [[frodo!, "Bagginses"], [gandalf!, "Wizards"]] as const) {
    await friend.send("<presence to='bilbo@tolkien.lit' type='subscribe'/>");
    await bilbo.send(`<presence to='${friend.jid!.bare}' type='subscribed'/>`);
    await bilbo.send(
      `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${
        friend.jid!.bare
      }'><group>${group}</group></item></query></iq>`,
    );
  }
  await bilbo.close();
  frodo!.clear();
  gandalf!.clear();
  return { s, frodo: frodo!, gandalf: gandalf! };
}

const HERE = "<presence from='bilbo@tolkien.lit/shire'/>";
const GONE = "<presence from='bilbo@tolkien.lit/shire' type='unavailable'/>";

Deno.test("XEP-0126: in from nowhere, seen by some, by all, by some, by nobody (§3.1 to §3.5)", async () => {
  const { s, frodo, gandalf } = await middleEarth();
  await using _server = s;
  const bilbo = await s.client("bilbo/shire");
  // §3.1: log in as globally invisible.
  await set(bilbo, `<list name='invisible'>${rule("", "deny", 1)}</list>`);
  await set(bilbo, "<active name='invisible'/>");
  await bilbo.send("<presence><status>I'm not really here, you understand!</status></presence>");
  frodo.quiet();
  gandalf.quiet();
  await gandalf.send("<presence to='bilbo@tolkien.lit' type='probe'/>");
  gandalf.quiet();
  // Nor by another way.
  const items = "<query xmlns='http://jabber.org/protocol/disco#items'>";
  const last = "<query xmlns='jabber:iq:last'";
  await gandalf.send(`<iq type='get' to='bilbo@tolkien.lit' id='d'>${items}</query></iq>`);
  equal(gandalf.expect(`<iq type='result' id='d'>${items}</query></iq>`).first()!.first(), undefined);
  await s.clock.advance("1 min");
  await gandalf.send(`<iq type='get' to='bilbo@tolkien.lit' id='l'>${last}/></iq>`);
  gandalf.expect(`<iq type='result' id='l'>${last} seconds='60'/></iq>`);

  // §3.2: become selectively visible.
  for (const match of ["type='jid' value='frodo@tolkien.lit'", "type='group' value='Bagginses'"]) {
    await set(bilbo, `<list name='some'>${rule(match, "allow", 1)}${rule("", "deny", 2)}</list>`);
    await set(bilbo, "<active name='some'/>");
    await bilbo.send("<presence/>");
    frodo.expect(HERE);
    gandalf.quiet();
    await set(bilbo, "<active name='invisible'/>");
    frodo.expect(GONE);
    frodo.clear();
  }

  // §3.3: become globally visible.
  await set(bilbo, "<active/>");
  await bilbo.send("<presence><status>I'm back!</status></presence>");
  for (const friend of [frodo, gandalf]) friend.expect(HERE);

  // §3.4: become selectively invisible.
  await bilbo.send("<presence type='unavailable'/>");
  for (const friend of [frodo, gandalf]) {
    friend.expect(GONE);
    friend.clear();
  }
  await set(
    bilbo,
    `<list name='invisible-to-Wizards'>${rule("type='group' value='Wizards'", "deny", 1)}${
      rule("", "allow", 2)
    }</list>`,
  );
  await set(bilbo, "<active name='invisible-to-Wizards'/>");
  await bilbo.send("<presence><status>I'm back!</status></presence>");
  frodo.expectNext(HERE);
  gandalf.quiet();

  // §3.5: become globally invisible, and go: who saw nothing come sees nothing go.
  await bilbo.send("<presence type='unavailable'/>");
  frodo.expectNext(GONE);
  await set(bilbo, "<active name='invisible'/>");
  await bilbo.send("<presence><status>I'm not really here, you understand!</status></presence>");
  await bilbo.close();
  frodo.quiet();
  gandalf.quiet();
});

Deno.test("XEP-0126: a cut connection gives nobody away, and other sessions are seen all along", async () => {
  const { s, frodo } = await middleEarth();
  await using _server = s;
  const [hidden, open] = await s.clients("bilbo/shire", "bilbo/rivendell");
  await set(hidden!, `<list name='invisible'>${rule("", "deny", 1)}</list>`);
  await set(hidden!, "<active name='invisible'/>");
  await hidden!.send("<presence/>");
  await open!.send("<presence/>");
  frodo.expectNext("<presence from='bilbo@tolkien.lit/rivendell'/>");
  // One's own devices are not hidden from.
  open!.expect(HERE);
  await frodo.send("<presence to='bilbo@tolkien.lit' type='probe'/>");
  frodo.expectNext("<presence from='bilbo@tolkien.lit/rivendell'/>");
  await hidden!.cut();
  frodo.quiet();
  await open!.cut();
  frodo.expectNext("<presence from='bilbo@tolkien.lit/rivendell' type='unavailable'/>");
  frodo.quiet();
});
