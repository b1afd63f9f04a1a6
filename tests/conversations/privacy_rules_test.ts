/** XEP-0016: what the rules of a list keep out and keep back, and for which session. */
import { type TestClient, type TestServer } from "#testing";
import { carbons } from "../../plugins/im/carbons.ts";
import {
  befriend,
  BLOCKING,
  body,
  item,
  KEPT_BACK,
  list,
  PLUGINS,
  server,
  set,
  UNAVAILABLE,
} from "./privacy_lists.ts";

/** Romeo with a rule as his default list, and what reaches him from whom. */
async function guarded(s: TestServer, rule: string): Promise<TestClient> {
  const romeo = await s.client("romeo/orchard");
  for (const [jid, group] of [["paris@example.org", "Enemies"], ["benvolio@example.org", "Friends"]]) {
    await romeo.send(
      `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${jid}'><group>${group}</group></item></query></iq>`,
    );
  }
  await set(romeo, list("rules", rule));
  await set(romeo, "<default name='rules'/>");
  await romeo.send("<presence/>");
  romeo.clear();
  return romeo;
}

Deno.test("XEP-0016: messages, iqs and presence are kept out by address, group, subscription, or all (§2.8 to §2.14)", async () => {
  const cases: readonly (readonly [match: string, kept: readonly string[]])[] = [
    ["type='jid' value='tybalt@example.org'", ["tybalt"]],
    ["type='jid' value='example.org'", ["tybalt", "paris", "benvolio"]],
    ["type='group' value='Enemies'", ["paris"]],
    ["type='subscription' value='none'", ["tybalt", "paris", "benvolio"]],
    ["type='subscription' value='to'", []],
    ["", ["tybalt", "paris", "benvolio"]],
  ];
  for (const [match, kept] of cases) {
    for (const kind of ["message", "iq", "presence-in", ""] as const) {
      await using s = await server();
      const remote = s.remote("example.org");
      const rule = item(`${match} action='deny' order='3'`, kind === "" ? "" : `<${kind}/>`);
      const romeo = await guarded(s, rule);
      remote.inbox.length = 0;
      for (const name of ["tybalt", "paris", "benvolio"]) {
        const from = `${name}@example.org/pda`;
        const denied = (what: string) => kept.includes(name) && (kind === "" || kind === what);
        await remote.send(body("romeo@example.net", from));
        if (denied("message")) {
          remote.expect(`<message type='error' to='${from}' id='m'>${UNAVAILABLE}</message>`);
        } else romeo.expectNext(`<message from='${from}' id='m'/>`);
        await remote.send(
          `<iq type='get' id='i' from='${from}' to='romeo@example.net/orchard'><query xmlns='jabber:iq:version'/></iq>`,
        );
        if (denied("iq")) remote.expect(`<iq type='error' to='${from}' id='i'>${UNAVAILABLE}</iq>`);
        else romeo.expectNext(`<iq type='get' from='${from}'/>`);
        await remote.send(`<iq type='result' id='i' from='${from}' to='romeo@example.net/orchard'/>`);
        if (!denied("iq")) romeo.expectNext(`<iq type='result' from='${from}'/>`);
        for (const type of ["", "type='unavailable'"]) {
          await remote.send(`<presence from='${from}' to='romeo@example.net' ${type}/>`);
          if (!denied("presence-in")) romeo.expectNext(`<presence from='${from}' ${type}/>`);
        }
        await remote.send(`<presence from='${from}' to='romeo@example.net' type='subscribe'/>`);
        if (!denied("subscriptions")) {
          romeo.expectNext(`<presence from='${name}@example.org' type='subscribe'/>`);
        }
        // What goes out is only held by rules for everything.
        await romeo.send(body(`${name}@example.org`));
        if (denied("out")) {
          romeo.expectNext(`<message type='error' from='${name}@example.org' id='m'>${KEPT_BACK}</message>`);
        } else remote.expect(`<message to='${name}@example.org' id='m'/>`);
        romeo.quiet();
        remote.quiet();
      }
    }
  }
});

