/**
 * Certificates as servers show them: those that count are believed, those that do not are refused, or a call-back decides,
 * as the policy says. Both ways, against real servers.
 */
import assert from "node:assert/strict";
import type { Shown } from "./certificates.ts";
import { proved } from "./evidence.ts";
import { bounced, talk } from "./exchange.ts";
import { isThere, others, ours } from "./kinds.ts";
import { RawPeer } from "./raw_peer.ts";
import { World } from "./world.ts";

const GOOD: readonly Shown[] = ["good", "server-auth-only", "srv-id", "wildcard", "xmpp-addr"];
const BAD: readonly Shown[] = ["expired", "self-signed", "wrong-name", "unknown-authority"];

for (const kind of others) {
  Deno.test({
    name: `issue 4: ${kind.name} proves itself to us by certificates that count: ${GOOD.join(", ")}`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const we = await world.settle(ours, "we.example", { certificateRequired: true, dialback: false });
      const alice = await we.client("alice");
      for (const shows of GOOD) {
        await using they = await world.settle(kind, `${shows}.they.example`, { shows });
        const bob = await they.client("bob");
        await talk(bob, alice);
        await proved(they, "them", "certificate");
        await talk(alice, bob);
      }
    },
  });

  Deno.test({
    name: `issue 4: a bad certificate of ${kind.name} is refused where one is required: ${BAD.join(", ")}`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const we = await world.settle(ours, "we.example", { certificateRequired: true });
      const alice = await we.client("alice");
      for (const shows of BAD) {
        await using they = await world.settle(kind, `${shows}.they.example`, { shows });
        const bob = await they.client("bob");
        assert.notEqual(await bounced(alice, bob.jid), "", shows);
        assert.notEqual(await bounced(bob, alice.jid), "", shows);
        assert.deepEqual(alice.inbox.filter(({ name }) => name === "message"), [], shows);
        assert.deepEqual(bob.inbox.filter(({ name }) => name === "message"), [], shows);
      }
    },
  });

  Deno.test({
    name: `issue 4: a bad certificate of ${kind.name} leads to a call-back where that will do: ${
      BAD.join(", ")
    }`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const we = await world.settle(ours, "we.example");
      const alice = await we.client("alice");
      for (const shows of BAD) {
        await using they = await world.settle(kind, `${shows}.they.example`, { shows });
        const bob = await they.client("bob");
        await talk(bob, alice);
        await proved(they, "them", "dialback");
        await talk(alice, bob);
      }
    },
  });

  Deno.test({
    name: `issue 4: our own bad certificate: ${kind.name} calls back, and what it refuses is returned`,
    ignore: !isThere(kind),
    async fn() {
      await using world = await World.make();
      const they = await world.settle(kind, "they.example");
      const bob = await they.client("bob");
      for (const shows of ["expired", "self-signed"] as const) {
        await using we = await world.settle(ours, `${shows}.we.example`, { shows });
        const alice = await we.client("alice");
        await talk(alice, bob);
        await proved(they, "us", "dialback");
        await talk(bob, alice);
      }
      if (kind.name !== "prosody") return;
      const strict = await world.settle(kind, "strict.example", { certificateRequired: true });
      const carol = await strict.client("carol");
      await using we = await world.settle(ours, "bad.we.example", { shows: "self-signed" });
      const alice = await we.client("alice");
      assert.notEqual(await bounced(alice, carol.jid), "");
    },
  });
}

Deno.test("RFC 7712: who connects to us proves itself by a certificate that its domain names in its DNS", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example", { certificateRequired: true });
  const alice = await we.client("alice");
  const own = world.authority.issue("they.example", "self-signed");
  const data = new Uint8Array(await crypto.subtle.digest("SHA-256", own.der.slice()));
  const server = [{ priority: 0, weight: 0, port: 5270, target: "xmpp.they.example" }];
  const publish = (domain: string, authentic: boolean) => {
    world.dns.set(`SRV _xmpps-server._tcp.${domain}`, server, { authentic });
    world.dns.set("A xmpp.they.example", ["127.0.0.1"], { authentic: true });
    world.dns.set(
      "TLSA _5270._tcp.xmpp.they.example",
      [{ usage: 3, selector: 0, matching: 1, data }],
      { authentic: true },
    );
  };
  publish("they.example", true);
  publish("unproven.example", false);
  const other = world.authority.issue("they.example", "self-signed");
  for (const [domain, shown] of [["they.example", other], ["unproven.example", own]] as const) {
    using raw = await RawPeer.connect(we, shown);
    assert.deepEqual(await raw.open(domain), []);
  }
  using raw = await RawPeer.connect(we, own);
  assert.deepEqual(await raw.open("they.example"), ["EXTERNAL"]);
  await raw.authenticate("they.example");
  raw.wire.send(`<message from='bob@they.example' to='${alice.jid}'><body>in</body></message>`);
  await alice.expect("<message from='bob@they.example'/>");
});
