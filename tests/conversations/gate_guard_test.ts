/** FEATURES 2.13: the gate between this server and others. What it does to streams is in gate_streams_test.ts. */
import { equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestClient, type TestServer, testServer } from "#testing";
import {
  claiming,
  connecting,
  definePlugin,
  type Element,
  Jid,
  none,
  peerOpened,
  type Stanza,
} from "#plugin";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { component } from "../../plugins/component/component.ts";
import { type Gate, gate } from "../../plugins/gate/api.ts";
import { gateGuard } from "../../plugins/gate/gate_guard.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { CommandClient, noteOf } from "./command_client.ts";

const PLUGINS = [gateGuard, adhoc, component, message, presence, roster];
const NS = "http://metronome.im/protocol/gate";
const PUBSUB = "http://jabber.org/protocol/pubsub";
const ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

type Options = Record<string, unknown>;

function config(options: Options, hosts: Options = {}) {
  return {
    limits: { ping_after: "off" },
    host: { "a.test": { gate_guard: options, admins: ["admin@a.test"] }, ...hosts },
  };
}

function serverWith(options: Options = {}, hosts: Options = {}): Promise<TestServer> {
  return testServer({ plugins: PLUGINS, config: config(options, hosts) });
}

function gateOf(server: TestServer, domain = "a.test"): Gate {
  return server.server.hosts.get(domain)!.fittings.service(gate)!;
}

/** What a domain is told that wants to authenticate. */
function claim(server: TestServer, remote: string, local = "a.test"): string | undefined {
  const host = server.server.hosts.get(local)!;
  for (const { fn } of host.fittings.tap(claiming)) {
    const refusal = fn({ local, remote, direction: "in", address: "192.0.2.1" });
    if (refusal !== undefined && !(refusal instanceof Promise)) return refusal.condition;
  }
  return undefined;
}

/** Sends a message to a domain elsewhere; "policy-violation", or what comes of it where nobody refuses it. */
async function send(client: TestClient, domain: string): Promise<string> {
  await client.send(`<message to='romeo@${domain}' id='out'><body>Hi</body></message>`);
  const error = client.expect(`<message from='romeo@${domain}' id='out' type='error'/>`).child("error")!;
  return `${error.attr("type")} ${error.first()!.name}`;
}

const REFUSED = "cancel policy-violation";

Deno.test("AC-2.13-1: a blocked domain may not authenticate, and what leaves for it is cancel/policy-violation", async () => {
  await using server = await serverWith({ block: ["Evil.test"] });
  const [alice] = await server.online("alice/desk");
  equal(claim(server, "evil.test"), "not-allowed");
  equal(claim(server, "b.test"), undefined);
  await alice.send(`<message to='x@evil.test' id='1'><body>Hi</body></message>`);
  alice.expect(
    `<message type='error' id='1'><error type='cancel'><policy-violation xmlns='${ERRORS}'/>
      <text xmlns='${ERRORS}'>a.test does not talk to evil.test</text></error></message>`,
  );
  equal(await send(alice, "b.test") === REFUSED, false);
  // Nobody is answered who sent an error.
  await alice.send(`<message to='x@evil.test' id='2' type='error'/>`);
  alice.quiet();
});

Deno.test("AC-2.13-1: what comes from a blocked domain all the same is refused", async () => {
  await using server = await serverWith({ block: ["evil.test"] });
  const [alice] = await server.online("alice/desk");
  const evil = server.remote("evil.test");
  const b = server.remote("b.test");
  await evil.send(`<message from='x@evil.test' to='alice@a.test' id='1'><body>Buy</body></message>`);
  alice.quiet();
  evil.expect(
    `<message type='error' id='1'><error type='cancel'><policy-violation xmlns='${ERRORS}'/></error></message>`,
  );
  await b.send(`<message from='x@b.test' to='alice@a.test'><body>Hello</body></message>`);
  alice.expect("<message><body>Hello</body></message>");
});

Deno.test("AC-2.13-2: a protected host is for listed domains, another one of the server for all", async () => {
  await using server = await serverWith({ protect: true, allow: ["friend.test", "*.friends.test"] }, {
    "open.test": {},
  });
  const [alice, bob] = await server.online("alice/desk", "bob@open.test/pad");
  for (
    const [domain, allowed] of [["friend.test", true], ["x.friends.test", true], ["b.test", false]] as const
  ) {
    equal(claim(server, domain), allowed ? undefined : "not-allowed", domain);
    equal(await send(alice, domain) === REFUSED, !allowed, domain);
    equal(claim(server, domain, "open.test"), undefined);
    equal(await send(bob, domain) === REFUSED, false);
  }
  // Hosts of one server are no strangers to each other.
  await bob.send(`<message to='alice@a.test'><body>Neighbour</body></message>`);
  alice.expect("<message><body>Neighbour</body></message>");
});

