/** XEP-0377: reports that come with a block, where they go, and what bounds them. */
import assert from "node:assert/strict";
import { type AnyPlugin } from "#plugin";
import { ManualClock, type TestClient, type TestServer, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { reports as service } from "../../plugins/privacy/api.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { reports } from "../../plugins/privacy/reports.ts";
import { disco } from "../../plugins/service/disco.ts";

const NS = "urn:xmpp:reporting:1";
const BLOCKING = "urn:xmpp:blocking";
const PLUGINS = [roster, presence, message, offline, blocking, reports, disco] as readonly AnyPlugin[];
const ADMIN = { host: { "example.com": { admins: ["escalus@example.com"] } } };

const server = (options: object = {}, config: object = {}) =>
  testServer({
    host: "example.com",
    plugins: PLUGINS,
    config: { ...ADMIN, defaults: { reports: config } },
    ...options,
  });

async function block(client: TestClient, jid: string, report: string): Promise<void> {
  await client.send(
    `<iq type='set' id='block1'><block xmlns='${BLOCKING}'><item jid='${jid}'>${report}</item></block></iq>`,
  );
  client.expect("<iq type='result' id='block1'/>");
}

const SPAM = `<report xmlns='${NS}' reason='urn:xmpp:reporting:spam'>
  <stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example.net' id='28482-98726-73623'/>
  <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='38383-38018-18385'/>
  <text xml:lang='en'>
    Never came trouble to my house like this.
  </text>
</report>`;
const opted = (...choices: string[]) =>
  SPAM.replace("</report>", choices.map((it) => `<${it}/>`).join("") + "</report>");

function kept(s: TestServer) {
  return s.host.fittings.service(service)!.latest(1000);
}

Deno.test("XEP-0377: the server says that it takes them (example 1)", async () => {
  await using s = await server();
  const juliet = await s.client("juliet/chamber");
  await juliet.send(
    "<iq to='example.com' type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  );
  juliet.expect(
    `<iq id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='${NS}'/></query></iq>`,
  );
});

Deno.test("XEP-0377: kept, and told to the admins, whether they are there or not (examples 2 to 6)", async () => {
  await using s = await server();
  const [escalus, juliet, other] = await s.online("escalus/palace", "juliet/chamber", "juliet/balcony");
  await other!.send(`<iq type='get' id='l'><blocklist xmlns='${BLOCKING}'/></iq>`);
  other!.clear();
  await block(juliet!, "romeo@example.net", SPAM);
  // Devices are told of the block, not of the report.
  const push = other!.expectNext(
    `<iq type='set'><block xmlns='${BLOCKING}'><item jid='romeo@example.net'/></block></iq>`,
  );
  assert.equal(push.first()!.first()!.first(), undefined);
  const told = escalus!.expectNext(
    `<message from='example.com' to='escalus@example.com'><subject>Abuse report: romeo@example.net</subject>
      <report xmlns='${NS}' reason='urn:xmpp:reporting:spam'>
        <jid xmlns='urn:xmpp:jid:0'>romeo@example.net</jid>
        <stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example.net' id='28482-98726-73623'/>
        <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='38383-38018-18385'/>
        <text xml:lang='en'>Never came trouble to my house like this.</text>
      </report></message>`,
  );
  assert.match(
    told.childText("body")!,
    /^juliet@example\.com has blocked romeo@example\.net and reports spam\.\n/,
  );
  escalus!.quiet();
  const [report] = kept(s);
  assert.deepEqual({
    ...report,
    id: "",
    reporter: String(report!.reporter),
    reported: String(report!.reported),
  }, {
    id: "",
    at: s.clock.now(),
    reporter: "juliet@example.com",
    reported: "romeo@example.net",
    reason: "urn:xmpp:reporting:spam",
    texts: [{ text: "Never came trouble to my house like this.", lang: "en" }],
    stanzas: [
      { id: "28482-98726-73623", by: "romeo@example.net" },
      { id: "38383-38018-18385", by: "juliet@example.com" },
    ],
    mayTell: { origin: false, thirdParties: false },
  });
  await escalus!.close();
  await block(juliet!, "paris@example.net", `<report xmlns='${NS}' reason='urn:xmpp:reporting:abuse'/>`);
  const [again] = await s.clients("escalus/palace");
  await again!.send("<presence/>");
  again!.expect("<message><subject>Abuse report: paris@example.net</subject></message>");
});

Deno.test("XEP-0377: one that says nothing useful is left out, the block counts (§6)", async () => {
  await using s = await server();
  const juliet = await s.client("juliet/chamber");
  for (
    const report of [
      `<report xmlns='${NS}'/>`,
      `<report xmlns='${NS}' reason=''/>`,
      "<report xmlns='urn:xmpp:reporting:0' reason='x'/>",
    ]
  ) {
    await block(juliet, "romeo@example.net", report);
  }
  assert.deepEqual(kept(s), []);
  await juliet.send(`<iq type='get' id='l'><blocklist xmlns='${BLOCKING}'/></iq>`);
  juliet.expect(`<iq id='l'><blocklist xmlns='${BLOCKING}'><item jid='romeo@example.net'/></blocklist></iq>`);
});

Deno.test("XEP-0377: each address of a block has its own (§7)", async () => {
  await using s = await server();
  const juliet = await s.client("juliet/chamber");
  const report = (reason: string) => `<report xmlns='${NS}' reason='urn:xmpp:reporting:${reason}'/>`;
  await juliet.send(
    `<iq type='set' id='b'><block xmlns='${BLOCKING}'><item jid='a@example.net'>${report("spam")}</item>
      <item jid='b@example.net'/><item jid='c@example.net'>${report("abuse")}</item></block></iq>`,
  );
  const said = kept(s).map(({ reported, reason }) => `${reported} ${reason}`).sort();
  assert.deepEqual(said, ["a@example.net urn:xmpp:reporting:spam", "c@example.net urn:xmpp:reporting:abuse"]);
});

Deno.test("XEP-0377: others are told only where the reporter agrees, and never who it was (§5)", async () => {
  await using s = await server({}, { tell_origin: true, third_parties: ["reports.test"], to: [] });
  const origin = s.remote("example.net");
  const collector = s.remote("reports.test");
  const juliet = await s.client("juliet/chamber");
  await block(juliet, "romeo@example.net", SPAM);
  origin.quiet();
  collector.quiet();
  await block(juliet, "romeo@example.net", opted("report-origin"));
  collector.quiet();
  const pattern = (to: string) =>
    `<message from='example.com' to='${to}'><report xmlns='${NS}' reason='urn:xmpp:reporting:spam'>
      <jid xmlns='urn:xmpp:jid:0'>romeo@example.net</jid>
      <stanza-id xmlns='urn:xmpp:sid:0' id='28482-98726-73623'/></report></message>`;
  assert.doesNotMatch(String(origin.expect(pattern("example.net"))), /juliet/);
  await block(juliet, "romeo@example.net", opted("third-party", "report-origin"));
  for (const [peer, to] of [[origin, "example.net"], [collector, "reports.test"]] as const) {
    assert.doesNotMatch(String(peer.expect(pattern(to))), /juliet/);
    peer.quiet();
  }
});

Deno.test("XEP-0377: where nothing is said of it, nobody else is told whatever the reporter agrees to", async () => {
  await using s = await server();
  const origin = s.remote("example.net");
  const juliet = await s.client("juliet/chamber");
  await block(juliet, "romeo@example.net", opted("third-party", "report-origin"));
  origin.quiet();
});

Deno.test("XEP-0377: so many a day, so many kept, so long, and of such a size", async () => {
  const folder = await Deno.makeTempDir();
  const start = Date.UTC(2026, 0, 1);
  const later = (hours: number) =>
    server(
      { data: `${folder}/metronome.db`, clock: new ManualClock(start + hours * 3_600_000) },
      { daily: 3, each: 4, keep: "10 days", text: 10, messages: 1 },
    );
  const names = (s: TestServer) => kept(s).map(({ reported }) => reported.local);
  const report = async (s: TestServer, client: TestClient, n: number) => {
    await s.clock.advance(1000);
    await block(client, `r${n}@example.net`, SPAM);
  };
  try {
    {
      await using s = await later(0);
      const [escalus, juliet] = await s.online("escalus/palace", "juliet/chamber");
      for (const n of [1, 2, 3, 4]) await report(s, juliet!, n);
      assert.deepEqual(names(s), ["r3", "r2", "r1"]);
      assert.equal(escalus!.inbox.length, 3);
      assert.deepEqual(kept(s)[0]!.texts, [{ text: "Never came", lang: "en" }]);
      assert.equal(kept(s)[0]!.stanzas.length, 1);
    }
    {
      await using s = await later(25);
      const juliet = await s.client("juliet/chamber");
      for (const n of [5, 6]) await report(s, juliet, n);
      assert.deepEqual(names(s), ["r6", "r5", "r3", "r2"]);
      const reports = s.host.fittings.service(service)!;
      const [newest] = kept(s);
      assert.equal(reports.latest(9, newest!.at).length, 3);
      assert.equal(reports.remove("juliet", newest!.id), true);
      assert.equal(reports.remove("juliet", newest!.id), false);
    }
    await using s = await later(10 * 24);
    assert.deepEqual(names(s), ["r5", "r3", "r2"]);
    await s.clock.advance("61 minutes");
    assert.deepEqual(names(s), ["r5"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0377: they outlive the server, and go with the account that made them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const options = {
      data: `${folder}/metronome.db`,
      plugins: [internal, ...PLUGINS] as readonly AnyPlugin[],
    };
    {
      await using s = await server(options, { to: [] });
      const [juliet, nurse] = await s.clients("juliet/chamber", "nurse/hall");
      for (const client of [juliet!, nurse!]) await block(client, "romeo@example.net", SPAM);
    }
    await using s = await server(options, { to: [] });
    assert.deepEqual(kept(s).map(({ reporter }) => reporter.local).sort(), ["juliet", "nurse"]);
    s.host.accounts.remove("juliet");
    await s.settle();
    assert.deepEqual(kept(s).map(({ reporter }) => reporter.local), ["nurse"]);
    assert.ok(![...s.server.storage.owners("example.com")].includes("juliet"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0377: admins list them with a command (XEP-0050), nobody else does", async () => {
  await using s = await server({ plugins: [...PLUGINS, adhoc] as readonly AnyPlugin[] });
  const [escalus, juliet] = await s.clients("escalus/palace", "juliet/chamber");
  const execute = (client: TestClient) =>
    client.send(
      "<iq type='set' id='c' to='example.com'><command xmlns='http://jabber.org/protocol/commands' node='abuse-reports' action='execute'/></iq>",
    );
  await execute(escalus!);
  escalus!.expect(
    "<iq type='result' id='c'><command xmlns='http://jabber.org/protocol/commands' status='completed'><note/></command></iq>",
  );
  await block(juliet!, "romeo@example.net", SPAM);
  await execute(escalus!);
  const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  escalus!.expect(
    `<iq type='result' id='c'><command xmlns='http://jabber.org/protocol/commands' status='completed'>
      <x xmlns='jabber:x:data' type='result'><item>${field("reported", "romeo@example.net")}${
      field("reason", "spam")
    }${field("reporter", "juliet@example.com")}${
      field("text", "Never came trouble to my house like this.")
    }</item></x></command></iq>`,
  );
  await execute(juliet!);
  juliet!.expect(
    `<iq type='error' id='c'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
});
