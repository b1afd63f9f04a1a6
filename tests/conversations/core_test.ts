/** Plugins and hosts come and go while a server serves (FEATURES §2.5). */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  accountRemoved,
  type AnyPlugin,
  arriving,
  definePlugin,
  defineService,
  defineSlot,
  el,
  none,
  options,
  z,
} from "#plugin";
import { type TestServer, testServer } from "#testing";
import { Hono } from "hono";
import { HostPlugins } from "../../src/plugin/fitting.ts";
import catalog from "../../plugins/mod.ts";
import { disco } from "../../plugins/service/disco.ts";

const ROUNDS = Deno.env.get("METRONOME_LONG") === "1" ? 100 : 10;
const ITEMS = "http://jabber.org/protocol/disco#items";

/** Everything that a plugin could leave behind, counted. */
function figures({ host, server, clock }: TestServer): Record<string, number> {
  const drafts = host.fittings.drafts;
  const sum = (count: (draft: typeof drafts[number]) => number) => drafts.reduce((n, d) => n + count(d), 0);
  return {
    plugins: drafts.length,
    points: sum((d) => [...d.points.points()].length),
    iqs: sum((d) => d.iqs.length),
    nonzas: sum((d) => d.nonzas.length),
    streamFeatures: host.fittings.negotiator.features.length,
    mechanisms: host.fittings.mechanisms.length,
    features: host.fittings.disco.host.features.length + host.fittings.disco.account.features.length,
    identities: host.fittings.disco.host.identities.length,
    providers: host.fittings.disco.host.providers.length + host.fittings.disco.account.providers.length,
    listeners: sum((d) => d.listeners.length),
    services: sum((d) => d.services.size),
    taps: sum((d) => d.taps.length),
    routes: host.fittings.routes.length,
    http: host.fittings.http.length,
    wheel: server.streams.wheel.armed,
    fineWheel: server.streams.fineWheel.armed,
    timers: clock.pending,
    requests: host.requests.size,
    streams: server.streams.open.size,
    backlog: server.router.routes.length,
  };
}

/** A plugin with all that it needs, directly or not. */
function closure(plugin: AnyPlugin, all: readonly AnyPlugin[]): AnyPlugin[] {
  const found = new Set<AnyPlugin>();
  const add = (it: AnyPlugin): void => {
    for (const service of it.needs ?? []) {
      const provider = all.find((other) => other.provides?.includes(service));
      if (provider !== undefined && !found.has(provider)) add(provider);
    }
    found.add(it);
  };
  add(plugin);
  return [...found];
}

/** The options without a default. */
const NEEDED: Readonly<Record<string, unknown>> = { component: { secret: "known to both" } };

for (const plugin of catalog as readonly AnyPlugin[]) {
  Deno.test(`AC-2.5-2 ${plugin.name}: set up, set up anew and switched off ${ROUNDS} times, it leaves nothing`, async () => {
    await using server = await testServer();
    const alice = await server.client("alice/desk");
    const plugins = new HostPlugins(server.host);
    const wanted = (list: readonly AnyPlugin[]) =>
      list.map((it) => ({ plugin: it, config: it.config.parse(NEEDED[it.name] ?? {}) }));
    const whole = closure(plugin, catalog);
    const rest = whole.filter((it) => it !== plugin);
    await plugins.change(wanted(rest));
    await server.settle();
    const before = figures(server);
    for (let round = 0; round < ROUNDS; round++) {
      await plugins.change(wanted(whole));
      await server.settle();
      const loaded = figures(server);
      await plugins.change(wanted([...rest, { ...plugin }]));
      await server.settle();
      deepEqual(figures(server), loaded);
      await plugins.change(wanted(rest));
      await server.settle();
      deepEqual(figures(server), before);
    }
    equal(alice.closed, false);
    await plugins.dispose();
  });
}

const counter = defineSlot<{ count: number }>("counter");
const counting = defineService<{ readonly count: number }>("counting");

/** Counts its setups, in a place that outlives them. */
const holder = definePlugin({
  name: "holder",
  doc: "Counts.",
  config: options({ step: z.number().default(1) }),
  provides: [counting],
  setup(host) {
    const held = host.hold(counter, () => ({ count: 0 }));
    held.count += host.config.step;
    host.provide(counting, held);
  },
});

