/** XEP-0016: lists are retrieved, chosen, edited and removed as the examples have it, and share their store with blocks. */
import assert from "node:assert/strict";
import { type AnyPlugin } from "#plugin";
import { internal } from "../../plugins/auth/internal.ts";
import { privacyLists } from "../../plugins/privacy/privacy_lists.ts";
import {
  ask,
  BAD,
  BLOCKING,
  body,
  CONFLICT,
  error,
  fails,
  item,
  list,
  MISSING,
  NS,
  PLUGINS,
  PRIVATE,
  PUBLIC,
  server,
  set,
  SPECIAL,
  UNAVAILABLE,
} from "./privacy_lists.ts";

Deno.test("XEP-0016: their names, and one of them, are retrieved (examples 1 to 10)", async () => {
  await using s = await server();
  const [orchard, home] = await s.clients("romeo/orchard", "romeo/home");
  assert.equal(await ask(orchard!, "get", ""), `<query xmlns="${NS}"/>`);
  for (const each of [PUBLIC, PRIVATE, SPECIAL]) await set(orchard!, each);
  await set(orchard!, "<default name='public'/>");
  await set(orchard!, "<active name='private'/>");
  const names = "<list name='public'/><list name='private'/><list name='special'/>";
  assert.equal(
    (await ask(orchard!, "get", "")).replaceAll('"', "'"),
    `<query xmlns='${NS}'><active name='private'/><default name='public'/>${names}</query>`,
  );
  assert.equal(
    (await ask(home!, "get", "")).replaceAll('"', "'"),
    `<query xmlns='${NS}'><default name='public'/>${names}</query>`,
  );
  for (const each of [PUBLIC, PRIVATE, SPECIAL]) {
    const name = /name='(.*?)'/.exec(each)![0];
    const got = (await ask(home!, "get", `<list ${name}/>`)).replaceAll('"', "'");
    assert.equal(got, `<query xmlns='${NS}'>${each.replaceAll("></item>", "/>")}</query>`);
  }
  await fails(home!, "get", "<list name='The Empty Set'/>", MISSING);
  await fails(home!, "get", "<list name='public'/><list name='private'/>", BAD);
  await fails(home!, "get", "<list/>", BAD);
  await fails(home!, "get", "<active name='public'/>", BAD);
});

Deno.test("XEP-0016: the active list is chosen and declined (examples 11 to 16)", async () => {
  await using s = await server();
  const romeo = await s.client("romeo/orchard");
  await set(romeo, SPECIAL);
  await set(romeo, "<active name='special'/>");
  await fails(romeo, "set", "<active name='The Empty Set'/>", MISSING);
  assert.match(await ask(romeo, "get", ""), /<active name="special"\/>/);
  await set(romeo, "<active/>");
  assert.doesNotMatch(await ask(romeo, "get", ""), /active/);
  // For the duration of the session only.
  await set(romeo, "<active name='special'/>");
  await romeo.close();
  assert.doesNotMatch(await ask(await s.client("romeo/orchard"), "get", ""), /active/);
});

Deno.test("XEP-0016: the default list is changed unless another resource uses it (examples 17 to 23)", async () => {
  await using s = await server();
  const [orchard, home] = await s.clients("romeo/orchard", "romeo/home");
  for (const each of [PUBLIC, PRIVATE, SPECIAL]) await set(orchard!, each);
  await set(orchard!, "<default name='public'/>");
  await fails(orchard!, "set", "<default name='special'/>", CONFLICT);
  await fails(orchard!, "set", "<default/>", CONFLICT);
  await fails(orchard!, "set", "<default name='The Empty Set'/>", MISSING);
  await set(orchard!, "<default name='public'/>");
  await set(home!, "<active name='private'/>");
  await set(orchard!, "<default name='special'/>");
  assert.match(await ask(orchard!, "get", ""), /<default name="special"\/>/);
  await set(orchard!, "<default/>");
  assert.doesNotMatch(await ask(orchard!, "get", ""), /default/);
});

