import assert from "node:assert/strict";
import { configCandidates, defaultFolders, findConfig, joinPath } from "./find.ts";
import { withFiles } from "./config_test_rig.ts";

Deno.test("the places a configuration is looked for, in order", () => {
  const env = { METRONOME_CONFIG: "/m.toml", XDG_CONFIG_HOME: "/xdg", HOME: "/home/a" };
  assert.deepEqual(configCandidates(env, "/o.toml").map((it) => it.path), [
    "/o.toml",
    "/m.toml",
    "metronome.toml",
    "/xdg/metronome/metronome.toml",
    "/etc/metronome/metronome.toml",
  ]);
  assert.equal(configCandidates({ HOME: "/home/a" })[1]?.path, "/home/a/.config/metronome/metronome.toml");
});

Deno.test("what is named is chosen even when it is missing; else the first that is there", () => {
  withFiles({ "metronome/metronome.toml": "" }, (folder) => {
    const env = { XDG_CONFIG_HOME: folder };
    assert.equal(findConfig(env)?.path, `${folder}/metronome/metronome.toml`);
    assert.equal(findConfig({ ...env, METRONOME_CONFIG: "/none" })?.path, "/none");
    assert.equal(findConfig({ ...env, METRONOME_CONFIG: "/none" }, "/opt")?.path, "/opt");
    assert.equal(findConfig({ ...env, METRONOME_CONFIG: "/none" }, "/opt")?.exists, false);
  });
  assert.equal(findConfig({ XDG_CONFIG_HOME: "/does/not/exist" }), undefined);
});

Deno.test("the data and runtime folders follow systemd, /etc, XDG, or the file", () => {
  const folders = (env: Record<string, string>, config?: string) => {
    const { data, run } = defaultFolders(env, config);
    return [data, run(data)];
  };
  assert.deepEqual(folders({}), ["data", "data/run"]);
  assert.deepEqual(folders({}, "x/metronome.toml"), ["x/data", "x/data/run"]);
  assert.deepEqual(folders({}, "/etc/metronome/metronome.toml"), ["/var/lib/metronome", "/run/metronome"]);
  assert.deepEqual(folders({ STATE_DIRECTORY: "/s:/t", RUNTIME_DIRECTORY: "/r" }, "/etc/a"), ["/s", "/r"]);
  const home = { HOME: "/h", XDG_DATA_HOME: "/d" };
  assert.deepEqual(folders(home, "/h/.config/metronome/metronome.toml"), [
    "/d/metronome",
    "/d/metronome/run",
  ]);
});

Deno.test("paths join; absolute ones stay", () => {
  assert.equal(joinPath("a", "./b"), "a/b");
  assert.equal(joinPath("", "b"), "b");
  assert.equal(joinPath("a", "/b"), "/b");
  assert.equal(joinPath("/", "b"), "/b");
  assert.equal(joinPath("a", "C:\\b"), "C:\\b");
});
