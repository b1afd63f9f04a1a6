/** The administration commands of a host from the command line (AC-2.13-4: list, add, remove and pardon through the control tool). */
import { deepEqual, equal, match } from "node:assert/strict";
import { PLAIN, Serving } from "./rig.ts";

const CONFIG = `${PLAIN}
[host."a.test"]
plugins = { add = ["gate_guard"] }
`;

Deno.test("AC-2.13-4: domains are banned, listed and pardoned by the control tool; the log says why", async () => {
  const folder = await Deno.makeTempDir();
  {
    await using server = await Serving.start(
      `[server]\nlog_levels = { "a.test.adhoc" = "info", "a.test.gate_guard" = "info" }\nlog_file = "${folder}/log"\n${CONFIG}`,
    );
    const run = (...args: string[]) => server.run(["command", "a.test", ...args]);
    match((await run()).out, /^http:\/\/metronome\.im\/protocol\/gate#ban +Ban a Domain$/m);
    match((await run("gate#list")).out, /^Nobody is banned/);
    const form = await run("gate#ban", "--form");
    equal(form.code, 0);
    match(form.out, /^ {2}domain +Domain \(must be given\)$/m);
    const banned = await run(
      "gate#ban",
      "--field",
      "domain=*.Evil.test",
      "--field",
      "reason=spam wave",
      "--field",
      "hours=2",
    );
    deepEqual([banned.code, banned.out], [0, "*.evil.test is banned."]);
    const forever = await run(
      "http://metronome.im/protocol/gate#ban",
      "--field",
      "domain=worse.test",
      "--field",
      "reason=rude",
    );
    equal(forever.code, 0);
    const { out } = await run("gate#list");
    match(out, /Domain +Banned until +Offences +Reason/);
    match(out, /^ {2}\*\.evil\.test +\d{4}-\d\d-\d\dT\S+ +spam wave$/m);
    match(out, /^ {2}worse\.test +for ever +rude$/m);
    const table = JSON.parse((await run("gate#list", "--json")).out).table;
    deepEqual(table.rows.map(([domain]: [string]) => domain).sort(), ["*.evil.test", "worse.test"]);
    match((await run("gate#pardon", "--field", "domain=worse.test")).out, /worse\.test is pardoned/);
    const again = await run("gate#pardon", "--field", "domain=worse.test");
    deepEqual([again.code, /not banned/.test(again.err)], [1, true]);
    equal(/worse/.test((await run("gate#list")).out), false);
  }
  const log = await Deno.readTextFile(`${folder}/log`);
  match(log, /banned.*\*\.evil\.test.*spam wave/);
  match(log, /command executed.*gate#ban.*the operator/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("commands for people are not the operator's; what is wrong is said, with what is asked for", async () => {
  await using server = await Serving.start(CONFIG);
  const run = (...args: string[]) => server.run(["command", ...args]);
  const all = JSON.parse((await run("a.test", "--json")).out) as { node: string }[];
  equal(all.some(({ node }) => node.endsWith("upload#purge")), false);
  equal(all.some(({ node }) => node.endsWith("upload#purge-account")), true);
  const cases: [args: string[], code: number, says: RegExp][] = [
    [["b.test"], 1, /b\.test is not served here/],
    [["a.test", "nothing"], 1, /there is no command "nothing"/],
    [["a.test", "gate#ban"], 2, /Domain \(domain\): must be filled in[\s\S]*reason +Reason.*must be given/],
    [["a.test", "gate#ban", "--field", "domain=x y", "--field", "reason=z"], 2, /"x y" is no domain/],
    [["a.test", "gate#list", "--field", "x=y"], 2, /no field x; it asks for nothing/],
    [["a.test", "gate#ban", "--field", "nonsense"], 2, /expected NAME=VALUE/],
    [["a.test", "gate#pardon", "--field", "domain=-"], 2, /nothing to read/],
  ];
  for (const [args, code, says] of cases) {
    const outcome = await run(...args);
    equal(outcome.code, code, `${args.join(" ")}: ${outcome.err}`);
    match(outcome.err, says);
  }
  const asked = JSON.parse((await run("a.test", "gate#ban", "--json")).out);
  deepEqual([asked.code, asked.form.map(({ name }: { name: string }) => name)], [
    "bad-fields",
    ["domain", "reason", "hours"],
  ]);
});

Deno.test("a command of several forms, and a secret from a pipe", async () => {
  await using server = await Serving.start(CONFIG);
  const added = await server.run([
    "command",
    "a.test",
    "admin#add-user",
    "--field",
    "accountjid=alice@a.test",
    "--field",
    "password=-",
    "--field",
    "password-verify=-",
  ], { input: ["wonderland", "wonderland"] });
  equal(added.code, 0, added.err);
  match((await server.run(["user", "list"])).out, /^alice@a\.test/);
  const removed = await server.run([
    "command",
    "a.test",
    "admin#delete-user",
    "--field",
    "accountjids=alice@a.test",
  ]);
  equal(removed.code, 0, removed.err);
  equal((await server.run(["user", "list"])).out, "There are no accounts.");
});

Deno.test("without a running server there is nothing to command", async () => {
  const server = await Serving.start(CONFIG);
  const { place } = server;
  await server.stop();
  equal((await place.run(["command", "a.test"])).code, 3);
  await place[Symbol.asyncDispose]();
});
