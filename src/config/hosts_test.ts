import assert from "node:assert/strict";
import { isTree, setAt, type Tree } from "./key.ts";
import { type Option, optionOf } from "./options.ts";
import { complaints, fine, OFFER } from "./config_test_rig.ts";
import { defaultSettings, readSettings, REGISTRATION } from "./read.ts";
import { catalogOf } from "./catalog.ts";
import { z } from "./schema.ts";
import { hostOptions, type HostSettings } from "./settings.ts";

const HOST = '[host."example.org"]\n';

/** Every option below, as a path with a value other than its default. */
function others(option: Option, path: readonly string[]): [string[], unknown][] {
  return [...option.members ?? []].flatMap(([name, member]): [string[], unknown][] => {
    const here = [...path, name];
    if (member.members !== undefined && !member.plain) return others(member, here);
    return [[here, otherValue(here.join("."), member)]];
  });
}

function otherValue(key: string, option: Option): unknown {
  if (typeof option.fallback === "boolean") return !option.fallback;
  if (key === "scram_iterations") return 5000;
  if (typeof option.fallback === "number") return option.fallback + 1;
  if (option.choices !== undefined) return option.choices.find((it) => it !== option.fallback);
  const units: Record<string, string> = {
    duration: "7 s",
    size: "7 KiB",
    jid: "z@example.org",
    path: "/z",
    "web-address": "https://z",
  };
  const unit = units[option.unit ?? ""];
  if (unit !== undefined) return unit;
  if (option.items !== undefined) return [otherValue(key, option.items)];
  return "other";
}

function hostWith(place: readonly string[], path: readonly string[], value: unknown): HostSettings {
  const overrides: Tree = { host: { "example.org": {} } };
  setAt(overrides, [...place, ...path], value);
  const outcome = readSettings({ ...OFFER, env: {}, overrides });
  assert.ok("settings" in outcome, `${path.join(".")}: ${JSON.stringify(outcome)}`);
  const host = outcome.settings.hosts["example.org"];
  assert.ok(host);
  return host;
}

// FEATURES AC-2.5-5, BUG-01: a line means the same for a host wherever it stands.
Deno.test("every option has the same effect in [defaults] and in [host], and it has one", () => {
  const archive = OFFER.plugins.find((it) => it.name === "archive");
  assert.ok(archive);
  const core = others(optionOf(z.strictObject(hostOptions)), []);
  const own = others(optionOf(archive.config), ["archive"]);
  const services = [["services", "muc"], ["services", "upload"]].map((path) =>
    [path, "rooms"] as [string[], unknown]
  );
  const lists: [string[], unknown][] = [[["plugins"], ["ping"]], [["plugins"], { remove: ["ping"] }]];
  assert.equal(own.length, 10);
  assert.ok(core.length >= 11);
  for (const [path, value] of [...core, ...own, ...services, ...lists]) {
    const global = hostWith(["defaults"], path, value);
    const single = hostWith(["host", "example.org"], path, value);
    assert.deepEqual(revealed(global), revealed(single), path.join("."));
    assert.notDeepEqual(
      revealed(global),
      revealed(hostWith(["host", "example.org"], ["enabled"], true)),
      path.join("."),
    );
  }
});

/** Secrets compare as equal when they are only looked at. */
function revealed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("reveal" in value && typeof value.reveal === "function") return value.reveal();
  if (Array.isArray(value)) return value.map(revealed);
  return isTree(value)
    ? Object.fromEntries(Object.entries(value).map(([key, it]) => [key, revealed(it)]))
    : value;
}

Deno.test("a host's line wins over the default, key by key", () => {
  const { hosts } = fine(
    `[defaults]\ntls_required = false\n[defaults.archive]\nmost = 1\ntitle = "d"\ndeep.level = 3
[host."a.org"]\narchive.most = 2\n[host."b.org"]\ntls_required = true\n`,
  );
  const archive = (host: string) =>
    hosts[host]?.config.archive as { most: number; title: string; deep: { level: number } };
  assert.deepEqual([archive("a.org").most, archive("a.org").title, archive("a.org").deep.level], [2, "d", 3]);
  assert.equal(archive("b.org").most, 1);
  assert.equal(hosts["a.org"]?.tls_required, false);
  assert.equal(hosts["b.org"]?.tls_required, true);
});

