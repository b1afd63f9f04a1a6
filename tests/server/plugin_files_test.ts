/** Plugins from disk: loaded, changed, broken in every way; in `deno run` and in the bundle. */
import assert from "node:assert/strict";
import { PLAIN, Serving, soon } from "./rig.ts";
import { WireClient } from "./wire_client.ts";
import { ServerProcess } from "./server_process.ts";

const GREETER = await Deno.readTextFile(new URL("./plugins/greeter.ts", import.meta.url));
const ONE = `[server]\nplugin_files = ["greeter.ts"]\n${PLAIN}`;
const A = `[host."a.test"]\nplugins = { add = ["greeter"] }\n`;

async function greeted(server: Serving, text: string): Promise<void> {
  using alice = await WireClient.login(await server.port("c2s"), "alice", "wonderland");
  await alice.expect(`<message type='headline' from='a.test'><body>${text}</body></message>`);
}

Deno.test("a file beside the configuration is a plugin like any other, and is read again when it changes", async () => {
  await using server = await Serving.start(ONE + A, { "greeter.ts": GREETER });
  await server.run(["user", "add", "alice"], { input: ["wonderland"] });
  await greeted(server, "Welcome!");
  assert.match(
    (await server.run(["plugins"])).out,
    /on +greeter +Greets everybody who logs in\. \(.*greeter\.ts\)/,
  );
  const hooks = await server.run(["check", "--hooks", "--host", "a.test"]);
  assert.match(hooks.out, /<greeting xmlns="urn:example:greeting"> +greeter: get to host/);

  const said = await server.reload(`${ONE}${A}[host."a.test".greeter]\ntext = "Hi"\n`);
  assert.match(said.out, /plugin greeter +set up again/);
  await greeted(server, "Hi");

  await server.place.write(
    "greeter.ts",
    GREETER.replace("host.config.text", '"Changed: " + host.config.text'),
  );
  const changed = await server.run(["reload"]);
  assert.match(changed.out, /plugin greeter +set up again/, changed.err);
  await greeted(server, "Changed: Hi");
  assert.match((await server.run(["reload"])).out, /nothing/);

  await server.place.write("greeter.ts", `${GREETER}\n}}}`);
  const broken = await server.run(["reload"]);
  assert.equal(broken.code, 1);
  assert.match(broken.err, /greeter\.ts: /);
  await greeted(server, "Changed: Hi");
});

const BROKEN: Readonly<Record<string, readonly [string, RegExp]>> = {
  "a syntax error": [`export default (api) => { "name: ${"greeter"}"`, /Unexpected eof|Expected/i],
  "an import that cannot be": [`import x from "nothing-like-this";\nx();\n${GREETER}`, /nothing-like-this/],
  "a throw when it is loaded": [`throw new Error("not today");`, /not today/],
  "a throw when it is asked for the plugin": [
    `export default () => { throw new Error("not to you"); }`,
    /not to you/,
  ],
  "no default export": [`export const greeter = 1;`, /default export is not a function/],
  "something else than a plugin": [`export default () => 42;`, /expected a plugin, got number/],
  "a plugin without options": [
    `export default () => ({ name: "greeter", doc: "x", setup() {} });`,
    /"greeter" has no config/,
  ],
  "a taken name": [GREETER.replace(`name: "greeter"`, `name: "ping"`), /name "ping" is taken/],
  "a setup that throws": [
    GREETER.replace("setup(host) {", `setup(host) { throw new Error("no way");`),
    /no way/,
  ],
  "a claim on what another answers": [
    GREETER.replace(/"urn:example:greeting",\s+"greeting"/, `"urn:xmpp:ping", "ping"`),
    /already answered by ping/,
  ],
  "a need that nobody meets": [
    GREETER.replace("config,\n", `config,\n    needs: [api.defineService("a pony")],\n`),
    /needs a pony/,
  ],
};

for (const [what, [text, reason]] of Object.entries(BROKEN)) {
  Deno.test(`${what}: said with the file's name, and the server serves without it`, async () => {
    const config = `${ONE}${A}[host."a.test".greeter]\ntext = "Hello"\n`;
    await using server = await Serving.start(config, { "greeter.ts": text });
    const { problems } = await server.status();
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, /greeter\.ts/);
    assert.match(problems[0]!, reason);
    const ready = await fetch(`http://127.0.0.1:${await server.port("http")}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /greeter\.ts/);
    assert.equal((await server.run(["check", "plugins"])).code, 4);
    await server.run(["user", "add", "alice"], { input: ["wonderland"] });
    using alice = await WireClient.login(await server.port("c2s"), "alice", "wonderland");
    await alice.ping();
    // What was broken before does not keep other changes away, and a repaired file is taken up.
    assert.equal((await server.reload(`${config}[host."b.test"]\n`)).code, 0);
    await server.place.write("greeter.ts", GREETER);
    assert.equal((await server.run(["reload"])).code, 0);
    assert.deepEqual((await server.status()).problems, []);
    await greeted(server, "Hello");
  });
}

Deno.test("one broken file does not keep another's plugin away, even one that needs it to be found out", async () => {
  const other = GREETER.replaceAll("greeter", "other").replaceAll(
    "urn:example:greeting",
    "urn:example:other",
  );
  const config = `[server]\nplugin_files = ["greeter.ts", "other.ts", "missing.ts"]\n${PLAIN}` +
    `[host."a.test"]\nplugins = { add = ["greeter", "other", "missing"] }\n`;
  await using server = await Serving.start(config, {
    "greeter.ts": GREETER.replace("setup(host) {", `setup(host) { throw new Error("no way");`),
    "other.ts": other,
  });
  const { problems, hosts } = await server.status();
  assert.deepEqual([problems.length, hosts[0]!.plugins.includes("other")], [2, true]);
  assert.match(problems.join("\n"), /missing\.ts: there is no such file[^]*greeter\.ts: .*no way/);
  const refused = await server.reload(config.replace("[host", `[limits]\ndepth = 20\n[host`));
  assert.equal(refused.code, 0, refused.err);
});

Deno.test("the bundle loads the same file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bundle = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--platform=deno",
        "--packages=bundle",
        "--quiet",
        "-o",
        `${folder}/metronome.js`,
        "mod.ts",
      ],
      cwd: new URL("../../", import.meta.url).pathname,
    }).output();
    assert.ok(bundle.success, new TextDecoder().decode(bundle.stderr));
    await using server = await ServerProcess.start(ONE + A, {
      entry: `${folder}/metronome.js`,
      files: { "greeter.ts": GREETER },
    });
    assert.match(
      (await server.place.run(["user", "add", "alice"], { input: ["wonderland"] })).out,
      /Made alice/,
    );
    using alice = await WireClient.login(server.ready.ports["c2s"]![0]!, "alice", "wonderland");
    await alice.expect("<message type='headline'><body>Welcome!</body></message>");
    server.kill("SIGTERM");
    assert.equal((await soon("the end", server.status)).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