Deno.test("XEP-0016: between accounts of one host it is the same", async () => {
  await using s = await server();
  const [romeo, tybalt] = await s.online("romeo/orchard", "tybalt/hall");
  await set(romeo!, list("rules", item("type='jid' value='tybalt@example.net' action='deny' order='1'")));
  await set(romeo!, "<default name='rules'/>");
  romeo!.clear();
  for (const to of ["romeo@example.net", "romeo@example.net/orchard", "romeo@example.net/away"]) {
    await tybalt!.send(body(to));
    tybalt!.expectNext(`<message type='error' from='${to}' id='m'>${UNAVAILABLE}</message>`);
    await tybalt!.send(`<iq type='get' id='i' to='${to}'><query xmlns='jabber:iq:version'/></iq>`);
    tybalt!.expectNext(`<iq type='error' from='${to}' id='i'>${UNAVAILABLE}</iq>`);
    await tybalt!.send(`<presence to='${to}'/>`);
  }
  await tybalt!.send("<presence to='romeo@example.net' type='subscribe'/>");
  tybalt!.clear();
  romeo!.quiet();
  await romeo!.send(body("tybalt@example.net"));
  romeo!.expectNext(`<message type='error' from='tybalt@example.net' id='m'>${KEPT_BACK}</message>`);
  tybalt!.quiet();
});

Deno.test("XEP-0016: the order decides, and without a last word it is allow (§2.2)", async () => {
  await using s = await server();
  const remote = s.remote("example.org");
  const romeo = await s.client("romeo/orchard");
  await set(
    romeo,
    list(
      "rules",
      item("type='jid' value='example.org' action='deny' order='20'", "<message/>"),
      item("type='jid' value='juliet@example.org/balcony' action='allow' order='10'"),
      item("type='jid' value='juliet@example.org' action='deny' order='5'", "<iq/>"),
    ),
  );
  await set(romeo, "<active name='rules'/>");
  romeo.clear();
  await remote.send(body("romeo@example.net/orchard", "juliet@example.org/balcony"));
  romeo.expectNext("<message from='juliet@example.org/balcony'/>");
  await remote.send(body("romeo@example.net/orchard", "juliet@example.org/chamber"));
  remote.expect(`<message type='error'>${UNAVAILABLE}</message>`);
  await remote.send(
    `<iq type='get' id='i' from='juliet@example.org/balcony' to='romeo@example.net/orchard'><x xmlns='u'/></iq>`,
  );
  remote.expect(`<iq type='error'>${UNAVAILABLE}</iq>`);
  await remote.send(
    `<iq type='get' id='i' from='tybalt@example.org' to='romeo@example.net/orchard'><x xmlns='u'/></iq>`,
  );
  romeo.expectNext("<iq from='tybalt@example.org'/>");
  // Rule 8: an edit applies at once.
  await set(romeo, list("rules", item("action='deny' order='1'", "<iq/>")));
  romeo.clear();
  await remote.send(body("romeo@example.net/orchard", "juliet@example.org/chamber"));
  romeo.expectNext("<message from='juliet@example.org/chamber'/>");
});

Deno.test("XEP-0016: a change of the roster is taken into account (§2.2, rule 9)", async () => {
  await using s = await server();
  const remote = s.remote("example.org");
  const romeo = await guarded(s, item("type='group' value='Enemies' action='deny' order='1'", "<message/>"));
  await remote.send(body("romeo@example.net", "benvolio@example.org"));
  romeo.expectNext("<message from='benvolio@example.org'/>");
  await romeo.send(
    "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='benvolio@example.org'><group>Enemies</group></item></query></iq>",
  );
  await remote.send(body("romeo@example.net", "benvolio@example.org"));
  remote.expect(`<message type='error'>${UNAVAILABLE}</message>`);
});

