/** The tap `connecting`: whether an address may come at all. */
import { deepEqual, equal, match } from "node:assert/strict";
import { connecting, definePlugin, none } from "#plugin";
import { testServer } from "#testing";
import { createLog, createServer, plugins } from "../../mod.ts";
import { askPlugins } from "../../src/server/admission.ts";
import { TestCarrier } from "../../src/testing/carrier.ts";
import { tlsClient } from "../../src/transport/transport_test_rig.ts";
import { soon } from "./rig.ts";
import { WireClient } from "./wire_client.ts";

type Answer = "refuse" | undefined | Promise<"refuse" | undefined>;

/** A server on which one plugin answers. */
function answering(answer: () => Answer) {
  return testServer({
    plugins: [definePlugin({
      name: "gatekeeper",
      doc: "Answers as the test says.",
      config: none,
      setup: (host) => host.tap(connecting, answer),
    })],
  });
}

const CASES: readonly [what: string, answer: () => Answer, accepted: boolean][] = [
  ["nothing", () => undefined, true],
  ["refuse", () => "refuse", false],
  ["nothing, later", () => Promise.resolve(undefined), true],
  ["refuse, later", () => Promise.resolve("refuse"), false],
  ["a throw", () => {
    throw new Error("broken");
  }, false],
  ["a rejection", () => Promise.reject(new Error("broken")), false],
];

for (const [what, answer, accepted] of CASES) {
  Deno.test(`connecting: ${what} lets ${accepted ? "in" : "nobody in"}`, async () => {
    await using server = await answering(answer);
    server.allowErrors();
    const carrier = new TestCarrier(() => {});
    let count = 0;
    askPlugins(server.server, "c2s", carrier, () => void count++);
    await server.settle();
    equal(count, accepted ? 1 : 0);
    equal(carrier.closed, !accepted);
  });
}

Deno.test("connecting: who does not answer in time has refused, and what comes later changes nothing", async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  await using server = await answering(() => promise);
  const carrier = new TestCarrier(() => {});
  const accept = () => {
    throw new Error("accepted");
  };
  askPlugins(server.server, "c2s", carrier, accept);
  await server.clock.advance(9_000);
  equal(carrier.closed, false);
  await server.clock.advance(2_000);
  equal(carrier.closed, true);
  match(server.logged.join("\n"), /did not say in time.*gatekeeper/);
  resolve(undefined);
  await server.settle();
});

Deno.test("connecting: on every kind of port, clients', servers' and components', before anything is said", async () => {
  const kinds = ["c2s", "c2s-tls", "s2s", "s2s-tls", "component", "component-tls"];
  const seen: string[] = [];
  const gatekeeper = definePlugin({
    name: "gatekeeper",
    doc: "Lets nobody in.",
    config: none,
    setup(host) {
      host.tap(connecting, ({ kind, address }): "refuse" => {
        seen.push(`${kind} ${address}`);
        return "refuse";
      });
    },
  });
  const data = await Deno.makeTempDir();
  try {
    const port = { enabled: true, at: ["127.0.0.1:0"] };
    await using running = await createServer({
      plugins: [...plugins, gatekeeper],
      config: {
        server: { data },
        listen: {
          http: { enabled: false },
          https: { enabled: false },
          ...Object.fromEntries(kinds.map((kind) => [kind, port])),
        },
        defaults: { plugins: { add: ["gatekeeper"] } },
        host: { "a.test": {}, "gw.a.test": { kind: "component", component: { secret: "a secret of it" } } },
      },
      log: createLog({ level: "error" }),
    });
    for (const kind of kinds) {
      const at = running.ports[kind]![0]!;
      const ALPNProtocols = [kind === "c2s-tls" ? "xmpp-client" : "xmpp-server"];
      using wire = kind.endsWith("tls")
        ? WireClient.over(
          await tlsClient({ host: "127.0.0.1", port: at, servername: "a.test", ALPNProtocols }),
        )
        : await WireClient.connect(at);
      await soon(`the end of ${kind}`, wire.closed);
      equal(wire.inbox.length, 0);
    }
  } finally {
    await Deno.remove(data, { recursive: true });
  }
  deepEqual(seen, kinds.map((kind) => `${kind} 127.0.0.1`));
});
