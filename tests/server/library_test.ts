/** The server as a library: nothing happens by importing it, and twenty lines run one. */
import assert from "node:assert/strict";
import { createLog, createServer, definePlugin, none, plugins } from "../../mod.ts";
import { WireClient } from "./wire_client.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("a server in another program, with a plugin of its own", async () => {
  const data = await Deno.makeTempDir();
  const answer = definePlugin({
    name: "answer",
    doc: "Answers the last question.",
    config: none,
    standard: true,
    setup: (host) => host.iq.get("urn:test", "question", "host", () => undefined),
  });
  const at = ["127.0.0.1:0"];
  await using running = await createServer({
    plugins: [...plugins, answer],
    config: {
      server: { data },
      listen: {
        "c2s": { at },
        "c2s-tls": { at },
        "http": { enabled: false },
        "s2s": { enabled: false },
        "s2s-tls": { enabled: false },
        "https": { enabled: false },
      },
      host: { "a.test": { tls_required: false, plain_without_tls: true } },
    },
    log: createLog({ level: "error" }),
  });
  await running.server.hosts.get("a.test")!.accounts.create("alice", "wonderland");
  using alice = await WireClient.login(running.ports["c2s"]![0]!, "alice", "wonderland");
  alice.send(`<iq type='get' id='q' to='a.test'><question xmlns='urn:test'/></iq>`);
  await alice.expect(`<iq id='q' type='result'/>`);
  await running.stop();
  await alice.expectEnd("system-shutdown");
  await Deno.remove(data, { recursive: true });
});

Deno.test("what is wrong with the configuration is all in one error", async () => {
  await assert.rejects(
    createServer({ plugins, config: { limits: { depht: 1 }, host: { "a.test": { plugins: ["pign"] } } } }),
    /depht[^]*pign/,
  );
});

Deno.test("importing has no effect, and does not bring the command line along", async () => {
  const probe = `import * as face from ${JSON.stringify(`${ROOT}mod.ts`)};
    console.log(typeof face.createServer, typeof face.definePlugin, typeof face.testServer);`;
  const child = new Deno.Command(Deno.execPath(), {
    // Nothing but reading is allowed: not even the environment (which a command line would want), but for two switches of ws.
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env=HOME,WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE",
      "--ext=ts",
      "--config",
      `${ROOT}deno.json`,
      "-",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(probe));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "function function function\n");
});