Deno.test("XEP-0016: every session by its own list, the account by the default (§2.2, rules 1 to 3)", async () => {
  await using s = await server();
  const remote = s.remote("example.org");
  const [strict, open] = await s.online("romeo/strict", "romeo/open");
  const away = await s.client("romeo/away");
  await set(strict!, list("nobody", item("action='deny' order='1'")));
  await set(strict!, list("anybody", item("action='allow' order='1'")));
  await set(strict!, "<default name='nobody'/>");
  await set(open!, "<active name='anybody'/>");
  for (const client of [strict!, open!, away]) client.clear();
  const from = "juliet@example.org";
  await remote.send(body("romeo@example.net", from));
  open!.expectNext(`<message from='${from}'/>`);
  await remote.send(body("romeo@example.net/open", from));
  open!.expectNext(`<message from='${from}'/>`);
  for (const resource of ["strict", "away"]) {
    await remote.send(body(`romeo@example.net/${resource}`, from));
    remote.expect(`<message type='error' from='romeo@example.net/${resource}'>${UNAVAILABLE}</message>`);
  }
  await remote.send(`<presence from='${from}/x' to='romeo@example.net'/>`);
  open!.expectNext(`<presence from='${from}/x'/>`);
  for (const client of [strict!, open!, away]) client.quiet();
  // Once the session with a list of its own takes nothing, the default counts, and nothing is kept for later.
  await open!.send("<presence type='unavailable'/>");
  await remote.send(body("romeo@example.net", from));
  remote.expect(`<message type='error' from='romeo@example.net'>${UNAVAILABLE}</message>`);
  remote.quiet();
});

Deno.test("XEP-0016: a copy of what another session takes goes by the own list too (§2.2, rule 2)", async () => {
  await using s = await server({ plugins: [...PLUGINS, carbons] });
  const remote = s.remote("example.org");
  const [strict, open, other] = await s.online("romeo/strict", "romeo/open", "romeo/other");
  await set(strict!, list("nobody", item("type='jid' value='example.org' action='deny' order='1'")));
  await set(strict!, list("anybody", item("action='allow' order='1'")));
  await set(strict!, "<default name='nobody'/>");
  for (const client of [open!, other!]) await set(client, "<active name='anybody'/>");
  for (const client of [strict!, other!]) {
    await client.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  }
  for (const client of [strict!, open!, other!]) client.clear();
  const copy = "<message from='romeo@example.net'><received xmlns='urn:xmpp:carbons:2'/></message>";
  await remote.send(
    "<message type='chat' from='juliet@example.org' to='romeo@example.net/open'><body>x</body></message>",
  );
  open!.expectNext("<message from='juliet@example.org'/>");
  other!.expectNext(copy);
  strict!.quiet();
  const mercutio = await s.client("mercutio/street");
  await mercutio.send("<message type='chat' to='romeo@example.net/open'><body>x</body></message>");
  strict!.expectNext(copy);
  remote.quiet();
});

Deno.test("XEP-0016: who is kept from the account and not from a session is asked for that session", async () => {
  await using s = await server();
  const remote = s.remote("example.org");
  const [strict, open] = await s.online("romeo/strict", "romeo/open");
  await open!.send("<presence to='juliet@example.org' type='subscribe'/>");
  await remote.send("<presence from='juliet@example.org' to='romeo@example.net' type='subscribed'/>");
  await set(strict!, list("nobody", item("action='deny' order='1'")));
  await set(strict!, list("anybody", item("action='allow' order='1'")));
  await set(strict!, "<default name='nobody'/>");
  remote.inbox.length = 0;
  await set(open!, "<active name='anybody'/>");
  remote.expect("<presence type='probe' from='romeo@example.net' to='juliet@example.org'/>");
  remote.quiet();
});

