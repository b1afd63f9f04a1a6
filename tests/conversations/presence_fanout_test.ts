/** Presence to very many receivers is told in slices, in order, while everybody else is served. */
import assert from "node:assert/strict";
import { definePlugin, DROP, Jid, none } from "#plugin";
import { type TestServer, testServer } from "#testing";
import { notifying } from "../../plugins/im/api.ts";
import { SLICE } from "../../plugins/im/notify.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { rosterBook } from "../../plugins/im/roster_book.ts";
import { subscription } from "../../plugins/im/subscription.ts";

const plugins = [roster, subscription, presence];
const MANY = SLICE * 3;

function befriend(server: TestServer, local: string, count: number): void {
  const book = server.host.fittings.service(rosterBook)!;
  server.server.storage.atomic(() => {
    for (let i = 0; i < count; i++) book.change(local, Jid.parse(`c${i}@b.test`), "from");
  });
}

Deno.test("a session's stanzas keep their order through a broadcast in slices", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  befriend(server, "popular", MANY);
  const [popular] = await server.clients("popular/desk");
  await popular!.send(
    `<presence id='1'/><presence id='2'><show>away</show></presence><presence to='c${
      MANY - 1
    }@b.test' id='3'/>` +
      `<presence type='unavailable' id='4'/>`,
  );
  const last = peer.inbox.filter((stanza) => stanza.attr("to") === `c${MANY - 1}@b.test`);
  assert.deepEqual(last.map((stanza) => stanza.attr("id")), ["1", "2", "3", "4"]);
  assert.equal(peer.inbox.length, 3 * MANY + 1);
});

Deno.test("others are served between the slices", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  befriend(server, "popular", MANY);
  const [popular, other] = await server.clients("popular/desk", "other/desk");
  const both = popular!.send("<presence id='slow'/>");
  await other!.send(`<presence to='friend@b.test' id='quick'/>`);
  await both;
  const quick = peer.inbox.findIndex((stanza) => stanza.attr("id") === "quick");
  assert.ok(quick > 0 && quick < MANY, `the other's stanza was the ${quick}th of ${peer.inbox.length}`);
});

Deno.test("a session that is gone in the middle of its broadcast is still told of in order", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  befriend(server, "popular", MANY);
  const [popular] = await server.clients("popular/desk");
  const sent = popular!.send("<presence id='1'/>");
  await popular!.cut();
  await sent;
  while (peer.inbox.length < 2 * MANY) await server.settle();
  for (let i = 0; i < MANY; i += 97) {
    const types = peer.inbox.filter((s) => s.attr("to") === `c${i}@b.test`).map((s) => s.attr("type"));
    assert.deepEqual(types, [undefined, "unavailable"]);
  }
});

Deno.test("a guard at notifying keeps presence from one receiver, in all its forms", async () => {
  const shy = definePlugin({
    name: "shy",
    doc: "Keeps one receiver out.",
    config: none,
    setup(host) {
      host.at(notifying).guard({ kind: "presence" }, ({ stanza, local }) => {
        return local === "popular" && stanza.to!.bare.toString() === "c1@b.test" ? DROP : undefined;
      });
    },
  });
  await using server = await testServer({ plugins: [...plugins, shy] });
  const peer = server.remote("b.test");
  befriend(server, "popular", 3);
  const [popular] = await server.clients("popular/desk");
  await popular!.send("<presence/>");
  await peer.send(`<presence type='probe' from='c1@b.test' to='popular@a.test'/>`);
  await popular!.send(`<presence type='unavailable'/>`);
  assert.deepEqual(peer.inbox.filter((stanza) => stanza.attr("to") === "c1@b.test"), []);
  assert.equal(peer.inbox.length, 4);
});