Deno.test("AC-2.13-3, BUG-47: N offences are a ban that survives a reload and ends with time", async () => {
  await using server = await serverWith({ hits: 3, ban: "1 hour" });
  const [alice] = await server.online("alice/desk");
  const watch = gateOf(server);
  for (let n = 0; n < 2; n++) watch.hit("evil.test", { reason: "spam" });
  equal(claim(server, "evil.test"), undefined);
  watch.hit("EVIL.test", { reason: "spam" });
  equal(claim(server, "evil.test"), "not-allowed");
  equal(await send(alice, "evil.test"), REFUSED);
  match(server.logged.join("\n"), /evil\.test.*spam/);

  await server.reload({ config: config({ hits: 4, ban: "2 hours", block: ["other.test"] }) });
  equal(claim(server, "evil.test"), "not-allowed");
  equal(claim(server, "other.test"), "not-allowed");
  await server.clock.advance("59 min");
  equal(claim(server, "evil.test"), "not-allowed");
  await server.clock.advance("2 min");
  equal(claim(server, "evil.test"), undefined);
  equal(gateOf(server).bans().length, 0);
});

Deno.test("AC-2.13-3: offences that are counted survive a reload too", async () => {
  await using server = await serverWith({ hits: 3 });
  for (let n = 0; n < 2; n++) gateOf(server).hit("evil.test", { reason: "spam" });
  await server.reload({ config: config({ hits: 3, block: ["other.test"] }) });
  gateOf(server).hit("evil.test", { reason: "spam" });
  equal(claim(server, "evil.test"), "not-allowed");
});

Deno.test("AC-2.13-3: bans and offences survive a restart, and fade as before", async () => {
  const data = await Deno.makeTempFile();
  try {
    {
      await using server = await testServer({ plugins: PLUGINS, config: config({ hits: 3 }), data });
      gateOf(server).hit("evil.test", { reason: "spam", hits: 1, ban: 3_600_000 });
      for (let n = 0; n < 2; n++) gateOf(server).hit("rude.test", { reason: "rude" });
      gateOf(server).hit("old.test", { reason: "rude" });
      gateOf(server).pardon("old.test");
      gateOf(server).ban("*.worse.test", "for ever");
    }
    await using server = await testServer({ plugins: PLUGINS, config: config({ hits: 3 }), data });
    equal(gateOf(server).hits().map(({ domain, count }) => `${domain} ${count}`).join(), "rude.test 2");
    gateOf(server).hit("rude.test", { reason: "rude" });
    equal(claim(server, "rude.test"), "not-allowed");
    gateOf(server).hit("new.test", { reason: "rude" });
    equal(claim(server, "evil.test"), "not-allowed");
    equal(claim(server, "a.worse.test"), "not-allowed");
    equal(claim(server, "worse.test"), undefined);
    await server.clock.advance("2 h");
    equal(claim(server, "evil.test"), undefined);
    equal(claim(server, "a.worse.test"), "not-allowed");
    await server.clock.advance("1 d");
    equal(gateOf(server).hits().length, 0);
  } finally {
    for (const suffix of ["", "-wal", "-shm", ".lock"]) await Deno.remove(data + suffix).catch(() => {});
  }
});

Deno.test("AC-2.13-4: offences fade; those of this server and of listed domains do not count", async () => {
  await using server = await serverWith({ hits: 4, forget: "4 h", allow: ["friend.test"] });
  const watch = gateOf(server);
  for (let n = 0; n < 3; n++) watch.hit("evil.test", { reason: "spam" });
  await server.clock.advance("2 h");
  equal(watch.hits()[0]?.count, 1);
  for (let n = 0; n < 2; n++) watch.hit("evil.test", { reason: "spam" });
  equal(claim(server, "evil.test"), undefined);
  watch.hit("evil.test", { reason: "spam" });
  equal(claim(server, "evil.test"), "not-allowed");
  for (let n = 0; n < 9; n++) {
    for (const domain of ["friend.test", "a.test"]) watch.hit(domain, { reason: "spam" });
  }
  equal(claim(server, "friend.test"), undefined);
  equal(watch.hits().length, 0);
  // Who reports may say how many are enough.
  watch.hit("worse.test", { reason: "flood", hits: 1, ban: 60_000 });
  equal(claim(server, "worse.test"), "not-allowed");
});