Deno.test("core: what is held outlives a reload, and ends with the plugin", async () => {
  await using server = await testServer({ plugins: [holder] });
  const count = () => server.host.fittings.service(counting)?.count;
  equal(count(), 1);
  await server.reload({ config: { defaults: { holder: { step: 10 } } } });
  equal(count(), 11);
  await server.reload({ config: { defaults: { plugins: ["anybody"] } } });
  equal(count(), undefined);
  await server.reload({});
  equal(count(), 1);
});

Deno.test("core: who uses a service is set up anew with its provider, in the right order; others stay", async () => {
  const log: string[] = [];
  const noting = (name: string, more: Partial<AnyPlugin>): AnyPlugin =>
    definePlugin({
      name,
      doc: "Notes.",
      config: none,
      ...more,
      setup(host) {
        log.push(`+${name}`);
        more.setup?.(host);
        host.onStop(() => void log.push(`-${name}`));
      },
    });
  const thing = defineService<number>("thing");
  const user = noting("user", {
    needs: [counting],
    provides: [thing],
    setup: (host) => host.provide(thing, 1),
  });
  const second = noting("second", { wants: [thing] });
  const apart = noting("apart", {});
  await using server = await testServer({ plugins: [second, apart, user, holder] });
  deepEqual(log.splice(0), ["+user", "+second", "+apart"]);
  await server.reload({ config: { defaults: { holder: { step: 2 } } } });
  deepEqual(log.splice(0), ["+user", "+second", "-second", "-user"]);
});

Deno.test("core: a setup that throws changes nothing, on any host", async () => {
  let stopped = 0;
  const shaky = definePlugin({
    name: "shaky",
    doc: "Fails where it is told to.",
    config: options({ fail: z.boolean().default(false) }),
    setup(host) {
      host.onStop(() => void stopped++);
      host.iq.get("urn:test:shaky", "x", "host", () => el("ok", "urn:test:shaky"));
      if (host.config.fail) throw new Error("this cannot be set up");
    },
  });
  await using server = await testServer({
    plugins: [holder, shaky],
    config: { host: { "b.test": {} } },
  });
  const alice = await server.client("alice/desk");
  const { fittings } = server.host;
  const next = {
    defaults: { holder: { step: 5 } },
    host: { "b.test": { shaky: { fail: true } }, "c.test": {} },
  };
  await rejects(server.reload({ config: next }), /b\.test.*shaky.*this cannot be set up/s);
  equal(server.host.fittings, fittings);
  equal(server.server.hosts.get("c.test"), undefined);
  // Undone: the half one of b.test, and those of a.test and c.test that would have been new.
  ok(stopped >= 1);
  await alice.send("<iq type='get' id='1' to='a.test'><x xmlns='urn:test:shaky'/></iq>");
  alice.expectNext("<iq type='result' id='1'><ok xmlns='urn:test:shaky'/></iq>");
  await server.reload({ config: { host: { "c.test": {} } } });
  ok(server.server.hosts.get("c.test"));
});

Deno.test("core: two that claim the same thing are refused, with both names", async () => {
  const twin = (name: string) =>
    definePlugin({
      name,
      doc: "Claims.",
      config: none,
      setup: (host) => host.iq.get("urn:test", "x", "host", () => undefined),
    });
  await rejects(testServer({ plugins: [twin("one"), twin("two")] }), /two.*already answered by one/s);
});

Deno.test("core: a plugin that fails at its end holds nobody up, and is logged", async () => {
  const bad = definePlugin({
    name: "bad",
    doc: "Fails at its end.",
    config: none,
    setup(host) {
      host.onStop(() => {
        throw new Error("no good end");
      });
    },
  });
  await using server = await testServer({ plugins: [bad, holder] });
  server.allowErrors();
  await server.reload({ config: { defaults: { plugins: ["anybody"] } } });
  equal(server.host.fittings.service(counting), undefined);
  ok(server.logged.some((line) => line.includes("bad") && line.includes("no good end")));
});

/** A service in the smallest sense: it says that it is there. */
function service(name: string): AnyPlugin {
  return definePlugin({
    name,
    doc: "A small service.",
    config: options({ greeting: z.string().default("hello") }),
    hosts: ["component"],
    owns: true,
    setup(host) {
      host.iq.get(
        "urn:test:greet",
        "greet",
        "host",
        () => el("hi", "urn:test:greet", {}, host.config.greeting),
      );
    },
  });
}

async function greeted(server: TestServer, domain: string): Promise<string | undefined> {
  const client = await server.client(`asker@${server.domain}/x`);
  await client.send(`<iq type='get' id='g' to='${domain}'><greet xmlns='urn:test:greet'/></iq>`);
  return client.inbox.shift()!.first()?.text;
}

