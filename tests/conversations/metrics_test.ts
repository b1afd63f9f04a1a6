/** What the server counts for a collector of figures (OpenMetrics). */
import { deepEqual, equal, match } from "node:assert/strict";
import { PASSWORD, type TestServer, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { ping } from "../../plugins/service/ping.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { away, say } from "./push_service.ts";
import { plain, SASL2, success } from "./sasl2_client.ts";

const SM = "urn:xmpp:sm:3";

/** The lines of some figures, without their common beginning. */
function figures(server: TestServer, name: string): Record<string, number> {
  const lines = server.server.metrics.text().split("\n").filter((line) =>
    line.startsWith(`metronome_${name}_total`)
  );
  return Object.fromEntries(lines.map((line) => {
    const [, labels = "", value = ""] = /_total(?:\{([^}]*)\})? (\S+)$/.exec(line)!;
    return [labels.replaceAll(/(?:host="a\.test",?|\w+=|")/g, ""), Number(value)];
  }));
}

Deno.test("logins are counted by their mechanism and by what came of them", async () => {
  await using server = await testServer({
    plugins: [internal],
    config: { defaults: { scram_iterations: 4096 } },
  });
  await server.client("alice/desk");
  const client = server.connect();
  await client.open();
  client.expect("<stream:features/>");
  await client.send(plain("alice", "wrong"));
  client.expectNext(`<failure xmlns='${SASL2}'/>`);
  await client.send(`<authenticate xmlns='${SASL2}' mechanism='X-MADE-UP'/>`);
  client.expectNext(`<failure xmlns='${SASL2}'/>`);
  await client.send(plain("alice", PASSWORD));
  success(client);
  deepEqual(figures(server, "logins"), { "PLAIN,ok": 2, "PLAIN,failed": 2 });
});

Deno.test("stanzas are counted by their kind and direction, messages in archives by themselves", async () => {
  await using server = await testServer({ plugins: [message, ping, archive] });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  const before = figures(server, "stanzas");
  await alice.send("<message to='bob@a.test/pad' type='chat'><body>Hello</body></message>");
  await alice.send("<iq type='get' id='p' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>");
  await bob.send("<presence/>");
  const after = figures(server, "stanzas");
  const more = Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - before[key]!]));
  deepEqual(more, {
    "in,message": 1,
    "out,message": 1,
    "in,presence": 1,
    "out,presence": 0,
    "in,iq": 1,
    "out,iq": 1,
  });
  // Alice's archive and bob's.
  deepEqual(figures(server, "archived"), { "": 2 });
  deepEqual(figures(server, "storage_slow"), { "": server.server.storage.slow });
});

Deno.test("sessions that are resumed, and those that are not there any more, are counted", async () => {
  await using server = await testServer({ plugins: [streamManagement] });
  const resumed = async (id: string) => {
    const client = server.connect();
    await client.open();
    client.expect("<stream:features/>");
    await client.send(
      plain("alice", PASSWORD, { beside: `<resume xmlns='${SM}' h='0' previd='${id}'/>` }),
    );
    return success(client);
  };
  const alice = await server.client("alice/desk");
  await alice.send(`<enable xmlns='${SM}' resume='true'/>`);
  const id = alice.expectNext(`<enabled xmlns='${SM}'/>`).attr("id")!;
  await alice.cut();
  match(String(await resumed(id)), /<resumed /);
  match(String(await resumed("made up")), /<failed /);
  deepEqual(figures(server, "resumptions"), { resumed: 1, failed: 1 });
});

Deno.test("notifications that were taken, and those that were not, are counted", async () => {
  await using setting = await away();
  const { s, service, romeo } = setting;
  await say(romeo, "1");
  await service.count();
  await s.clock.advance("10 s");
  service.answer =
    `<error type='wait'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
  await say(romeo, "2");
  await service.count();
  deepEqual(figures(s, "pushes"), { sent: 1, failed: 1 });
});

Deno.test("the figures of a host that is gone are gone", async () => {
  await using server = await testServer({ config: { host: { "b.test": {} } } });
  await server.client("alice@b.test/desk");
  equal(server.server.metrics.text().includes(`host="b.test"`), true);
  await server.reload({ config: {} });
  equal(server.server.metrics.text().includes(`host="b.test"`), false);
});
