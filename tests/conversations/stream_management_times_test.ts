/** XEP-0198: when clients are asked how far they are, and how long is waited for the answer. */
import { equal, ok } from "node:assert/strict";
import { ManualClock, type TestClient, type TestServer, testServer } from "#testing";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { ping } from "../../plugins/service/ping.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { enable, NS } from "./stream_management_client.ts";

const PLUGINS = [roster, presence, message, offline, ping, streamManagement];
const ASKED = `<r xmlns='${NS}'/>`;
const WORD = "<message to='alice@a.test'><body>word</body></message>";

/** A clock that somebody sets, and that goes on as before where it only counts. */
class SetClock extends ManualClock {
  skew = 0;

  override now(): number {
    return super.now() + this.skew;
  }
}

/** Alice, who is counted with, and Bob; `times` are options of stream management. */
async function two(
  times: Record<string, unknown> = {},
  clock = new SetClock(),
): Promise<[TestServer, TestClient, TestClient, SetClock]> {
  const config = { defaults: { stream_management: times } };
  const server = await testServer({ plugins: PLUGINS, config, clock });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await enable(alice!);
  return [server, alice!, bob!, clock];
}

Deno.test("a single message is asked about after half a minute, also where the clock was set back meanwhile", async () => {
  const [server, alice, bob, clock] = await two();
  await using _ = server;
  await bob.send(WORD);
  await clock.advance("29 s");
  alice.never(ASKED);
  alice.clear();
  clock.skew = -3_600_000;
  await clock.advance("32 s");
  alice.expect(ASKED);
});

Deno.test("the same after others that were acknowledged, whether it was asked about them or not", async () => {
  const [server, alice, bob, clock] = await two();
  await using _ = server;
  await bob.send(WORD);
  await alice.send(`<a xmlns='${NS}' h='1'/>`);
  await bob.send(WORD.repeat(5));
  alice.expect(ASKED);
  await alice.send(`<a xmlns='${NS}' h='6'/>`);
  await clock.advance("20 s");
  await bob.send(WORD);
  await clock.advance("28 s");
  alice.never(ASKED);
  await clock.advance("4 s");
  alice.expect(ASKED);
});

Deno.test("nor is one that acknowledges by itself, always one behind", async () => {
  const [server, alice, bob, clock] = await two();
  await using _ = server;
  for (let h = 0; h < 20; h++) {
    await bob.send(WORD);
    if (h > 0) await alice.send(`<a xmlns='${NS}' h='${h}'/>`);
    await clock.advance("1 s");
  }
  alice.never(ASKED);
});

Deno.test("a client that never counts some of what it got is not asked more often for it", async () => {
  const [server, alice, bob, clock] = await two();
  await using _ = server;
  await alice.send("<iq type='get' id='1' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>");
  await clock.advance("32 s");
  alice.expect(ASKED);
  await alice.send(`<a xmlns='${NS}' h='0'/>`);
  await clock.advance("2 min");
  alice.clear();
  await bob.send(WORD);
  await clock.advance("28 s");
  alice.never(ASKED);
  await clock.advance("4 s");
  alice.expect(ASKED);
});

Deno.test("short times hold: for asking", async () => {
  const [server, alice, bob, clock] = await two({ request_within: "1 s" });
  await using _ = server;
  for (const h of [1, 2, 3]) {
    await bob.send(WORD);
    await clock.advance("2 s");
    alice.expect(ASKED);
    await alice.send(`<a xmlns='${NS}' h='${h}'/>`);
  }
});

Deno.test("short times hold: for the answer, whenever something was sent before", async () => {
  const [server, alice, bob, clock] = await two({ answer_within: "3 s" });
  await using _ = server;
  await bob.send(WORD.repeat(4));
  await clock.advance(1500);
  await bob.send(WORD);
  alice.expect(ASKED);
  await clock.advance("2 s");
  equal(alice.closed, false);
  await clock.advance("2 s");
  ok(alice.closed);
});

Deno.test("acknowledgements that come in time keep a connection, however many; the first that does not ends it", async () => {
  const [server, alice, bob, clock] = await two();
  await using _ = server;
  let h = 0;
  for (let i = 0; i < 30; i++) {
    await bob.send(WORD.repeat(5));
    alice.expect(ASKED);
    await clock.advance("50 s");
    await alice.send(`<a xmlns='${NS}' h='${h += 5}'/>`);
  }
  await bob.send(WORD.repeat(5));
  await clock.advance("58 s");
  equal(alice.closed, false);
  await clock.advance("4 s");
  ok(alice.closed);
});

Deno.test("a session that waits and gets too much is over; what it had goes the way of messages for nobody", async () => {
  const [server, alice, bob, clock] = await two({ unacknowledged: 10 });
  await using _ = server;
  await alice.cut();
  const [session] = server.host.registry.of("alice");
  ok(session?.parked);
  await bob.send(WORD.repeat(11));
  equal(server.host.registry.of("alice").length, 0);
  await clock.advance("1 h");
  const again = await server.client("alice/again");
  await again.send("<presence/>");
  for (let i = 0; i < 11; i++) again.expect("<message><body>word</body></message>");
});