Deno.test("AC-2.5-4 a host comes and goes at run time, with the services that belong to it", async () => {
  await using server = await testServer({ plugins: [service("muc")] });
  const domains = () => [...server.server.hosts.all()].map((host) => host.domain);
  deepEqual(domains(), ["a.test", "muc.a.test"]);
  await server.reload({ config: { host: { "b.test": {} } } });
  deepEqual(domains().sort(), ["a.test", "b.test", "muc.a.test", "muc.b.test"]);
  equal(await greeted(server, "muc.b.test"), "hello");
  const bob = await server.client("bob@b.test/pad");
  await bob.send("<message to='asker@a.test/x' id='1'/>");
  await server.reload({ config: {} });
  deepEqual(domains(), ["a.test", "muc.a.test"]);
  bob.expectStreamError("host-gone");
  const late = server.connect({}, "b.test");
  await late.open();
  late.expectStreamError("host-unknown");
  const alice = await server.client("alice/desk");
  await alice.send("<iq type='get' id='1' to='muc.b.test'><greet xmlns='urn:test:greet'/></iq>");
  match(String(alice.expectNext("<iq type='error'/>")), /remote-server-not-found/);
});

Deno.test("services: every user host brings them, named after it, and one line renames or removes each", async () => {
  const plugins = [disco, service("muc"), service("pubsub"), service("upload"), service("own")];
  await using server = await testServer({ plugins });
  const domains = () => [...server.server.hosts.all()].map((host) => host.domain).sort();
  deepEqual(domains(), ["a.test", "muc.a.test", "own.a.test", "pubsub.a.test"]);
  equal(server.server.settings.hosts["a.test"]?.services.upload, "a.test");
  const alice = await server.client("alice/desk");
  const items = async () => {
    await alice.send(`<iq type='get' id='1' to='a.test'><query xmlns='${ITEMS}'/></iq>`);
    return alice.expectNext("<iq type='result'/>").first()!.elements().map((item) => item.attr("jid")).sort();
  };
  deepEqual(await items(), ["muc.a.test", "own.a.test", "pubsub.a.test"]);

  await server.reload({
    config: { host: { "a.test": { services: { muc: "rooms.example", pubsub: false } } } },
  });
  deepEqual(domains(), ["a.test", "own.a.test", "rooms.example"]);
  deepEqual(await items(), ["own.a.test", "rooms.example"]);
  equal(server.server.hosts.get("rooms.example")?.options.parent, "a.test");
  equal(await greeted(server, "rooms.example"), "hello");
});

Deno.test("services: the table of a service may stand in its host", async () => {
  await using server = await testServer({
    plugins: [service("muc")],
    config: { host: { "a.test": { muc: { greeting: "welcome" } } } },
  });
  equal(await greeted(server, "muc.a.test"), "welcome");
});

Deno.test("BUG-02 a component's host runs no plugin of users, not even for a moment", async () => {
  const ran: string[] = [];
  const userPlugin = definePlugin({
    name: "users_only",
    doc: "For user hosts.",
    config: none,
    standard: true,
    setup(host) {
      ran.push(host.domain);
      host.http("/x", new Hono());
      host.at(arriving).guard({}, () => undefined);
      host.on(accountRemoved, () => undefined);
    },
  });
  const both = definePlugin({
    name: "both",
    doc: "For all hosts.",
    config: none,
    standard: true,
    hosts: ["user", "component"],
    setup: (host) => host.feature("urn:test:both"),
  });
  await using server = await testServer({ plugins: [userPlugin, both, service("muc")] });
  deepEqual(ran, ["a.test"]);
  const component = server.server.hosts.get("muc.a.test")!;
  deepEqual(component.fittings.http, []);
  equal(component.fittings.drafts.some(({ owner }) => owner === "users_only"), false);
  deepEqual(component.fittings.drafts.flatMap((draft) => [...draft.points.points()]), []);
});

Deno.test("BUG-57 what a plugin offers is there once a host, also after reloads", async () => {
  await using server = await testServer({ plugins: [disco, service("muc")] });
  for (let i = 0; i < 3; i++) await server.reload({ config: { defaults: { muc: { greeting: `${i}` } } } });
  const entries = [...server.server.hosts.get("muc.a.test")!.fittings.iq.entries()].map((e) =>
    `${e.type} ${e.ns} ${e.name} ${e.to}`
  );
  equal(new Set(entries).size, entries.length);
  equal(entries.filter((entry) => entry.includes("urn:test:greet")).length, 1);
  equal(await greeted(server, "muc.a.test"), "2");
});
