/** The life of the process: ready, reloaded, stopped by signals, watched by a service manager (AC-2.19-5, STANDARDS 3.3). */
import assert from "node:assert/strict";
import { Place, PLAIN, soon } from "./rig.ts";
import { ServerProcess } from "./server_process.ts";
import { WireClient } from "./wire_client.ts";

const CONFIG = `${PLAIN}[host."a.test"]\n`;

Deno.test("SIGTERM: streams end with system-shutdown, what was written is there, exit 0 within 10 s (AC-2.19-5)", async () => {
  const notified = await Notified.listen();
  const pidfile = `${notified.folder}/server.pid`;
  await using server = await ServerProcess.start(`[server]\npidfile = "${pidfile}"\n${CONFIG}`, {
    env: { NOTIFY_SOCKET: notified.path },
  });
  assert.match(await notified.next(), /^READY=1\nSTATUS=serving a\.test/);
  assert.equal(await Deno.readTextFile(pidfile), `${server.pid}\n`);
  assert.match(server.printed, /Hello and welcome to Metronome version \d/);
  await server.place.run(["user", "add", "alice"], { input: ["wonderland"] });
  using alice = await WireClient.login(server.ready.ports["c2s"]![0]!, "alice", "wonderland");
  using stranger = await WireClient.connect(server.ready.ports["c2s"]![0]!);
  await stranger.open();

  await server.place.write("metronome.toml", `[server]\npidfile = "${pidfile}"\n${CONFIG}[host."b.test"]\n`);
  server.kill("SIGHUP");
  assert.match(await notified.next(), /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  assert.match(await notified.next(), /^READY=1/);
  assert.match(await server.line("reloaded"), /b\.test/);
  server.kill("SIGUSR2");
  await alice.ping();

  const start = performance.now();
  server.kill("SIGTERM");
  await alice.expectEnd("system-shutdown");
  await stranger.expectEnd("system-shutdown");
  assert.match(await notified.next(), /^STOPPING=1/);
  const { code } = await server.end();
  assert.ok(performance.now() - start < 10_000);
  assert.equal(code, 0, server.printed);
  await assert.rejects(Deno.stat(pidfile), Deno.errors.NotFound);
  await assert.rejects(Deno.stat(`${server.place.folder}/data/run/control.sock`), Deno.errors.NotFound);
  assert.match((await server.place.run(["user", "list"])).out, /^alice@a\.test/);
  await notified.close();
});

Deno.test("a second signal ends the process at once", async () => {
  await using server = await ServerProcess.start(CONFIG);
  using stubborn = await WireClient.connect(server.ready.ports["c2s"]![0]!);
  await stubborn.open();
  // A peer that does not close its side is waited for; so there is something to interrupt.
  stubborn.socket.pause();
  const other = await WireClient.connect(server.ready.ports["c2s"]![0]!);
  await other.open();
  server.kill("SIGINT");
  await other.expect("<stream:error/>");
  server.kill("SIGINT");
  const { code } = await server.end();
  assert.equal(code, 1);
  other[Symbol.dispose]();
});

Deno.test("`stop` from elsewhere ends it in order", async () => {
  await using server = await ServerProcess.start(CONFIG);
  const outcome = await server.place.run(["stop", "--json"]);
  assert.deepEqual([outcome.code, JSON.parse(outcome.out)], [0, { stopped: server.pid }]);
  assert.equal((await server.end()).code, 0);
  assert.equal((await server.place.run(["stop"])).code, 3);
});

Deno.test("a start that cannot be says why: 2 for the configuration, 1 for the rest", async () => {
  await using broken = await Place.make(`${PLAIN}[limits]\ndepth = "deep"\nzzz = 1\n[host."a.test"]\n`);
  const config = await soon("the end", broken.start());
  assert.equal(config.code, 2);
  assert.match(
    config.err,
    /metronome\.toml:\d+: limits\.depth: .*\n.*metronome\.toml:\d+: limits\.zzz: unknown key/,
  );

  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (taken.addr as Deno.NetAddr).port;
  await using crowded = await Place.make(CONFIG.replace("127.0.0.1:0", `127.0.0.1:${port}`));
  const ports = await soon("the end", crowded.start());
  assert.deepEqual([ports.code, /cannot listen on 127\.0\.0\.1/.test(ports.err)], [1, true], ports.err);

  await using server = await ServerProcess.start(CONFIG);
  const twice = await soon("the end", server.place.start());
  assert.deepEqual(
    [twice.code, /in use by another server \(process \d+\)/.test(twice.err)],
    [1, true],
    twice.err,
  );
  // The one that runs is none the worse for it.
  assert.equal((await server.place.run(["status"])).code, 0);
});

Deno.test("a log file takes what would go to standard error, and is opened again on SIGUSR2", async () => {
  await using place = await Place.make(`[server]\nlog_file = "server.log"\n${CONFIG}`, "");
  await using server = ServerProcess.spawn(place, ["start", "--quiet", "--config", place.config]);
  const file = `${place.folder}/server.log`;
  await until(
    "the record `ready`",
    async () => (await Deno.readTextFile(file).catch(() => "")).includes(" ready "),
  );
  await Deno.rename(file, `${file}.1`);
  server.kill("SIGUSR2");
  await until("a new log file", async () => await Deno.stat(file).catch(() => undefined) !== undefined);
  server.kill("SIGTERM");
  const { code, printed } = await server.end();
  assert.deepEqual([code, printed], [0, ""]);
  assert.match(await Deno.readTextFile(file), /^[^\n]* stopping\n/);
  assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o007, 0);
});

