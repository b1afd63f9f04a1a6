import assert from "node:assert/strict";
import { catalogOf } from "./catalog.ts";
import { exampleToml } from "./example.ts";
import { explain } from "./explain.ts";
import { jsonSchema } from "./json_schema.ts";
import { isTree, type Tree, valueAt } from "./key.ts";
import { complaints, fine, OFFER, readText } from "./config_test_rig.ts";
import { configReference } from "./reference.ts";
import { show } from "./show.ts";

const CATALOG = catalogOf(OFFER);

Deno.test("the example runs as it is, and with every option taken out of its comment", () => {
  const example = exampleToml(CATALOG);
  assert.deepEqual(Object.keys(fine(example).hosts), [
    "example.org",
    "muc.example.org",
    "pubsub.example.org",
  ]);
  const all = example.replaceAll(/^#(?=\[|[a-z_]+ = )/gm, "");
  // The example's second host of kind "muc" is there beside the default one, and two of the paths are one certificate.
  assert.deepEqual(complaints(all), []);
  const changed = fine(all);
  const plain = fine(example);
  assert.deepEqual(changed.limits, plain.limits);
  assert.deepEqual(changed.listen, plain.listen);
});

Deno.test("every option is in the example, the reference and the schema, with its words", () => {
  const example = exampleToml(CATALOG).replaceAll(/\n# /g, " ");
  const reference = configReference(CATALOG);
  const schema = jsonSchema(CATALOG);
  let seen = 0;
  const walk = (path: string[], members: typeof CATALOG.root.members) => {
    for (const [name, member] of members ?? []) {
      if (name === "host" || name === "include") continue;
      const here = [...path, name];
      const node = valueAt(schema, here.flatMap((part) => ["properties", part]));
      assert.ok(isTree(node), here.join("."));
      if (member.members !== undefined && !member.plain) walk(here, member.members);
      else {
        seen++;
        assert.match(example, new RegExp(`^#(${name} =|\\[.*${name}\\])`, "m"), here.join("."));
        assert.ok(reference.includes(`| \`${name}\` |`), here.join("."));
        assert.ok(member.doc !== "", `${here.join(".")} has no words`);
        assert.equal(node.description, member.doc);
      }
    }
  };
  walk([], CATALOG.root.members);
  assert.ok(seen > 50, String(seen));
});

Deno.test("the JSON Schema knows units, secrets in files, and no key of ours", () => {
  const schema = jsonSchema(CATALOG);
  const keep = valueAt(schema, [
    "properties",
    "defaults",
    "properties",
    "archive",
    "properties",
    "keep",
  ]) as Tree;
  assert.equal(keep.type, "string");
  assert.match("90 days", new RegExp(String(keep.pattern)));
  assert.match("forever", new RegExp(String(keep.pattern)));
  assert.doesNotMatch("90", new RegExp(String(keep.pattern)));
  assert.ok(valueAt(schema, ["properties", "metrics", "properties", "token_file"]));
  assert.equal(valueAt(schema, ["properties", "limits", "additionalProperties"]), false);
  assert.doesNotMatch(JSON.stringify(schema), /"(unit|expects|words|required)":/);
});

const TEXT = `[server]
log = "debug"
[metrics]
token = "hunter2"
[defaults]
archive.key = "hunter2"
archive.most = 3
[host."Example.org"]
admins = ["a@example.org"]
archive.title = "T"
services.pubsub = false
certificate = { cert = "/c", key = "/k" }
`;

Deno.test("what is shown reads as the same settings, and tells who said what", () => {
  const outcome = readText(TEXT, { env: { METRONOME__limits__depth: "33" } });
  assert.ok("settings" in outcome);
  const shown = show(outcome.settings, outcome.origins, { origin: true });
  assert.doesNotMatch(shown, /hunter2/);
  const lines = shown.split("\n").map((line) => line.replace(/# \/.*\//, "# "));
  for (
    const line of [
      'log = "debug" # metronome.toml:2',
      "depth = 33 # METRONOME__limits__depth",
      'token = "[redacted]" # metronome.toml:4',
      'key = "[redacted]" # metronome.toml:6',
      "most = 3 # metronome.toml:7",
      'title = "T" # metronome.toml:10',
      'keep = "90 days" # default',
      "pubsub = false # metronome.toml:11",
      '[host."muc.example.org"] # came with example.org',
      'cert = "/c" # metronome.toml:12',
    ]
  ) {
    assert.ok(
      lines.includes(line) || lines.some((it) => line.startsWith("cert =") && it.includes('cert = "/c"')),
      line,
    );
  }
  const again = fine(shown);
  assert.deepEqual(again.limits, outcome.settings.limits);
  assert.deepEqual(again.listen, outcome.settings.listen);
  for (const host of Object.values(outcome.settings.hosts)) {
    assert.deepEqual({ ...again.hosts[host.domain], derived: host.derived }, host);
  }
});

Deno.test("golden: an option is explained", () => {
  const page = explain("archive.keep", CATALOG);
  assert.ok("text" in page);
  assert.equal(
    page.text,
    `defaults.archive.keep
  How long messages are kept.

  wants      a duration such as "90 days" or "5 min" or "forever"
  default    "90 days"
  example    [defaults.archive]
             keep = "90 days"
             (for one host: [host."example.org".archive])
  override   METRONOME__defaults__archive__keep`,
  );
});

Deno.test("keys are explained as people write them; others get a suggestion", () => {
  const title = (key: string) => {
    const page = explain(key, CATALOG);
    return "text" in page ? page.text.split("\n")[0] : page.suggestion;
  };
  assert.equal(title("limits.depth"), "limits.depth");
  assert.equal(title("limits"), "limits");
  assert.equal(title(""), "metronome.toml");
  assert.equal(title("host.kind"), 'host."example.org".kind');
  assert.equal(title('host."my.org".archive.most'), 'host."my.org".archive.most');
  assert.equal(title("tls_required"), "defaults.tls_required");
  assert.equal(title("metrics.token_file"), "metrics.token_file");
  assert.equal(title("limits.depht"), "limits.depth");
  assert.equal(title("depht"), "limits.depth");
  assert.equal(title("zzzzzz"), undefined);
  assert.equal(title("a..b"), undefined);
});

Deno.test("every command that a message recommends explains something", () => {
  for (
    const line of complaints(
      '[limits]\ndepht = 1\nping_after = 5\n[host."a.org"]\nkind = 5\nnam = 1\narchive.most = 0',
    )
  ) {
    const key = /\(metronome config explain ?'?(.*?)'?\)$/.exec(line)?.[1];
    assert.ok(key !== undefined, line);
    assert.ok("text" in explain(key, CATALOG), key);
  }
});