Deno.test("XEP-0016: they are edited, added and removed, and every resource hears of it (examples 24 to 29)", async () => {
  await using s = await server();
  const [orchard, home] = await s.clients("romeo/orchard", "romeo/home");
  const pushed = async (name: string): Promise<void> => {
    for (const client of [orchard!, home!]) {
      const push = client.expect(
        `<iq type='set' to='${client.jid}'><query xmlns='${NS}'><list name='${name}'/></query></iq>`,
      );
      assert.equal(push.first()!.first()!.first(), undefined);
      await client.send(`<iq type='result' id='${push.attr("id")}'/>`);
      client.quiet();
    }
  };
  await set(orchard!, PUBLIC);
  await pushed("public");
  await set(
    orchard!,
    list(
      "public",
      item("action='deny' order='5'"),
      item("type='jid' value='PARIS@example.org' action='allow' order='3'"),
    ),
  );
  await pushed("public");
  assert.equal(
    (await ask(home!, "get", "<list name='public'/>")).replaceAll('"', "'"),
    `<query xmlns='${NS}'><list name='public'><item type='jid' value='paris@example.org' action='allow' order='3'/>` +
      `<item action='deny' order='5'/></list></query>`,
  );
  await set(home!, "<active name='public'/>");
  await fails(orchard!, "set", "<list name='public'/>", CONFLICT);
  await set(orchard!, "<active name='public'/>");
  await set(home!, "<active/>");
  // One's own use is no conflict, and ends with the list.
  await set(orchard!, "<list name='public'/>");
  await pushed("public");
  assert.equal(await ask(orchard!, "get", ""), `<query xmlns="${NS}"/>`);
  await fails(orchard!, "set", "<list name='public'/>", MISSING);
  await set(orchard!, PUBLIC);
  await pushed("public");
  assert.doesNotMatch(await ask(orchard!, "get", ""), /active/);
  await set(orchard!, "<default name='public'/>");
  await fails(home!, "set", "<list name='public'/>", CONFLICT);
});

Deno.test("XEP-0016: what is no list is refused as such, and changes nothing (§2.1)", async () => {
  await using s = await server({
    config: { defaults: { privacy_lists: { lists: 2, items: 3, name_length: 10 } } },
  });
  const romeo = await s.client("romeo/orchard");
  for (
    const wrong of [
      "",
      "<list/>",
      "<list name=''/>",
      PUBLIC + PRIVATE,
      "<active name='a'/><default name='a'/>",
      "<strange name='a'/>",
      "<list name='a' xmlns='other'/>",
      list("a", item("order='1'")),
      list("a", item("action='block' order='1'")),
      list("a", item("action='deny'")),
      list("a", item("action='deny' order='-1'")),
      list("a", item("action='deny' order='4294967296'")),
      list("a", item("action='deny' order='1'"), item("action='allow' order='1'")),
      list("a", item("type='jid' value='@' action='deny' order='1'")),
      list("a", item("type='jid' action='deny' order='1'")),
      list("a", item("type='subscription' value='maybe' action='deny' order='1'")),
      list("a", item("type='group' action='deny' order='1'")),
      list("a", item("type='colour' value='red' action='deny' order='1'")),
      list("a", item("action='deny' order='1'", "<presence/>")),
      list("a", item("action='deny' order='1'") + "<x xmlns='other'/>"),
    ]
  ) await fails(romeo, "set", wrong, BAD);
  await fails(romeo, "set", list("a", item("type='group' value='Enemies' action='deny' order='1'")), MISSING);
  await fails(
    romeo,
    "set",
    list("eleven char", item("action='deny' order='1'")),
    error("policy-violation", "modify"),
  );
  const four = [1, 2, 3, 4].map((order) => item(`action='deny' order='${order}'`, "<message/>"));
  await fails(romeo, "set", list("a", ...four), error("resource-constraint", "wait"));
  assert.equal(await ask(romeo, "get", ""), `<query xmlns="${NS}"/>`);
  await set(romeo, list("__proto__", ...four.slice(1)));
  await set(
    romeo,
    list("b", item("action='deny' order='0'", "<iq/><message/><presence-in/><presence-out/>")),
  );
  assert.match(
    await ask(romeo, "get", "<list name='b'/>"),
    /<message\/><iq\/><presence-in\/><presence-out\/>/,
  );
  await fails(romeo, "set", list("c", item("action='deny' order='1'")), error("resource-constraint", "wait"));
  await set(romeo, list("b", item("action='deny' order='1'")));
});