Deno.test("a bug that nobody catches is logged and counted, and the server serves on", async () => {
  const buggy = `export default (api) => api.definePlugin({
    name: "buggy", doc: "Fails where nobody looks.", config: api.none,
    setup(host) {
      host.iq.get("urn:bug", "throw", "host", () => { setTimeout(() => { throw new Error("thrown late"); }); });
      host.iq.get("urn:bug", "reject", "host", () => { Promise.reject(new Error("rejected late")); });
    },
  });`;
  await using server = await ServerProcess.start(
    `[server]\nplugin_files = ["buggy.ts"]\n${CONFIG}plugins = { add = ["buggy"] }\n`,
    { files: { "buggy.ts": buggy } },
  );
  await server.place.run(["user", "add", "alice"], { input: ["wonderland"] });
  using alice = await WireClient.login(server.ready.ports["c2s"]![0]!, "alice", "wonderland");
  alice.send(`<iq type='get' id='1' to='a.test'><throw xmlns='urn:bug'/></iq>`);
  alice.send(`<iq type='get' id='2' to='a.test'><reject xmlns='urn:bug'/></iq>`);
  assert.match(await server.line("thrown late"), /that nobody caught/);
  assert.match(await server.line("rejected late"), /that nobody caught/);
  await alice.ping();
  const metrics = await fetch(`http://127.0.0.1:${server.ready.ports["http"]![0]}/metrics`);
  assert.match(await metrics.text(), /^metronome_faults_total 2$/m);
});

/** Until another process has done something that can only be looked at. */
async function until(what: string, test: () => Promise<boolean>): Promise<void> {
  let late = false;
  const loop = async (): Promise<void> => {
    while (!late && !(await test())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await soon(what, loop()).finally(() => late = true);
}

/** A service manager's end of $NOTIFY_SOCKET. */
class Notified {
  private constructor(
    readonly folder: string,
    readonly path: string,
    private readonly socket: Deno.DatagramConn,
  ) {}

  static async listen(): Promise<Notified> {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/notify`;
    return new Notified(folder, path, Deno.listenDatagram({ transport: "unixpacket", path }));
  }

  async next(): Promise<string> {
    const [bytes] = await soon("a notification", this.socket.receive());
    return new TextDecoder().decode(bytes);
  }

  async close(): Promise<void> {
    this.socket.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}
