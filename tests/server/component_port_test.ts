/** The ports of external components: open where a host is one, with TLS where that is switched on. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createLog, createServer, plugins, type Running } from "../../mod.ts";
import { WireClient } from "./wire_client.ts";

const SECRET = "between the two of us";
const GW = "gw.a.test";
const OFF = Object.fromEntries(
  ["c2s", "c2s-tls", "s2s", "s2s-tls", "http", "https"].map((kind) => [kind, { enabled: false }]),
);

async function start(data: string, hosts: Record<string, unknown>): Promise<Running> {
  const at = ["127.0.0.1:0"];
  return await createServer({
    plugins,
    config: {
      server: { data },
      listen: { ...OFF, "component": { at }, "component-tls": { enabled: true, at } },
      host: { "a.test": {}, ...hosts },
    },
    log: createLog({ level: "error" }),
  });
}

/** The handshake of XEP-0114; the header is read as it stands on the wire. */
async function logIn(wire: WireClient): Promise<void> {
  const header = new Promise<string>((resolve) =>
    wire.socket.once("data", (chunk: Uint8Array) => resolve(new TextDecoder().decode(chunk)))
  );
  wire.send(
    `<stream:stream to='${GW}' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  const id = /id="([^"]+)"/.exec(await header)?.[1];
  wire.send(`<handshake>${createHash("sha1").update(`${id}${SECRET}`).digest("hex")}</handshake>`);
  await wire.expect("<handshake/>");
}

Deno.test("XEP-0114 on real sockets: in the clear, and with TLS; a stop is said", async () => {
  const data = await Deno.makeTempDir();
  try {
    await using running = await start(data, {
      [GW]: { kind: "component", component: { secret: SECRET, conflict: "share" } },
    });
    using plain = await WireClient.connect(running.ports["component"]![0]!, GW);
    await logIn(plain);
    using secure = await WireClient.secure(running.ports["component-tls"]![0]!, GW);
    await logIn(secure);
    plain.send(`<iq type='get' id='1' from='${GW}' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const answers = [plain, secure].map((wire) => wire.expect(`<iq type='result' id='1' from='a.test'/>`));
    await Promise.race(answers);
    await running.stop();
    for (const wire of [plain, secure]) await wire.expectEnd("system-shutdown");
    await Promise.allSettled(answers);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("without a component there is no port for one", async () => {
  const data = await Deno.makeTempDir();
  try {
    await using running = await start(data, {});
    assert.deepEqual(running.ports, {});
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
