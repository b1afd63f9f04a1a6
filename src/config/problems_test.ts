import assert from "node:assert/strict";
import { complaints, readText } from "./config_test_rig.ts";
import { describeProblem, distance, nearest } from "./problems.ts";
import { z } from "./schema.ts";

const LOOSE = z.object({ a: z.number().optional() });

const HOST = '[host."example.org"]\n';

Deno.test("the nearest word is one slip away", () => {
  assert.equal(distance("fliter", "filter"), 1);
  assert.equal(distance("", "abc"), 3);
  assert.equal(distance("kitten", "sitting"), 3);
  assert.equal(nearest("depht", ["depth", "data"]), "depth");
  assert.equal(nearest("zzz", ["depth", "data"]), undefined);
  assert.equal(nearest("Log", ["log"]), "log");
});

Deno.test("golden: one configuration, all that is wrong with it, at once and in order", () => {
  const text = `[server]
log = "inf"
stop_timeout = 20
[limits]
depht = 5
depth = 3
stanza_size = "1 KB"
[listen.c2s]
at = ["[::]:5222", "5223"]
proxy = []
[listen.s2s]
[defaults]
plugins = ["archiv"]
[defaults.archive]
keep = 90
[host."example.org"]
tls_required = "yes"
admins = ["alice"]
plugins = { add = ["muc"], remove = ["ping"] }
certificate = { cert = "a.pem", kye = "b.pem" }
ping = {}
[metrics]
token = ""
[servr]
`;
  assert.deepEqual(complaints(text), [
    'metronome.toml:2: server.log: expected "debug" or "info" or "warn" or "error", got "inf". Did you mean "info"? (metronome config explain server.log)',
    'metronome.toml:3: server.stop_timeout: expected a duration such as "90 days" or "5 min", got 20 (metronome config explain server.stop_timeout)',
    'metronome.toml:5: limits.depht: unknown key. Did you mean "depth"? (metronome config explain limits)',
    "metronome.toml:6: limits.depth: expected a whole number, at least 10, got 3 (metronome config explain limits.depth)",
    'metronome.toml:7: limits.stanza_size: expected a size of at least "10 KB" (RFC 6120 §13.12), got "1 KB" (metronome config explain limits.stanza_size)',
    'metronome.toml:9: listen.c2s.at[1]: expected an address and a port such as "[::]:5222" or "127.0.0.1:5222", got "5223" (metronome config explain listen.c2s.at)',
    "metronome.toml:11: listen.s2s: this version does not serve this kind of listener (metronome config explain listen)",
    'metronome.toml:13: defaults.plugins[0]: there is no plugin "archiv". Did you mean "archive"? (metronome plugins)',
    'metronome.toml:15: defaults.archive.keep: expected a duration such as "90 days" or "5 min" or "forever", got 90 (metronome config explain defaults.archive.keep)',
    'metronome.toml:17: host."example.org".tls_required: expected true or false, got "yes" (metronome config explain defaults.tls_required)',
    'metronome.toml:18: host."example.org".admins[0]: expected an address such as "alice@example.org", without a resource, got "alice" (metronome config explain defaults.admins)',
    'metronome.toml:19: host."example.org".plugins.add[0]: the plugin "muc" cannot run on a host of kind "user" (metronome plugins muc)',
    'metronome.toml:20: host."example.org".certificate.kye: unknown key. Did you mean "key"? (metronome config explain defaults.certificate)',
    'metronome.toml:20: host."example.org".certificate.key: is required: expected a path (metronome config explain defaults.certificate.key)',
    'metronome.toml:21: host."example.org".ping: the plugin "ping" is not on for this host; add it: plugins = { add = ["ping"] } (metronome config explain defaults.plugins)',
    "metronome.toml:23: metrics.token: expected a secret that is not empty (metronome config explain metrics.token)",
    'metronome.toml:24: servr: unknown key. Did you mean "server"? (metronome config explain)',
  ]);
});

Deno.test("no host, a host of no domain, a host twice, a host that is no table", () => {
  assert.deepEqual(complaints(""), [
    'metronome.toml: host: no host is configured or enabled; add one: [host."example.org"] (metronome config explain host)',
  ]);
  assert.match(complaints('[host."a@b"]')[0] ?? "", /^metronome.toml:1: host\."a@b": expected a domain/);
  assert.match(complaints('[host."a.b"]\n[host."A.B"]').join(), /host\."A\.B": this host is written twice/);
  assert.match(complaints('host."a.b" = 1').join(), /host\."a\.b": expected a table, got 1/);
});

Deno.test("a required key of a plugin is missed only where the plugin is on", () => {
  assert.deepEqual(complaints(HOST), []);
  assert.deepEqual(complaints(`${HOST}plugins = { add = ["filter"] }`), [
    'metronome.toml:1: host."example.org".filter.url: is required: expected a text (metronome config explain defaults.filter.url)',
  ]);
  assert.deepEqual(complaints(`[defaults]\nfilter.url = "x"\n${HOST}plugins = { add = ["filter"] }`), []);
});

Deno.test("a wrong default is told once, though many hosts have it, and even where none uses it", () => {
  const wrong = '[defaults]\narchive.most = 0\n[host."a.org"]\n[host."b.org"]\n';
  assert.equal(complaints(wrong).length, 1);
  assert.match(
    complaints(`[defaults]\nfilter.url = 5\n${HOST}`).join(),
    /^metronome.toml:2: defaults.filter.url: expected a text, got 5/,
  );
});

Deno.test("secrets are in no message", () => {
  const text = `[metrics]\ntoken = ["hunter2"]\ntoken_fil = "hunter2"\n${HOST}archive.key = 12345`;
  const all = complaints(text);
  assert.equal(all.length, 3);
  assert.doesNotMatch(all.join(), /hunter2|12345/);
});

Deno.test("two listeners do not share a port; port 0 is no port", () => {
  const both = (port: number) =>
    `[listen]\nc2s.at = ["[::]:${port}"]\nc2s-tls.at = ["[::]:${port}"]\n${HOST}`;
  assert.match(
    complaints(both(5222)).join(),
    /^metronome.toml:3: listen.c2s-tls.at: \[::\]:5222 is taken by listen.c2s/,
  );
  assert.deepEqual(complaints(both(0)), []);
});

Deno.test("a plugin's table that nobody uses is a warning", () => {
  const outcome = readText(`[defaults]\nfilter.url = "x"\n${HOST}`);
  assert.ok("settings" in outcome);
  assert.match(
    outcome.warnings.map(describeProblem).join(),
    /:2: defaults.filter: the plugin "filter" is on for no host/,
  );
});

Deno.test("the plain objects of a careless plugin are strict all the same", () => {
  const plugins = [{ name: "loose", standard: true, config: LOOSE }];
  assert.match(
    complaints(`${HOST}loose.b = 1`, { plugins }).join(),
    /host\."example\.org"\.loose\.b: unknown key/,
  );
});