Deno.test("AC-2.13-4: list, ban and pardon by ad-hoc commands, for admins", async () => {
  await using server = await serverWith({ hits: 5 });
  const [admin, alice] = await server.online("admin/desk", "alice/desk");
  const commands = new CommandClient(admin);
  match(noteOf(await commands.execute(`${NS}#list`)), /Nobody/);
  await commands.execute(`${NS}#ban`, { domain: "*.Evil.test", reason: "spam wave", hours: "2" });
  equal(claim(server, "x.evil.test"), "not-allowed");
  gateOf(server).hit("b.test", { reason: "rude" });
  const list = (await commands.execute(`${NS}#list`)).toString();
  match(list, /\*\.evil\.test/);
  match(list, /spam wave/);
  match(list, /2026-01-01T14:00:00Z/);
  match(list, /b\.test.*rude/);
  match(server.logged.join("\n"), /banned.*\*\.evil\.test.*spam wave/);

  match(noteOf(await commands.execute(`${NS}#pardon`, { domain: "*.evil.test" })), /pardoned/);
  equal(claim(server, "x.evil.test"), undefined);
  match(noteOf(await commands.execute(`${NS}#pardon`, { domain: "b.test" })), /pardoned/);
  equal(gateOf(server).hits().length, 0);
  match(noteOf(await commands.execute(`${NS}#pardon`, { domain: "b.test" })), /not banned/);
  match(await commands.failure(`${NS}#ban`, { domain: "not a domain", reason: "x" }), /no domain/);
  match(await new CommandClient(alice).failure(`${NS}#list`), /forbidden/);
});

Deno.test("AC-2.13-5: wildcards stand for all below a domain", async () => {
  await using server = await serverWith({ block: ["*.example"], allow: ["good.example"] });
  for (const domain of ["a.example", "b.a.example"]) equal(claim(server, domain), "not-allowed", domain);
  for (const domain of ["example", "good.example", "anexample", "x.example.test"]) {
    equal(claim(server, domain), undefined, domain);
  }
});

Deno.test("AC-2.13-5: an address is refused only while few domains came from it, and all hosts refuse them", async () => {
  await using server = await serverWith({ domains_per_address: 2 }, { "open.test": {} });
  const { host } = server;
  const refused = (address: string, kind = "s2s") =>
    host.fittings.tap(connecting).some(({ fn }) => fn({ address, port: 1, kind }) === "refuse");
  const seen = (address: string, remote: string) =>
    host.emit(peerOpened, { local: "a.test", remote, address, by: "dialback" });
  seen("192.0.2.1", "evil.test");
  seen("192.0.2.2", "evil.test");
  seen("192.0.2.2", "one.test");
  seen("192.0.2.2", "two.test");
  equal(refused("192.0.2.1"), false);
  gateOf(server).ban("evil.test", "spam", 60_000);
  equal(refused("192.0.2.1"), false, "another host lets it in");
  gateOf(server, "open.test").ban("evil.test", "spam", 60_000);
  equal(refused("192.0.2.1"), true);
  equal(refused("192.0.2.1", "c2s"), false, "people may live there");
  equal(refused("192.0.2.2"), false, "many domains share it");
  equal(refused("192.0.2.3"), false);
  await server.clock.advance("2 min");
  equal(refused("192.0.2.1"), false);
});

Deno.test("2.13: services of a host have its gate", async () => {
  await using server = await serverWith({ hits: 2 }, {
    "gw.a.test": { kind: "component", component: { secret: "x" } },
  });
  for (let n = 0; n < 2; n++) gateOf(server, "gw.a.test").hit("evil.test", { reason: "flood" });
  equal(claim(server, "evil.test"), "not-allowed");
  equal(claim(server, "evil.test", "gw.a.test"), "not-allowed");
  const gateway = await server.component("gw.a.test", "x");
  await gateway.send(`<message from='bot@gw.a.test' to='y@evil.test' id='1'><body>Hi</body></message>`);
  gateway.expect(
    `<message type='error' id='1'><error type='cancel'><policy-violation xmlns='${ERRORS}'/></error></message>`,
  );
});

// --- block lists of others ------------------------------------------------------------------------------------------

const LISTS = { lists: [{ service: "rtbl.test" }] };
const NODE = "muc_bans_sha256";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The service answers what it is asked until there is no more. */
async function serveList(rtbl: ReturnType<TestServer["remote"]>, pages: readonly string[]): Promise<void> {
  const subscribe = rtbl.expect(
    `<iq type='set' from='a.test' to='rtbl.test'><pubsub xmlns='${PUBSUB}'><subscribe node='${NODE}' jid='a.test'/></pubsub></iq>`,
  );
  await rtbl.send(`<iq type='result' from='rtbl.test' to='a.test' id='${subscribe.attr("id")}'/>`);
  for (const page of pages) {
    const items = rtbl.expect(
      `<iq type='get'><pubsub xmlns='${PUBSUB}'><items node='${NODE}'/></pubsub></iq>`,
    );
    await rtbl.send(
      `<iq type='result' from='rtbl.test' to='a.test' id='${
        items.attr("id")
      }'><pubsub xmlns='${PUBSUB}'>${page}</pubsub></iq>`,
    );
  }
}

