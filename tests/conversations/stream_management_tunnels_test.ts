/** XEP-0198 under way: connections that break at any moment. METRONOME_LONG=1 breaks a thousand of them. */
import { deepEqual } from "node:assert/strict";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { ping } from "../../plugins/service/ping.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { type TestClient, testServer } from "#testing";
import { arrive, enable, NS } from "./stream_management_client.ts";

const plugins = [roster, subscription, presence, message, offline, ping, streamManagement];

Deno.test("XEP-0198: a train full of tunnels: every message arrives exactly once, in order", async () => {
  const cuts = Deno.env.get("METRONOME_LONG") === "1" ? 1000 : 50;
  let seed = 20261125;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor(seed / 4294967296 * n);
  };
  await using server = await testServer({ plugins });
  const [start, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  let alice: TestClient = start;
  let id = await enable(alice);
  const got: string[] = [];
  let counted = 0;
  /** Reads the first `n` things of the inbox as a client would, then forgets the rest: it was lost on the way. */
  const read = (n: number): void => {
    for (const element of alice.inbox.splice(0, n)) {
      if (element.ns !== "jabber:client") continue;
      counted++;
      if (element.name === "message") got.push(element.childText("body")!);
    }
    alice.clear();
  };
  let sent = 0;
  for (let cut = 0; cut < cuts; cut++) {
    for (let i = random(6); i > 0; i--) {
      await bob.send(`<message to='alice@a.test' type='chat'><body>${sent++}</body></message>`);
      if (random(4) === 0) {
        read(alice.inbox.length);
        await alice.send(`<a xmlns='${NS}' h='${counted}'/>`);
      }
    }
    read(random(alice.inbox.length + 1));
    if (random(3) > 0) await alice.cut();
    for (let i = random(3); i > 0; i--) {
      await bob.send(`<message to='alice@a.test' type='chat'><body>${sent++}</body></message>`);
    }
    if (random(5) === 0) await server.clock.advance("20 s");
    alice.clear();
    const next = await arrive(server, "alice");
    await next.send(`<resume xmlns='${NS}' previd='${id}' h='${counted}'/>`);
    next.expect(`<resumed xmlns='${NS}' previd='${id}'/>`);
    alice = next;
  }
  read(alice.inbox.length);
  id = "";
  deepEqual(got, Array.from({ length: sent }, (_, i) => String(i)));
  bob.never("<message type='error'/>");
});
