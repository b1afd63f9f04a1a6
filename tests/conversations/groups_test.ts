/** Shared groups (FEATURES E6): contacts that administrators decide about, from a file and by commands, live. */
import assert from "node:assert/strict";
import { type AnyPlugin } from "#plugin";
import { type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { lastActivity } from "../../plugins/account/last_activity.ts";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { groups } from "../../plugins/im/groups.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { privacyLists } from "../../plugins/privacy/privacy_lists.ts";
import { CommandClient, commandOf, failureOf, noteOf, valuesOf } from "./command_client.ts";

const NS = "jabber:iq:roster";
const GROUPS = "http://metronome.im/protocol/groups";
const PLUGINS = [
  internal,
  adhoc,
  groups,
  roster,
  subscription,
  presence,
  lastActivity,
] as readonly AnyPlugin[];
const HOST = { host: { "a.test": { admins: ["admin@a.test"] } } };

const FILE = `
# The people of the play
[Capulets]
juliet@a.test=Juliet
nurse@a.test
  tybalt@a.test = Tybalt, the cat
; elsewhere
friar@b.test=Friar

[+Help]
nurse@a.test=The Nurse
`;

/** A server whose groups are in a file. */
class Play implements AsyncDisposable {
  private constructor(readonly server: TestServer, readonly path: string, private readonly folder: string) {}

  static async begin(text = FILE, options: TestOptions = {}): Promise<Play> {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/groups.ini`;
    await Deno.writeTextFile(path, text);
    const server = await testServer({
      plugins: PLUGINS,
      config: { ...HOST, defaults: { groups: { file: path } } },
      ...options,
    });
    return new Play(server, path, folder);
  }

  async rewrite(text: string): Promise<void> {
    await Deno.writeTextFile(this.path, text);
    await this.server.clock.advance("11 s");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A roster as "address name subscription groups", sorted. */
async function rosterOf(client: TestClient): Promise<string[]> {
  await client.send(`<iq type='get' id='roster'><query xmlns='${NS}'/></iq>`);
  return client.expect(`<iq type='result' id='roster'><query xmlns='${NS}'/></iq>`).first()!.elements()
    .map((item) => {
      const { jid, name = "-", subscription } = item.attrs;
      return [jid, name, subscription, ...item.elements().map((group) => group.text)].join(" ");
    }).sort();
}

/** The roster pushes that have come, as `rosterOf`. */
function pushes(client: TestClient): string[] {
  const found = client.inbox.filter((it) => it.name === "iq" && it.attr("type") === "set");
  for (const it of found) client.inbox.splice(client.inbox.indexOf(it), 1);
  return found.map((it) => {
    const item = it.first()!.first()!;
    return `${item.attr("jid")} ${item.attr("subscription")}`;
  });
}

Deno.test("groups: members have each other, and everybody has those of a group for everybody", async () => {
  await using play = await Play.begin();
  const [juliet, nurse, romeo] = await play.server.clients("juliet/x", "nurse/x", "romeo/x");
  assert.deepEqual(await rosterOf(juliet!), [
    "friar@b.test Friar both Capulets",
    "nurse@a.test The Nurse both Capulets Help",
    "tybalt@a.test Tybalt, the cat both Capulets",
  ]);
  assert.deepEqual(await rosterOf(nurse!), [
    "friar@b.test Friar both Capulets",
    "juliet@a.test Juliet both Capulets",
    "tybalt@a.test Tybalt, the cat both Capulets",
  ]);
  assert.deepEqual(await rosterOf(romeo!), ["nurse@a.test The Nurse to Help"]);
});

Deno.test("groups: presence goes between members, and from those of a group for everybody to everybody", async () => {
  await using play = await Play.begin();
  const [juliet, nurse, romeo] = await play.server.clients("juliet/x", "nurse/x", "romeo/x");
  for (const client of [juliet!, romeo!]) await client.send("<presence/>");
  for (const client of [juliet!, romeo!]) client.clear();
  await nurse!.send("<presence><status>here</status></presence>");
  juliet!.expect("<presence from='nurse@a.test/x'><status>here</status></presence>");
  romeo!.expect("<presence from='nurse@a.test/x'><status>here</status></presence>");
  nurse!.expect("<presence from='juliet@a.test/x'/>");
  // The nurse does not know of Romeo.
  nurse!.never("<presence from='romeo@a.test/x'/>");
  await romeo!.send("<presence><show>away</show></presence>");
  nurse!.never("<presence from='romeo@a.test/x'/>");
  const second = await play.server.client("romeo/y");
  await second.send("<presence/>");
  second.expect("<presence from='nurse@a.test/x'/>");
  await nurse!.close();
  for (const client of [juliet!, romeo!, second]) {
    client.expect("<presence type='unavailable' from='nurse@a.test/x'/>");
  }
  for (const client of [juliet!, romeo!, second]) {
    client.never("<presence type='unavailable' from='nurse@a.test/x'/>");
  }
});

Deno.test("groups: nobody changes them in the roster, and nothing of them is kept there", async () => {
  await using play = await Play.begin();
  const juliet = await play.server.client("juliet/x");
  const set = async (item: string) => {
    await juliet.send(`<iq type='set' id='s'><query xmlns='${NS}'>${item}</query></iq>`);
    return juliet.expect("<iq id='s'/>");
  };
  assert.match(failureOf(await set("<item jid='nurse@a.test' name='Mine'/>")), /^auth forbidden/);
  assert.match(failureOf(await set("<item jid='nurse@a.test' subscription='remove'/>")), /^auth forbidden/);
  for (const type of ["unsubscribe", "unsubscribed"]) {
    await juliet.send(`<presence to='nurse@a.test' type='${type}'/>`);
    juliet.expect("<presence type='error' from='nurse@a.test'><error type='auth'/></presence>");
  }
  await juliet.send("<presence to='nurse@a.test' type='subscribe' id='s1'/>");
  juliet.expect("<presence type='subscribed' from='nurse@a.test' id='s1'/>");
  juliet.quiet();
  await set("<item jid='romeo@a.test'/>");
  await play.rewrite("");
  assert.deepEqual(await rosterOf(juliet), ["romeo@a.test - none"]);
});

Deno.test("groups: what an account had of its own comes back afterwards", async () => {
  await using play = await Play.begin("");
  const [juliet, nurse] = await play.server.online("juliet/x", "nurse/x");
  await juliet!.send(
    `<iq type='set' id='s'><query xmlns='${NS}'><item jid='nurse@a.test' name='Angelica'><group>Home</group></item></query></iq>`,
  );
  await juliet!.send("<presence type='subscribe' to='nurse@a.test'/>");
  await nurse!.send("<presence type='subscribed' to='juliet@a.test'/>");
  await play.rewrite(FILE);
  assert.deepEqual((await rosterOf(juliet!))[1], "nurse@a.test The Nurse both Home Capulets Help");
  // What happens underneath is not seen.
  await nurse!.send("<presence type='unsubscribed' to='juliet@a.test'/>");
  nurse!.expect("<presence type='error'/>");
  juliet!.clear();
  await play.rewrite("");
  assert.deepEqual(pushes(juliet!).sort(), [
    "friar@b.test remove",
    "nurse@a.test to",
    "tybalt@a.test remove",
  ]);
  // Presence goes on where there is a subscription, and only there.
  juliet!.never("<presence from='nurse@a.test/x' type='unavailable'/>");
  nurse!.expect("<presence from='juliet@a.test/x' type='unavailable'/>");
  assert.deepEqual(await rosterOf(juliet!), ["nurse@a.test Angelica to Home"]);
});

Deno.test("groups: a change of the file reaches everybody who is online at once", async () => {
  await using play = await Play.begin("[Capulets]\njuliet@a.test\nnurse@a.test\n");
  const [juliet, nurse, romeo] = await play.server.online("juliet/x", "nurse/x", "romeo/x");
  for (const client of [juliet!, nurse!, romeo!]) await rosterOf(client);
  await play.rewrite("[Lovers]\njuliet@a.test=Juliet\nromeo@a.test=Romeo\n");
  assert.deepEqual(pushes(juliet!), ["nurse@a.test remove", "romeo@a.test both"]);
  juliet!.expect("<presence from='romeo@a.test/x'/>");
  juliet!.expect("<presence from='nurse@a.test/x' type='unavailable'/>");
  juliet!.quiet();
  assert.deepEqual(pushes(nurse!), ["juliet@a.test remove"]);
  nurse!.expect("<presence from='juliet@a.test/x' type='unavailable'/>");
  nurse!.quiet();
  assert.deepEqual(pushes(romeo!), ["juliet@a.test both"]);
  romeo!.expect("<presence from='juliet@a.test/x'/>");
  romeo!.quiet();
  // A mistake changes nothing, and is said.
  await play.rewrite("[Lovers\njuliet@a.test\n");
  assert.equal((await rosterOf(romeo!)).length, 1);
  assert.match(play.server.logged.at(-1)!, /the groups stay as they were.*line 1/);
  await play.rewrite("[Lovers]\njuliet@a.test=Juliet\n");
  assert.deepEqual(pushes(romeo!), ["juliet@a.test remove"]);
});

Deno.test("groups: versions of the roster change with them", async () => {
  await using play = await Play.begin();
  const juliet = await play.server.client("juliet/x");
  const ask = async (ver: string) => {
    await juliet.send(`<iq type='get' id='v'><query xmlns='${NS}' ver='${ver}'/></iq>`);
    return juliet.expect("<iq type='result' id='v'/>").first();
  };
  const set = async (contact: string) => {
    await juliet.send(`<iq type='set' id='s'><query xmlns='${NS}'><item jid='${contact}'/></query></iq>`);
    const push = juliet.expect(`<iq type='set'><query xmlns='${NS}' ver='*'/></iq>`);
    juliet.clear();
    return push.first()!.attr("ver")!;
  };
  const first = (await ask(""))!.attr("ver")!;
  assert.equal(await ask(first), undefined);
  juliet.quiet();
  const second = await set("romeo@a.test");
  const pushed = await set("benvolio@a.test");
  assert.equal(await ask(pushed), undefined);
  juliet.quiet();
  // Own changes come one by one, as long as the groups are the same.
  assert.equal(await ask(second), undefined);
  assert.deepEqual(pushes(juliet), ["benvolio@a.test none"]);
  await play.rewrite("[Capulets]\njuliet@a.test\nparis@a.test\n");
  const last = juliet.inbox.filter((it) => it.attr("type") === "set").map((it) => it.first()!.attr("ver"));
  // Who misses a push in the middle must not believe to have all.
  assert.equal(new Set(last.slice(0, -1)).size, 1);
  assert.notEqual(last.at(-1), last[0]);
  assert.equal(last[0], pushed);
  juliet.clear();
  assert.equal(await ask(last.at(-1)!), undefined);
  juliet.quiet();
  assert.notEqual((await ask(pushed))?.attr("ver"), undefined);
  await play.rewrite("");
  juliet.clear();
  const none = await ask("");
  assert.ok(!none!.attr("ver")!.includes("/"), String(none));
});

Deno.test("groups: an own change before all is told does not claim that it was (RFC 6121 §2.6)", async () => {
  await using play = await Play.begin("");
  const [bard, juliet] = await play.server.online("admin/x", "juliet/x");
  await rosterOf(juliet!);
  juliet!.clear();
  const admin = new CommandClient(bard!);
  const begin = async () =>
    commandOf(await admin.go(await admin.start(`${GROUPS}#edit`), "next", { group: "Verona" }));
  const people = Array.from({ length: 600 }, (_, i) => `person${i}@c.test`);
  const [first, second] = [await begin(), await begin()];
  await Promise.all([
    admin.go(first, "complete", { members: ["juliet@a.test", ...people] }),
    juliet!.send(`<iq type='set' id='s'><query xmlns='${NS}'><item jid='romeo@a.test'/></query></iq>`),
    admin.go(second, "complete", { members: ["juliet@a.test", ...people.slice(1)] }),
  ]);
  const told = juliet!.inbox.filter((it) => it.attr("type") === "set").map((it) => it.first()!);
  const versions = told.map((query) => query.attr("ver")!);
  const own = told.findIndex((query) => query.first()!.attr("jid") === "romeo@a.test");
  assert.ok(own < 600, `everything was told before: ${own}`);
  // The groups at the beginning, after the first change and after the second one.
  const shared = versions.map((ver) => ver.split("/")[1] ?? "");
  assert.deepEqual(shared, [...Array(600).fill(""), shared[600], shared[601]]);
  assert.equal(new Set(shared).size, 3);
  // Who lost the connection there gets everything.
  const again = await play.server.client("juliet/y");
  await again.send(`<iq type='get' id='v'><query xmlns='${NS}' ver='${versions[own]}'/></iq>`);
  assert.equal(again.expect("<iq type='result' id='v'/>").first()?.elements().length, 600);
  juliet!.clear();
  await again.send(`<iq type='set' id='s'><query xmlns='${NS}'><item jid='paris@a.test'/></query></iq>`);
  const next = juliet!.expect("<iq type='set'/>").first()!.attr("ver")!;
  assert.equal(next.split("/")[1], shared[601]);
});

Deno.test("groups: last activity is for members too, and not for those who are only seen (XEP-0012)", async () => {
  await using play = await Play.begin();
  const [juliet, nurse, romeo] = await play.server.clients("juliet/x", "nurse/x", "romeo/x");
  const ask = async (client: TestClient, whom: string) => {
    await client.send(`<iq type='get' id='l' to='${whom}'><query xmlns='jabber:iq:last'/></iq>`);
    return client.expect("<iq id='l'/>").attr("type");
  };
  assert.equal(await ask(juliet!, "nurse@a.test"), "result");
  assert.equal(await ask(romeo!, "nurse@a.test"), "result");
  assert.equal(await ask(romeo!, "juliet@a.test"), "error");
  assert.equal(await ask(nurse!, "romeo@a.test"), "error");
});

Deno.test("groups: who only sees a contact hears of blocks and invisibility too (XEP-0191 §3.3, §3.4, XEP-0016 §2.11)", async () => {
  const plugins = [...PLUGINS, blocking, privacyLists] as readonly AnyPlugin[];
  await using play = await Play.begin("; nobody yet", { plugins });
  const [nurse, romeo, paris] = await play.server.online("nurse/x", "romeo/x", "paris/x");
  // Who sees her like everybody, and because she has let him, is told once.
  await paris!.send("<presence to='nurse@a.test' type='subscribe'/>");
  await nurse!.send("<presence to='paris@a.test' type='subscribed'/>");
  await play.rewrite(FILE);
  const viewers = [romeo!, paris!];
  await nurse!.send("<presence><status>here</status></presence>");
  for (const client of viewers) client.clear();
  const changes = async (payload: string, seen: string) => {
    await nurse!.send(`<iq type='set' id='q'>${payload}</iq>`);
    nurse!.expect("<iq type='result' id='q'/>");
    for (const client of viewers) {
      client.expectNext(`<presence from='nurse@a.test/x' ${seen}</presence>`);
      client.quiet();
    }
  };
  const here = "><status>here</status>";
  const gone = "type='unavailable'>";
  const blocks = "<item jid='romeo@a.test'/><item jid='paris@a.test'/>";
  await changes(`<block xmlns='urn:xmpp:blocking'>${blocks}</block>`, gone);
  await changes(`<unblock xmlns='urn:xmpp:blocking'>${blocks}</unblock>`, here);
  const lists = (content: string) => `<query xmlns='jabber:iq:privacy'>${content}</query>`;
  const item = "<item action='deny' order='1'><presence-out/></item>";
  await nurse!.send(`<iq type='set' id='l'>${lists(`<list name='unseen'>${item}</list>`)}</iq>`);
  await changes(lists("<active name='unseen'/>"), gone);
  await changes(lists("<active/>"), here);
});

Deno.test("groups: who only sees a contact may let it see back", async () => {
  await using play = await Play.begin();
  const [nurse, romeo] = await play.server.online("nurse/x", "romeo/x");
  for (const client of [nurse!, romeo!]) await rosterOf(client);
  await nurse!.send("<presence to='romeo@a.test' type='subscribe'/>");
  romeo!.expect("<presence from='nurse@a.test' type='subscribe'/>");
  await romeo!.send("<presence to='nurse@a.test' type='subscribed'/>");
  nurse!.expect("<presence from='romeo@a.test/x'/>");
  assert.deepEqual(await rosterOf(romeo!), ["nurse@a.test The Nurse both Help"]);
  assert.deepEqual(pushes(romeo!), ["nurse@a.test both"]);
  assert.equal((await rosterOf(nurse!)).at(2), "romeo@a.test - to");
  romeo!.clear();
  // Once, though there are two reasons to be told.
  await nurse!.send("<presence><show>dnd</show></presence>");
  romeo!.expect("<presence from='nurse@a.test/x'><show>dnd</show></presence>");
  romeo!.quiet();
});

Deno.test("groups: large ones, in slices", async () => {
  await using play = await Play.begin("");
  const [juliet] = await play.server.online("juliet/x");
  await rosterOf(juliet!);
  const people = Array.from({ length: 600 }, (_, i) => `person${i}@a.test=Person ${i}`);
  await play.rewrite(`[Verona]\njuliet@a.test\n${people.join("\n")}\n`);
  const vers = juliet!.inbox.map((it) => it.first()!.attr("ver"));
  assert.equal(vers.length, 600);
  assert.equal(new Set(vers.slice(0, -1)).size, 1);
  assert.notEqual(vers.at(-1), vers[0]);
});

Deno.test("groups: a member elsewhere may subscribe without being asked", async () => {
  await using play = await Play.begin();
  const remote = play.server.remote("b.test");
  const juliet = await play.server.client("juliet/x");
  await juliet.send("<presence/>");
  remote.inbox.length = 0;
  await remote.send("<presence from='friar@b.test' to='juliet@a.test' type='subscribe' id='s1'/>");
  remote.expect("<presence from='juliet@a.test' to='friar@b.test' type='subscribed' id='s1'/>");
  remote.expect("<presence from='juliet@a.test/x' to='friar@b.test'/>");
  juliet.never("<presence type='subscribe'/>");
});

Deno.test("groups: a contact elsewhere is told and asked when it is shared (RFC 6121 §3.1.5, §4.3.1)", async () => {
  await using play = await Play.begin("[Help]\njuliet@a.test\nnurse@a.test\n");
  const remote = play.server.remote("b.test");
  await play.server.online("juliet/x", "juliet/y");
  // Connected, but not available: there is nothing to be told of.
  await play.server.client("nurse/x");
  await play.rewrite("[Help]\njuliet@a.test\nnurse@a.test\nfriar@b.test\n");
  for (const from of ["juliet@a.test/x", "juliet@a.test/y"]) {
    remote.expect(`<presence from='${from}' to='friar@b.test'/>`);
  }
  remote.expect("<presence type='probe' from='juliet@a.test' to='friar@b.test'/>");
  assert.deepEqual(remote.inbox.map(String), []);
});

Deno.test("groups: a contact elsewhere that is shared no more is told that it is over (RFC 6121 §3.2.2)", async () => {
  await using play = await Play.begin("[Help]\njuliet@a.test\nromeo@a.test\nfriar@b.test\n");
  const remote = play.server.remote("b.test");
  const [juliet] = await play.server.online("juliet/x", "romeo/x");
  remote.inbox.length = 0;
  await play.rewrite("[Help]\njuliet@a.test\nromeo@a.test\n[Friends]\nromeo@a.test\nfriar@b.test\n");
  remote.expect("<presence type='unavailable' from='juliet@a.test/x' to='friar@b.test'/>");
  await juliet!.send("<presence><show>away</show></presence>");
  await juliet!.close();
  // To Romeo it is a contact still, through another group.
  assert.deepEqual(remote.inbox.map(String), []);
});

Deno.test("groups: a request from before is not shown while it is granted (RFC 6121 §3.1.3)", async () => {
  await using play = await Play.begin("");
  const [romeo] = await play.server.online("romeo/x");
  await (await play.server.client("juliet/x")).close();
  await romeo!.send("<presence to='juliet@a.test' type='subscribe'/>");
  await play.rewrite("[Lovers]\nromeo@a.test\njuliet@a.test\n");
  const [juliet] = await play.server.clients("juliet/x");
  await juliet!.send("<presence/>");
  juliet!.expect("<presence from='romeo@a.test/x'/>");
  juliet!.never("<presence type='subscribe'/>");
  await play.rewrite("");
  await juliet!.send("<presence type='unavailable'/>");
  await juliet!.send("<presence/>");
  juliet!.expect("<presence type='subscribe' from='romeo@a.test'/>");
});

Deno.test("groups: administrators make, change and delete them with commands", async () => {
  await using play = await Play.begin();
  const [bard, romeo, benvolio] = await play.server.online("admin/x", "romeo/x", "benvolio/x");
  for (const client of [romeo!, benvolio!]) await rosterOf(client);
  const admin = new CommandClient(bard!);
  const edit = async (group: string, fields?: Record<string, string | string[]>) => {
    const which = await admin.start(`${GROUPS}#edit`);
    const answer = await admin.go(which, "next", { group });
    const what = answer.child("command", "http://jabber.org/protocol/commands");
    return fields === undefined || what === undefined ? answer : await admin.go(what, "complete", fields);
  };
  const members = ["romeo@a.test=Romeo", "benvolio@a.test"];
  const done = await edit("Montagues", { everybody: "0", members });
  assert.equal(noteOf(done.first()!), '"Montagues" has 2 members.');
  assert.deepEqual(pushes(benvolio!), ["romeo@a.test both"]);
  benvolio!.expect("<presence from='romeo@a.test/x'/>");
  assert.deepEqual(valuesOf((await edit("Montagues")).first()!, "members"), members);
  assert.match(
    failureOf(await edit("Montagues", { members: ["romeo@a.test", "a b@@=C"] })),
    /bad-payload: line 2: "a b@@" is no address/,
  );
  assert.match(failureOf(await edit("Capulets")), /bad-payload: "Capulets" is in the file/);
  assert.match(failureOf(await edit("+Montagues")), /bad-payload: a name begins with neither/);

  const listed = await admin.start(`${GROUPS}#list`);
  const rows = listed.child("x", "jabber:x:data")!.elements().filter((it) => it.name === "item")
    .map((it) => it.elements().map((field) => field.childText("value")).join(" "));
  assert.deepEqual(rows, ["Capulets 0 4 file", "Help 1 1 file", "Montagues 0 2 database"]);

  // Somebody with the same name later is somebody else.
  play.server.host.accounts.remove("romeo");
  await play.server.settle();
  assert.deepEqual(pushes(benvolio!), ["romeo@a.test remove"]);
  const deleting = await admin.execute(`${GROUPS}#delete`, { group: "Montagues" });
  assert.equal(noteOf(deleting), '"Montagues" has been deleted.');
  assert.match(await admin.failure(`${GROUPS}#delete`, { group: "Montagues" }), /bad-payload/);
  assert.deepEqual((await rosterOf(benvolio!)).length, 1);
});

Deno.test("groups: over a restart and a reload", async () => {
  const folder = await Deno.makeTempDir();
  const start = () => testServer({ plugins: PLUGINS, data: `${folder}/data.sqlite`, config: HOST });
  try {
    {
      await using server = await start();
      const admin = new CommandClient(await server.client("admin/x"));
      const what = (await admin.go(await admin.start(`${GROUPS}#edit`), "next", { group: "Lovers" }))
        .first()!;
      await admin.go(what, "complete", { members: ["juliet@a.test=Juliet", "romeo@a.test"] });
    }
    await using server = await start();
    const [juliet, romeo] = await server.online("juliet/x", "romeo/x");
    assert.deepEqual(await rosterOf(romeo!), ["juliet@a.test Juliet both Lovers"]);
    await rosterOf(juliet!);
    const path = `${folder}/groups.ini`;
    await Deno.writeTextFile(path, "[Enemies]\nromeo@a.test\ntybalt@a.test\n");
    await server.reload({ config: { ...HOST, defaults: { groups: { file: path } } } });
    await server.clock.advance("11 s");
    assert.deepEqual(pushes(romeo!), ["tybalt@a.test both"]);
    await server.reload({ config: HOST });
    await server.clock.advance("11 s");
    assert.deepEqual(pushes(romeo!), ["tybalt@a.test remove"]);
    assert.deepEqual(pushes(juliet!), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("groups: a file that is not there or makes no sense is said at the start", async () => {
  const missing = testServer({
    plugins: PLUGINS,
    config: { defaults: { groups: { file: "/nonexistent/groups" } } },
  });
  await assert.rejects(
    missing,
    /the plugin "groups" could not be set up: the file of groups, .* cannot be read/,
  );
  await assert.rejects(Play.begin("[A]\nnot an address\n"), /line 2: "not an address" is no address/);
});