/** A server that follows a list, and the one who publishes it: reachable before the server has started. */
async function following(options: Options = {}) {
  const early: Element[] = [];
  let inbox = early;
  const way = definePlugin({
    name: "way",
    doc: "A way to rtbl.test that a reload does not close.",
    config: none,
    setup(host) {
      const route = (stanza: Stanza) => void inbox.push(stanza.toElement());
      host.route({ label: "way", takes: (domain) => domain === "rtbl.test", route });
    },
  });
  const server = await testServer({ plugins: [...PLUGINS, way], config: config({ ...LISTS, ...options }) });
  const rtbl = server.remote("rtbl.test");
  rtbl.inbox.push(...early);
  inbox = rtbl.inbox;
  const [alice] = await server.online("alice/desk");
  return { server, rtbl, alice };
}

Deno.test("2.13, block lists: subscribed to, read in pages, kept in step, and senders on it are refused", async () => {
  const { server, rtbl, alice } = await following();
  await using _ = server;
  await serveList(rtbl, [
    `<items node='${NODE}'><item id='${sha256("spammer@b.test")}'/></items>
      <set xmlns='http://jabber.org/protocol/rsm'><first>x</first><last>one</last><count>2</count></set>`,
    `<items node='${NODE}'><item id='${sha256("evil.test").toUpperCase()}'/></items>
      <set xmlns='http://jabber.org/protocol/rsm'><first>x</first><last>two</last><count>2</count></set>`,
  ]);
  const from = async (sender: string): Promise<boolean> => {
    const peer = server.remote(sender.replace(/^.*@/, "").replace(/\/.*$/, ""));
    await peer.send(`<message from='${sender}' to='alice@a.test' type='chat'><body>Hello</body></message>`);
    const got = alice.inbox.length > 0;
    alice.clear();
    if (!got) {
      peer.expect(`<message type='error'><error><policy-violation xmlns='${ERRORS}'/></error></message>`);
    }
    return got;
  };
  equal(await from("spammer@b.test/x"), false);
  equal(await from("other@b.test/x"), true);
  equal(await from("anybody@evil.test"), false);
  const event = (content: string, sender = "rtbl.test") =>
    rtbl.send(
      `<message from='${sender}' to='a.test'><event xmlns='${PUBSUB}#event'>${content}</event></message>`,
    );
  await event(`<items node='${NODE}'><item id='other@b.test'/><item id='plain.test'/></items>`);
  equal(await from("other@b.test/x"), false);
  equal(await from("x@plain.test"), false);
  await event(`<items node='${NODE}'><retract id='${sha256("spammer@b.test")}'/></items>`);
  equal(await from("spammer@b.test/x"), true);
  // Others cannot say what is on the list.
  await event(`<items node='${NODE}'><item id='third@b.test'/></items>`, "x@rtbl.test");
  await event(`<items node='another'><item id='third@b.test'/></items>`);
  equal(await from("third@b.test/x"), true);
  await event(`<purge node='${NODE}'/>`);
  equal(await from("other@b.test/x"), true);
  equal(await from("anybody@evil.test"), true);
});

Deno.test("2.13, block lists: a list holds while its service is away, is read anew, and can be left", async () => {
  const { server, rtbl, alice } = await following({ refresh: "2 h" });
  await using _ = server;
  await serveList(rtbl, [`<items node='${NODE}'><item id='evil.test'/></items>`]);
  const evil = server.remote("evil.test");
  const reached = async (): Promise<boolean> => {
    await evil.send(`<message from='x@evil.test' to='alice@a.test' type='chat'><body>Hello</body></message>`);
    evil.inbox.length = 0;
    return alice.inbox.splice(0).length > 0;
  };
  equal(await reached(), false);
  // The next time it says nothing, then an error.
  await server.clock.advance("2 h");
  rtbl.expect(`<iq type='set'><pubsub xmlns='${PUBSUB}'><subscribe node='${NODE}'/></pubsub></iq>`);
  equal(await reached(), false);
  rtbl.inbox.length = 0;
  await server.clock.advance("1 h");
  equal(await reached(), false);
  await serveList(rtbl, [`<items node='${NODE}'><item id='worse.test'/></items>`]);
  equal(await reached(), true);
  await server.reload({ config: config({ block: ["z.test"] }) });
  rtbl.expect(
    `<iq type='set'><pubsub xmlns='${PUBSUB}'><unsubscribe node='${NODE}' jid='a.test'/></pubsub></iq>`,
  );
  equal(gateOf(server).refusesSender(Jid.parse("x@worse.test")), undefined);
});