Deno.test("plugins: the standard ones, a list instead, additions and removals over either", () => {
  const plugins = (text: string) => fine(text).hosts["example.org"]?.plugins;
  assert.deepEqual(plugins(HOST), ["archive", "ping"]);
  assert.deepEqual(plugins(`${HOST}plugins = ["ping"]`), ["ping"]);
  assert.deepEqual(plugins(`[defaults]\nplugins = ["ping"]\n${HOST}plugins = { add = ["archive"] }`), [
    "ping",
    "archive",
  ]);
  assert.deepEqual(plugins(`[defaults]\nplugins = { remove = ["ping"] }\n${HOST}`), ["archive"]);
  assert.deepEqual(plugins(`${HOST}plugins = { remove = ["archive", "ping"] }`), []);
  const config = fine(`${HOST}plugins = { remove = ["archive"] }`).hosts["example.org"]?.config;
  assert.deepEqual(Object.keys(config ?? {}), ["ping"]);
});

Deno.test("every user host brings its services, each renamed, moved or off by one line", () => {
  const { hosts } = fine(HOST);
  assert.deepEqual(Object.keys(hosts), ["example.org", "muc.example.org", "pubsub.example.org"]);
  assert.deepEqual(hosts["example.org"]?.services, {
    muc: "muc.example.org",
    pubsub: "pubsub.example.org",
    upload: "example.org",
  });
  const muc = hosts["muc.example.org"];
  assert.equal(muc?.kind, "muc");
  assert.equal(muc?.parent, "example.org");
  assert.equal(muc?.derived, true);
  assert.deepEqual(muc?.plugins, ["muc", "ping"]);
  assert.deepEqual(muc?.config, { muc: { rooms: 10 }, ping: {} });
  const other =
    fine(`${HOST}services = { muc = "rooms.example.net", pubsub = false, upload = "files" }`).hosts;
  assert.deepEqual(other["example.org"]?.services, { muc: "rooms.example.net", upload: "files.example.org" });
  assert.equal(other["rooms.example.net"]?.parent, "example.org");
  assert.equal(other["files.example.org"]?.kind, "upload");
});

Deno.test("a service may be written out, by its name or as another host of its kind", () => {
  const named =
    fine(`${HOST}[host."muc.example.org"]\nname = "Rooms"\nmuc.rooms = 3`).hosts["muc.example.org"];
  assert.deepEqual([named?.kind, named?.name, named?.derived, named?.parent], [
    "muc",
    "Rooms",
    false,
    "example.org",
  ]);
  assert.deepEqual(named?.config.muc, { rooms: 3 });
  const moved = fine(`${HOST}[host."rooms.example.org"]\nkind = "muc"`).hosts;
  assert.equal(moved["example.org"]?.services.muc, "rooms.example.org");
  assert.equal(moved["muc.example.org"], undefined);
  const both = fine(`${HOST}services.muc = "muc"\n[host."rooms.example.org"]\nkind = "muc"`).hosts;
  assert.ok(both["muc.example.org"] && both["rooms.example.org"]);
  // Also of a service that is on the host itself unless it is written.
  const files = fine(`${HOST}[host."files.example.org"]\nkind = "upload"`).hosts;
  assert.equal(files["example.org"]?.services.upload, "files.example.org");
});

Deno.test("the table of a service: defaults, then the host it belongs to, then its own", () => {
  const rooms = (text: string) => fine(text).hosts["muc.example.org"]?.config.muc;
  assert.deepEqual(rooms(`[defaults]\nmuc.rooms = 1\n${HOST}`), { rooms: 1 });
  assert.deepEqual(rooms(`[defaults]\nmuc.rooms = 1\n${HOST}muc.rooms = 2`), { rooms: 2 });
  assert.deepEqual(rooms(`${HOST}muc.rooms = 2\n[host."muc.example.org"]\nmuc.rooms = 3`), { rooms: 3 });
  assert.match(
    complaints(`${HOST}muc.rooms = "x"`).join(),
    /:2: host\."example\.org"\.muc\.rooms: expected a number/,
  );
  assert.match(complaints(`${HOST}services.muc = false\nmuc.rooms = 2`).join(), /the plugin "muc" is not on/);
});

Deno.test("administrators of a host administer its services, unless those have their own", () => {
  const { hosts } = fine(`${HOST}admins = ["a@example.org"]\n[host."pubsub.example.org"]\nadmins = []`);
  assert.deepEqual(hosts["muc.example.org"]?.admins, ["a@example.org"]);
  assert.deepEqual(hosts["pubsub.example.org"]?.admins, []);
});

