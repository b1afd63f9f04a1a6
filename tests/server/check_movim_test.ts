/** `check movim`: against our own server, and what it says of one that lacks something. */
import assert from "node:assert/strict";
import { command, PLAIN, Serving } from "./rig.ts";

const PASSWORD = "correct horse battery";

interface Report {
  readonly code: number;
  readonly lines: readonly string[];
}

async function server(host = ""): Promise<Serving> {
  const serving = await Serving.start(`${PLAIN}\n[host."a.test"]\n${host}`);
  const { code, err } = await serving.run(["user", "add", "alice@a.test"], { input: [PASSWORD] });
  if (code !== 0) throw new Error(err);
  return serving;
}

async function check(serving: Serving, password = PASSWORD): Promise<Report> {
  const at = `127.0.0.1:${await serving.port("c2s")}`;
  const { code, out, err } = await command(["check", "movim", "alice@a.test", "--at", at, "--json"], {
    input: [password],
  });
  if (out === "") throw new Error(err);
  const { findings } = JSON.parse(out) as { findings: { check: string; severity: string; text: string }[] };
  return { code, lines: findings.map(({ check, severity, text }) => `${check} ${severity} ${text}`) };
}

Deno.test("AC-2.17-1, STANDARDS 2.2: check movim finds nothing missing on our own server", async () => {
  await using serving = await server();
  const { code, lines } = await check(serving);
  const bad = lines.filter((it) => / (warning|error) /.test(it));
  // Calls and pictures need services that an administrator sets up.
  assert.deepEqual(bad.filter((it) => !/extdisco|upload/.test(it)), []);
  assert.equal(code, 0);
  for (
    const step of ["login", "account", "services", "publish", "events", "reading", "conditions", "models"]
  ) {
    assert.ok(lines.some((it) => it.startsWith(`${step} ok `)), step);
  }
  for (const step of ["management", "comments", "deletion", "registration"]) {
    assert.ok(lines.some((it) => it.startsWith(`${step} ok `)), step);
  }
});

Deno.test("check movim: a server without personal nodes, and a wrong password, are errors", async () => {
  await using serving = await server(`plugins = { remove = ["pep"] }`);
  const without = await check(serving);
  assert.equal(without.code, 4);
  assert.ok(
    without.lines.some((it) => /^account error .*persistent-items/.test(it)),
    without.lines.join("\n"),
  );
  assert.ok(without.lines.some((it) => /^publish error publishing with options: /.test(it)));
  const wrong = await check(serving, "wrong");
  assert.equal(wrong.code, 4);
  assert.match(wrong.lines.at(-1)!, /^login error the login failed: not-authorized$/);
});

Deno.test("check movim: what is no account, and nobody to ask for a password", async () => {
  assert.equal((await command(["check", "movim", "a.test"], { input: ["x"] })).code, 2);
  const { code, err } = await command(["check", "movim", "alice@a.test"]);
  assert.equal(code, 2);
  assert.match(err, /no password/);
});
