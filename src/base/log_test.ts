import assert from "node:assert/strict";
import type { Clock } from "./clock.ts";
import { createLog, type LogSettings } from "./log.ts";

const AT = Date.UTC(2026, 10, 25, 15, 24, 43, 123);

/** A clock that stands still and whose timers are called by hand. */
class StillClock implements Clock {
  readonly due: (() => void)[] = [];
  now = () => AT;
  monotonic = () => 0;

  after(_ms: number, fn: () => void): { cancel(): void } {
    this.due.push(fn);
    return { cancel: () => {} };
  }
}

function collect(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: "debug",
    clock: new StillClock(),
    write: (line) => lines.push(line),
    ...settings,
  });
  return { log, lines };
}

Deno.test("a record is a line of time, level, part, message and fields", () => {
  const { log, lines } = collect();
  log.child("c2s").info("client bound", {
    jid: "a@b.test/x",
    after: 12,
    tls: true,
    reason: "two words",
    none: undefined,
  });
  log.error("no part");
  assert.deepEqual(lines, [
    `2026-11-25 15:24:43.123 info  c2s: client bound jid=a@b.test/x after=12 tls=true reason="two words"`,
    "2026-11-25 15:24:43.123 error no part",
  ]);
});

Deno.test("JSON lines hold the same, and fields cannot replace what the record is", () => {
  const { log, lines } = collect({ format: "json" });
  log.child("c2s").warn("odd\nline", {
    level: "mine",
    n: 1,
    nested: { password: "x", list: [1, undefined] },
  });
  assert.deepEqual(JSON.parse(lines[0]!), {
    time: "2026-11-25T15:24:43.123Z",
    level: "warn",
    subsystem: "c2s",
    message: "odd\nline",
    level_: "mine",
    n: 1,
    nested: { password: "[redacted]", list: [1, "undefined"] },
  });
  assert.ok(!lines[0]!.includes("\n"));
});

Deno.test("secrets are not printed, under any spelling and at any depth", () => {
  const { log, lines } = collect();
  log.info("x", {
    password: "hunter2",
    apiKey: "hunter2",
    client_secret: "hunter2",
    "access-token": 5,
    PassWord: "hunter2",
  });
  log.info("x", { settings: { ldap: { bindPassword: "hunter2" } }, map: new Map([["token", "hunter2"]]) });
  assert.ok(!lines.join().includes("hunter2"));
  assert.match(
    lines[0]!,
    /password=\[redacted\] apiKey=\[redacted\] client_secret=\[redacted\] access-token=\[redacted\]/,
  );
  log.info("x", { monkey: "seen", passive: "seen", tokenizer: "seen" });
  assert.equal(lines[2]!.match(/seen/g)?.length, 3);
});

Deno.test("nothing that a peer sends ends the line or steers the terminal", () => {
  const { log, lines } = collect();
  const evil = 'a\r\n2026-11-25 error c2s: forged\u001b[2J\u2028\u202e" x="\\';
  log.child("c2s\n").info(evil, { [evil]: evil, error: new Error(evil) });
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  assert.doesNotMatch(lines[0]!, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
  assert.equal(lines.length, 1);
  assert.ok(lines[0]!.includes('\\u202e\\" x=\\"\\\\"'));
});

Deno.test("errors are printed with their stack and causes, bytes as their number, texts of things as such", () => {
  const { log, lines } = collect();
  log.error("failed", {
    error: new Error("outer", { cause: new TypeError("inner") }),
    body: new Uint8Array(7),
    url: new URL("http://a.test/"),
  });
  assert.match(lines[0]!, /error="Error: outer\\n.*caused by TypeError: inner/);
  assert.match(lines[0]!, / body="7 bytes" url=http:\/\/a\.test\/$/);
});

Deno.test("levels can be set for a part and its parts, and changed while running", () => {
  const { log, lines } = collect({ level: "warn", levels: { storage: "debug" } });
  const c2s = log.child("c2s");
  const sqlite = log.child("storage").child("sqlite");
  c2s.info("hidden");
  sqlite.debug("shown");
  assert.equal(c2s.enabled("info"), false);
  assert.equal(c2s.enabled("error"), true);
  log.setLevels("info", { "storage.sqlite": "error" });
  c2s.info("shown");
  sqlite.warn("hidden");
  log.child("storage").info("shown");
  log.debug("hidden");
  log.info("shown");
  assert.equal(lines.length, 4);
  assert.ok(lines.every((line) => line.includes("shown")));
});

Deno.test("for the journal, a line begins with its priority", () => {
  const { log, lines } = collect({ journal: true });
  log.debug("d");
  log.info("i");
  log.warn("w");
  log.error("e");
  assert.deepEqual(lines.map((line) => line.slice(0, 3)), ["<7>", "<6>", "<4>", "<3>"]);
});

Deno.test("records for a file are written together, at the end of the tick or when many", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/x.log`;
    const clock = new StillClock();
    const log = createLog({ level: "info", clock, file });
    log.info("one");
    log.info("two");
    assert.equal(await Deno.readTextFile(file), "");
    assert.equal(clock.due.length, 1);
    clock.due.pop()?.();
    assert.equal((await Deno.readTextFile(file)).split("\n").length, 3);
    log.info("x".repeat(20_000));
    assert.equal((await Deno.readTextFile(file)).split("\n").length, 4);
    log.info("three");
    log.flush();
    assert.match(await Deno.readTextFile(file), /three\n$/);
    await Deno.rename(file, `${file}.1`);
    log.info("four");
    log.reopen();
    log.info("five");
    log.flush();
    assert.match(await Deno.readTextFile(`${file}.1`), /four\n$/);
    assert.match(await Deno.readTextFile(file), /^[^\n]*five\n$/);
    // Nothing can be opened there: it goes on where it was, and says so.
    await Deno.rename(file, `${file}.2`);
    await Deno.mkdir(file);
    log.reopen();
    log.info("six");
    log.flush();
    assert.match(
      await Deno.readTextFile(`${file}.2`),
      /five\n[^\n]*goes on where it was[^\n]*\n[^\n]*six\n$/,
    );
    assert.throws(
      () => createLog({ level: "info", file: `${dir}/no/x.log` }),
      /the log file ".*no\/x\.log" cannot/,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
