import assert from "node:assert/strict";
import { OFFER, withFiles } from "./config_test_rig.ts";
import { describeProblem } from "./problems.ts";
import { pluginFiles, readSettings } from "./read.ts";

/** What is wrong with a folder of files; empty when nothing is. */
function complaints(files: Readonly<Record<string, string>>): string[] {
  let lines: string[] = [];
  withFiles(files, (folder) => {
    const outcome = readSettings({ ...OFFER, env: {}, path: `${folder}/metronome.toml` });
    lines = "settings" in outcome
      ? []
      : outcome.problems.map((it) => describeProblem(it).replaceAll(`${folder}/`, ""));
  });
  return lines;
}

const HOST = '[host."example.org"]\n';

Deno.test("included files are read sorted by name, hidden ones and other endings left out", () => {
  withFiles({
    "metronome.toml": 'include = ["conf.d/*.toml"]\n',
    "conf.d/b.toml": '[host."b.org"]\n',
    "conf.d/a.toml": '[host."a.org"]\narchive.most = 7\n',
    "conf.d/.a.toml.swp": "not [ toml",
    "conf.d/.hidden.toml": "not [ toml",
    "conf.d/note.txt": "not [ toml",
  }, (folder) => {
    const outcome = readSettings({ ...OFFER, services: [], env: {}, path: `${folder}/metronome.toml` });
    assert.ok("settings" in outcome);
    assert.deepEqual(Object.keys(outcome.settings.hosts), ["a.org", "b.org"]);
    assert.equal(
      outcome.origins.originOf(["host", "a.org", "archive", "most"]).source,
      `${folder}/conf.d/a.toml`,
    );
  });
});

Deno.test("problems of included files name them", () => {
  assert.deepEqual(complaints({ "metronome.toml": 'include = ["x/*"]', "x/h.toml": `${HOST}nam = 1\n` }), [
    'x/h.toml:2: host."example.org".nam: unknown key. Did you mean "name"? (metronome config explain host)',
  ]);
});

Deno.test("a key said twice names both places; tables may be continued", () => {
  assert.deepEqual(
    complaints({
      "metronome.toml": `include = ["more.toml"]\n[server]\nlog = "info"\n${HOST}archive.most = 1\n`,
      "more.toml": `[server]\nlog = "debug"\nadmins = []\n${HOST}archive.title = "x"\n`,
    }),
    ['more.toml:2: server.log: already set in metronome.toml:3; say it once, got "debug"'],
  );
});

Deno.test("a value of a secret that is said twice is not shown", () => {
  const all = complaints({
    "metronome.toml": `include = ["more.toml"]\n[metrics]\ntoken = "one"\n${HOST}`,
    "more.toml": '[metrics]\ntoken = "hunter2"\n',
  });
  assert.match(all.join(), /already set/);
  assert.doesNotMatch(all.join(), /hunter2/);
});

Deno.test("cycles, missing files, folders and broken texts are told, all of them", () => {
  assert.deepEqual(
    complaints({ "metronome.toml": 'include = ["a.toml"]', "a.toml": 'include = ["metronome.toml"]' }),
    [
      'a.toml:1: includes itself, through "metronome.toml"',
    ],
  );
  assert.deepEqual(
    complaints({
      "metronome.toml": '# one\ninclude = [\n  "gone.toml",\n  "dir",\n  "bad.toml",\n  "none/*.toml",\n]\n',
      "dir/x": "",
      "bad.toml": "a = 1\nb = \n",
    }),
    [
      "bad.toml:2: not valid TOML: invalid value",
      'metronome.toml:3: include: "gone.toml" does not exist',
      'metronome.toml:4: include: "dir" is a folder, not a file',
    ],
  );
  assert.match(
    complaints({ "metronome.toml": "include = 5" }).join(),
    /^metronome.toml:1: include: expected a list of files/,
  );
  assert.match(complaints({}).join(), /^metronome.toml: does not exist$/);
});

Deno.test("a file that two others include counts once", () => {
  const files = {
    "metronome.toml": 'include = ["a.toml", "b.toml"]',
    "a.toml": 'include = ["h.toml"]',
    "b.toml": 'include = ["h.toml"]',
    "h.toml": `${HOST}name = "x"`,
  };
  assert.deepEqual(complaints(files), []);
});

Deno.test("paths start from the folder of the file that says them; absolute ones stay", () => {
  withFiles({
    "metronome.toml":
      `include = ["conf.d/*.toml"]\n[server]\ndata = "store"\nplugin_files = ["p.ts", "/q.ts"]\n`,
    "conf.d/a.toml":
      `${HOST}certificate = "certs/x"\n[host."b.org"]\ncertificate = { cert = "/c", key = "k" }\n`,
  }, (folder) => {
    const request = { env: {}, path: `${folder}/metronome.toml` };
    const outcome = readSettings({ ...OFFER, ...request });
    assert.ok("settings" in outcome);
    const { server, tls, hosts } = outcome.settings;
    assert.equal(server.data, `${folder}/store`);
    assert.equal(server.run, `${folder}/store/run`);
    assert.equal(tls.certs_dir, `${folder}/store/certs`);
    assert.equal(hosts["example.org"]?.certificate, `${folder}/conf.d/certs/x`);
    assert.deepEqual(hosts["b.org"]?.certificate, { cert: "/c", key: `${folder}/conf.d/k` });
    assert.deepEqual(server.plugin_files, [`${folder}/p.ts`, "/q.ts"]);
    assert.deepEqual(pluginFiles(request), server.plugin_files);
  });
});
