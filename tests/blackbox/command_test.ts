/** Commands of the executable that need no running server. */
import { equal, match } from "node:assert/strict";
import { VERSION } from "../../src/base/version.ts";
import { Home, kind } from "./executable.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test(`${kind}: version`, async () => {
  await using home = new Home();
  const { code, stdout } = await home.run(["version"]);
  equal(code, 0);
  match(stdout, new RegExp(`^Metronome ${VERSION.replaceAll(".", "\\.")}\\b`));
  equal(
    [...Deno.readDirSync(home.folder)].some(({ name }) => name === "data"),
    false,
    "it made a data folder",
  );
});

Deno.test(`${kind}: a command that there is not`, async () => {
  await using home = new Home();
  const { code, stderr } = await home.run(["strat"]);
  equal(code, 2);
  match(stderr, /start/);
});

Deno.test(`${kind}: the example configuration is fine`, async () => {
  await using home = new Home();
  const { code, stdout } = await home.run(["config", "check", "--config", `${root}config.example.toml`]);
  equal(code, 0, stdout);
  match(stdout, /4 hosts, fine/);
});

Deno.test(`${kind}: everything that is wrong with a configuration is said at once`, async () => {
  await using home = new Home();
  const path = `${home.folder}/wrong.toml`;
  await Deno.writeTextFile(path, '[limits]\ndepht = 50\nstanza_size = "many"\n\n[host."a.test"]\n');
  const { code, stdout, stderr } = await home.run(["config", "check", "--config", path]);
  equal(code, 2);
  match(stdout + stderr, /wrong\.toml:2.*depht.*depth/);
  match(stdout + stderr, /wrong\.toml:3.*stanza_size/);
});

Deno.test(`${kind}: a plugin from disk`, async () => {
  await using home = new Home();
  await Deno.copyFile(`${root}docs/examples/away.ts`, `${home.folder}/away.ts`);
  await Deno.writeTextFile(
    `${home.folder}/broken.js`,
    "export default () => { throw new Error('not today'); };",
  );
  const lines =
    '[server]\nplugin_files = ["away.ts", "broken.js"]\n[host.localhost]\nplugins = { add = ["away"] }\n';
  await Deno.writeTextFile(`${home.folder}/metronome.toml`, lines);
  const { code, stdout } = await home.run(["plugins", "--json", "--config", "metronome.toml"]);
  equal(code, 0, stdout);
  const { plugins, problems } = JSON.parse(stdout) as {
    plugins: { name: string; hosts?: string[] }[];
    problems: { file: string; reason: string }[];
  };
  equal(plugins.some(({ name }) => name === "away"), true, stdout);
  equal(problems.length, 1);
  match(problems[0]!.reason, /not today/);
  await using server = await home.start("--config", "metronome.toml");
  match(server.output, /broken\.js/);
  equal(await server.stop(), 0, server.output);
});
