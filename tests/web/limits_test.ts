/** What one client may cost over the web, and that a proxy in front is not taken for one client. */
import { equal } from "node:assert/strict";
import { WireClient } from "../server/wire_client.ts";
import { soon } from "../server/rig.ts";
import { BoshHand, BoshTalker } from "./bosh_talker.ts";
import { WebSocketTalker } from "./web_socket_talker.ts";
import { PASSWORD, webServer } from "./world.ts";

const from = (address: string) => ({ headers: { "x-forwarded-for": address } });

Deno.test("AC-2.10-6: sessions are counted by the client's address, whoever brings them", async () => {
  await using serving = await webServer("", "[limits]\nconnections_per_address = 2");
  const port = await serving.port("http");
  const mine = [
    await WebSocketTalker.connect(port, from("192.0.2.7")),
    await WebSocketTalker.connect(port, from("192.0.2.7")),
  ];
  using third = await WebSocketTalker.connect(port, from("192.0.2.7"));
  await third.expectError("resource-constraint");
  await third.expectClose();
  const bosh = await new BoshHand(port, from("192.0.2.7").headers).create();
  equal(bosh.body.attr("condition"), "remote-stream-error");
  using other = await WebSocketTalker.connect(port, from("192.0.2.8"));
  await other.online("bob", PASSWORD, "web");
  for (const it of mine) {
    it.socket.terminate();
    await soon("the end", it.closed);
  }
  // Its place is free again once the server has heard of it.
  await other.ping();
  using later = await WebSocketTalker.connect(port, from("192.0.2.7"));
  await later.online("alice", PASSWORD, "web");
});

Deno.test("AC-2.6-5: what nobody fetches over BOSH is not kept without end", async () => {
  await using serving = await webServer(
    `bosh.inactivity = "1 hour"`,
    `[limits]\nbytes_per_second = 0\nstanzas_per_second = 0\nsend_queue = "100 KB"`,
  );
  const gone = await new BoshTalker(await serving.port("http")).online("bob", PASSWORD, "web");
  using alice = await WireClient.login(await serving.port("c2s"), "alice", PASSWORD);
  gone.vanish();
  const text = "x".repeat(20_000);
  for (let i = 0; i < 10; i++) alice.send(`<message to='bob@a.test/web'><body>${text}</body></message>`);
  await alice.ping();
  equal((await serving.status()).sessions, 1);
});