Deno.test("the parent of a component is the user host with the longest name that it ends in", () => {
  const { hosts } = fine(`[defaults]\nservices = { muc = false, pubsub = false }
[host."org"]\n[host."example.org"]\n[host."x.example.org"]\nkind = "muc"\n[host."y.net"]\nkind = "muc"
[host."notexample.org"]\nkind = "muc"\n[host."z.net"]\nkind = "muc"\nparent = "example.org"`);
  const parents = Object.values(hosts).map((host) => [host.domain, host.parent]);
  assert.deepEqual(Object.fromEntries(parents), {
    "org": undefined,
    "example.org": undefined,
    "x.example.org": "example.org",
    "y.net": undefined,
    "notexample.org": "org",
    "z.net": "example.org",
  });
});

Deno.test("a host that is switched off is checked but not served, and its components go with it", () => {
  const off = `[host."a.org"]\nenabled = false\n[host."x.a.org"]\nkind = "muc"\n${HOST}`;
  assert.deepEqual(Object.keys(fine(off).hosts), ["example.org", "muc.example.org", "pubsub.example.org"]);
  assert.match(complaints(`${HOST}[host."a.org"]\nenabled = false\nnam = 1`).join(), /nam: unknown key/);
  const service = fine(`${HOST}[host."muc.example.org"]\nenabled = false`).hosts;
  assert.equal(service["example.org"]?.services.muc, undefined);
  assert.equal(service["muc.example.org"], undefined);
  assert.match(complaints(`${HOST}enabled = false`).join(), /no host is configured or enabled/);
});

Deno.test("families that cannot be", () => {
  assert.match(
    complaints(`${HOST}kind = "muk"`).join(),
    /:2: host."example.org".kind: expected one of user, muc, pubsub, upload, got "muk". Did you mean "muc"\?/,
  );
  assert.match(
    complaints(`${HOST}[host."muc.example.org"]\nkind = "user"`).join(),
    /is a host of kind "user", but also the muc service of example.org/,
  );
  assert.match(
    complaints(`${HOST}[host."muc.example.org"]\nkind = "pubsub"`).join(),
    /of kind "pubsub", but also the muc service/,
  );
  assert.match(
    complaints(`${HOST}services = { muc = "x", pubsub = "x" }`).join(),
    /x.example.org is the muc service of example.org already/,
  );
  assert.match(complaints(`${HOST}parent = "a.org"`).join(), /a user host has no parent/);
  assert.match(
    complaints(`${HOST}[host."r.net"]\nkind = "muc"\nparent = "a.org"`).join(),
    /expected the domain of a user host, got "a.org"/,
  );
  assert.match(
    complaints(`${HOST}[host."muc.example.org"]\nservices.muc = false`).join(),
    /only user hosts have services/,
  );
  assert.match(
    complaints(`${HOST}services.mucc = false`).join(),
    /services.mucc: unknown key. Did you mean "muc"/,
  );
});

Deno.test("a start without configuration: localhost, its services, registration from here", () => {
  const plugin = {
    name: REGISTRATION.plugin,
    standard: true,
    config: z.strictObject({ open: z.enum(["nobody", "loopback", "everybody"]).default("nobody") }),
  };
  const offer = { ...OFFER, plugins: [...OFFER.plugins, plugin], env: {} };
  const plain = defaultSettings(offer);
  assert.ok("settings" in plain);
  assert.deepEqual(Object.keys(plain.settings.hosts), ["localhost", "muc.localhost", "pubsub.localhost"]);
  assert.deepEqual(plain.settings.hosts.localhost?.config.registration, { open: "loopback" });
  assert.equal(plain.settings.server.data, "data");
  assert.deepEqual(plain.settings.listen.c2s?.at, [{ hostname: "::", port: 5222 }]);
  const named = defaultSettings({ ...offer, host: "lan.example", register: true, data: "/d" });
  assert.ok("settings" in named);
  assert.deepEqual(named.settings.hosts["lan.example"]?.config.registration, { open: "everybody" });
  assert.equal(named.settings.server.run, "/d/run");
});

Deno.test("a plugin cannot take the name of an option", () => {
  const config = z.strictObject({});
  for (const name of ["admins", "kind", "plugins", "archive"]) {
    assert.throws(() => catalogOf({ ...OFFER, plugins: [...OFFER.plugins, { name, config }] }), /is taken/);
  }
});