Deno.test("XEP-0016: a strict session keeps nothing from the others", async () => {
  await using s = await server();
  const remote = s.remote("example.org");
  const [strict, open] = await s.online("romeo/strict", "romeo/open");
  await set(strict!, list("nobody", item("action='deny' order='1'")));
  await set(strict!, "<active name='nobody'/>");
  for (const client of [strict!, open!]) client.clear();
  await remote.send(body("romeo@example.net", "juliet@example.org"));
  open!.expectNext("<message from='juliet@example.org'/>");
  await open!.send("<message to='romeo@example.net/strict'><body>to myself</body></message>");
  strict!.expectNext("<message from='romeo@example.net/open'/>");
  strict!.quiet();
  await strict!.send(`<iq type='get' id='v' to='example.net'><query xmlns='jabber:iq:version'/></iq>`);
  strict!.expectNext("<iq type='result' id='v'/>");
  // Offline, the account has no rules, and what was kept is delivered by the session's.
  await open!.close();
  await strict!.send("<presence type='unavailable'/>");
  strict!.clear();
  await remote.send(body("romeo@example.net", "juliet@example.org"));
  remote.quiet();
  const later = await s.client("romeo/later");
  await later.send("<presence/>");
  later.expect("<message from='juliet@example.org'><body>x</body></message>");
});

Deno.test("XEP-0016: hidden presence is taken back, and shown again when it may be (§2.10, §2.11)", async () => {
  await using s = await server();
  const [romeo, juliet] = await s.online("romeo/orchard", "juliet/chamber");
  await befriend(romeo!, juliet!);
  await set(
    romeo!,
    list("away", item("type='subscription' value='both' action='deny' order='1'", "<presence-out/>")),
  );
  await set(romeo!, list("deaf", item("action='deny' order='1'", "<presence-in/>")));
  romeo!.clear();
  await set(romeo!, "<active name='away'/>");
  juliet!.expectNext("<presence from='romeo@example.net/orchard' type='unavailable'/>");
  await juliet!.send("<presence to='romeo@example.net' type='probe'/>");
  juliet!.quiet();
  await set(romeo!, "<active name='deaf'/>");
  juliet!.expectNext("<presence from='romeo@example.net/orchard'/>");
  romeo!.expectNext("<presence from='juliet@example.net/chamber' type='unavailable'/>");
  await juliet!.send("<presence><show>dnd</show></presence>");
  romeo!.quiet();
  await set(romeo!, "<active/>");
  romeo!.expectNext("<presence from='juliet@example.net/chamber'><show>dnd</show></presence>");
  romeo!.quiet();
});

Deno.test("XEP-0016: a rule for one device of an account here keeps presence from that one alone (§2.1, XEP-0191 §6)", async () => {
  await using s = await server();
  const [juliet, orchard, garden] = await s.online("juliet/chamber", "romeo/orchard", "romeo/garden");
  await befriend(juliet!, orchard!);
  garden!.clear();
  const tell = async (word: string, ...addresses: string[]) => {
    const items = addresses.map((jid) => `<item jid='${jid}'/>`).join("");
    await juliet!.send(`<iq type='set' id='q'><${word} xmlns='${BLOCKING}'>${items}</${word}></iq>`);
  };
  const gone = "<presence from='juliet@example.net/chamber' type='unavailable'/>";
  const busy = "<presence from='juliet@example.net/chamber'><show>dnd</show></presence>";
  await tell("block", "romeo@example.net/orchard");
  orchard!.expectNext(gone);
  await juliet!.send("<presence><show>dnd</show></presence>");
  garden!.expectNext(busy);
  orchard!.quiet();
  await tell("unblock");
  orchard!.expectNext(busy);
  // What is said to the whole account reaches all of it.
  await tell("block", "romeo@example.net/orchard");
  orchard!.expectNext(gone);
  await tell("block", "romeo@example.net");
  for (const client of [orchard!, garden!]) {
    client.expectNext(gone);
    client.quiet();
  }
});