Deno.test("XEP-0016: one data store with the blocklist (XEP-0191 §5)", async () => {
  await using s = await server();
  const [one, two] = await s.clients("romeo/one", "romeo/two");
  await one!.send(`<iq type='get' id='b'><blocklist xmlns='${BLOCKING}'/></iq>`);
  one!.clear();
  await one!.send(
    `<iq type='set' id='b'><block xmlns='${BLOCKING}'><item jid='tybalt@example.com'/></block></iq>`,
  );
  one!.clear();
  // What only blocks is a default list of its own; the others hear of it as of any.
  two!.expectNext(`<iq type='set'><query xmlns='${NS}'><list name='blocklist'/></query></iq>`);
  assert.equal(
    (await ask(two!, "get", "<list name='blocklist'/>")).replaceAll('"', "'"),
    `<query xmlns='${NS}'><list name='blocklist'><item type='jid' value='tybalt@example.com' action='deny' order='1'/></list></query>`,
  );
  // An edit of the default list shows in the blocklist, what is no block does not.
  await set(
    two!,
    list(
      "blocklist",
      item("type='jid' value='paris@example.org' action='deny' order='1'"),
      item("type='jid' value='mab@example.org' action='deny' order='2'", "<message/>"),
    ),
  );
  one!.expect(`<iq type='set'><unblock xmlns='${BLOCKING}'><item jid='tybalt@example.com'/></unblock></iq>`);
  one!.expect(`<iq type='set'><block xmlns='${BLOCKING}'><item jid='paris@example.org'/></block></iq>`);
  one!.clear();
  await one!.send(`<iq type='get' id='b'><blocklist xmlns='${BLOCKING}'/></iq>`);
  const blocked = one!.expect("<iq type='result' id='b'/>").first()!;
  assert.deepEqual(blocked.elements().map((each) => each.attr("jid")), ["paris@example.org"]);
  // Another default list, another blocklist.
  await set(two!, PUBLIC);
  await set(one!, "<active name='public'/>");
  await set(two!, "<default name='public'/>");
  one!.expect(`<iq type='set'><unblock xmlns='${BLOCKING}'><item jid='paris@example.org'/></unblock></iq>`);
  one!.expect(`<iq type='set'><block xmlns='${BLOCKING}'><item jid='tybalt@example.com'/></block></iq>`);
  // Unblocked is what a blocklist can show; the rest of the list stays.
  await one!.send(`<iq type='set' id='b'><unblock xmlns='${BLOCKING}'/></iq>`);
  assert.equal(
    (await ask(two!, "get", "<list name='public'/>")).replaceAll('"', "'"),
    `<query xmlns='${NS}'><list name='public'><item action='allow' order='1'/></list></query>`,
  );
});

Deno.test("XEP-0016: switched off, only blocks count, and they come back with all else", async () => {
  await using s = await server();
  const remote = s.remote("example.org");
  const romeo = await s.client("romeo/orchard");
  await set(
    romeo,
    list(
      "rules",
      item("type='jid' value='tybalt@example.org' action='deny' order='1'"),
      item("action='deny' order='2'", "<message/>"),
    ),
  );
  await set(romeo, "<default name='rules'/>");
  const reached = async (name: string) => {
    romeo.clear();
    await remote.send(body("romeo@example.net/orchard", `${name}@example.org`));
    return romeo.inbox.length > 0;
  };
  assert.deepEqual([await reached("tybalt"), await reached("juliet")], [false, false]);
  await s.reload({ plugins: PLUGINS.filter((plugin) => plugin !== privacyLists) });
  assert.deepEqual([await reached("tybalt"), await reached("juliet")], [false, true]);
  await s.reload({ plugins: PLUGINS });
  assert.deepEqual([await reached("tybalt"), await reached("juliet")], [false, false]);
  await s.reload({ config: { defaults: { privacy_lists: { lists: 5 } } } });
  assert.deepEqual([await reached("tybalt"), await reached("juliet")], [false, false]);
});

Deno.test("XEP-0016: they outlive the server, and nothing is left of a removed account", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const options = {
      data: `${folder}/metronome.db`,
      plugins: [internal, ...PLUGINS] as readonly AnyPlugin[],
    };
    {
      await using s = await server(options);
      const romeo = await s.client("romeo/orchard");
      await set(romeo, SPECIAL);
      await set(romeo, "<default name='special'/>");
    }
    await using s = await server(options);
    const remote = s.remote("example.com");
    await remote.send(body("romeo@example.net", "tybalt@example.com"));
    remote.expect(`<message type='error'>${UNAVAILABLE}</message>`);
    await remote.send(body("romeo@example.net", "juliet@example.com"));
    remote.quiet();
    const romeo = await s.client("romeo/orchard");
    assert.match(await ask(romeo, "get", ""), /<default name="special"\/><list name="special"\/>/);
    s.host.accounts.remove("romeo");
    await s.settle();
    assert.deepEqual([...s.server.storage.owners("example.net")], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0016: the server says that it knows them (§3)", async () => {
  await using s = await server();
  const romeo = await s.client("romeo/orchard");
  await romeo.send(
    `<iq to='example.net' type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  romeo.expect(
    `<iq id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='${NS}'/></query></iq>`,
  );
});
