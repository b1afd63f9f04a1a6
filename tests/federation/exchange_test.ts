/** Messages, requests, presence and subscriptions between us and real servers, each way of connecting on its own. */
import assert from "node:assert/strict";
import { ping, subscribe, talk, unsubscribe } from "./exchange.ts";
import { isThere, long, others, ours } from "./kinds.ts";
import { World } from "./world.ts";

const COUNT = long ? 2_000 : 50;

for (const kind of others) {
  for (const way of ["starttls", "direct"] as const) {
    Deno.test({
      name: `issue 4: everything passes between us and ${kind.name}, by ${
        way === "direct" ? "direct TLS" : "STARTTLS"
      }`,
      ignore: !isThere(kind),
      async fn() {
        await using world = await World.make();
        const [we, they] = await Promise.all([
          world.settle(ours, "we.example", { way }),
          world.settle(kind, "they.example", { way }),
        ]);
        const [alice, bob] = await Promise.all([we.client("alice"), they.client("bob")]);
        for (const [from, to] of [[alice, bob], [bob, alice]] as const) {
          await talk(from, to);
          await ping(from, to);
          await subscribe(from, to);
          await talk(from, to, COUNT);
        }
        await unsubscribe(alice, bob, kind);
        await unsubscribe(bob, alice, ours);
        assert.ok(
          world.dns.count("SRV _xmpps-server._tcp.they.example") > 0,
          "XEP-0368: both kinds are asked for",
        );
      },
    });
  }
}
