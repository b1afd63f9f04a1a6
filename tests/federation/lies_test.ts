/** Servers that lie about who they are, or for whom they speak. They have certificates that are good, for their own domain. */
import assert from "node:assert/strict";
import { soon } from "../server/rig.ts";
import { talk } from "./exchange.ts";
import { isThere, ours } from "./kinds.ts";
import { prosody } from "./peers/prosody.ts";
import { RawPeer } from "./raw_peer.ts";
import { World } from "./world.ts";

const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const DB_NS = "jabber:server:dialback";

function message(from: string, to: string): string {
  return `<message from='${from}' to='${to}' type='chat'><body>a lie</body></message>`;
}

Deno.test("issue 4: a certificate of another domain is no proof, whatever the header and the login say", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example", { certificateRequired: true });
  const alice = await we.client("alice");
  const liar = world.authority.issue("liar.example");
  for (
    const [header, authzid] of [["they.example", "they.example"], ["liar.example", "they.example"]] as const
  ) {
    using raw = await RawPeer.connect(we, liar);
    const offered = await raw.open(header);
    assert.equal(offered.includes("EXTERNAL"), header === "liar.example");
    raw.auth(authzid);
    await raw.wire.expect(`<failure xmlns='${SASL_NS}'/>`);
    raw.wire.send(message("bob@they.example", alice.jid));
    await soon("the end of the connection", raw.wire.closed);
  }
  await alice.ping();
  assert.deepEqual(alice.inbox.filter(({ name }) => name === "message"), []);
});

Deno.test("AC-2.4-3, RFC 6120 §4.9.3.9: a sender of another domain than the stream's ends the stream", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example");
  const alice = await we.client("alice");
  const liar = world.authority.issue("liar.example");
  const senders = [
    "bob@they.example",
    "alice@we.example",
    "bob@sub.liar.example",
    "bob@example",
    "we.example",
    "bob@they.example/liar.example",
    "",
  ];
  for (const sender of senders) {
    using raw = await RawPeer.connect(we, liar);
    assert.ok((await raw.open("liar.example")).includes("EXTERNAL"));
    await raw.authenticate("liar.example");
    raw.wire.send(message("bob@liar.example", alice.jid));
    await alice.expect("<message from='bob@liar.example'/>");
    raw.wire.send(message(sender, alice.jid));
    await soon("the end of the connection", raw.wire.closed);
    const said = raw.wire.inbox.map(String).join("");
    assert.match(said, sender === "" ? /improper-addressing|invalid-from/ : /invalid-from/, sender);
  }
  await alice.ping();
  assert.deepEqual(alice.inbox.filter(({ name }) => name === "message"), []);
});

Deno.test("issue 4: a stream is for the host that it was opened to, and for nobody that we do not serve", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example");
  const liar = world.authority.issue("liar.example");
  using raw = await RawPeer.connect(we, liar);
  await raw.open("liar.example");
  await raw.authenticate("liar.example");
  raw.wire.send(message("bob@liar.example", "carol@elsewhere.example"));
  await raw.wire.expectEnd("host-unknown");
});

Deno.test({
  name: "XEP-0220 §2.4: a forged key is shown to the domain's own server, which disowns it",
  ignore: !isThere(prosody),
  async fn() {
    await using world = await World.make();
    const [we, they] = await Promise.all([
      world.settle(ours, "we.example"),
      world.settle(prosody, "they.example"),
    ]);
    const [alice, bob] = await Promise.all([we.client("alice"), they.client("bob")]);
    await talk(bob, alice);
    for (const certificate of [undefined, world.authority.issue("liar.example")]) {
      using raw = await RawPeer.connect(we, certificate);
      await raw.open("they.example");
      raw.wire.send(`<db:result from='they.example' to='we.example'>${"ab".repeat(32)}</db:result>`);
      const answer = await raw.wire.expect(`<result xmlns='${DB_NS}' from='we.example' to='they.example'/>`);
      assert.notEqual(answer.attr("type"), "valid");
      raw.wire.send(message("bob@they.example", alice.jid));
      await soon("the end of the connection", raw.wire.closed);
    }
    await talk(bob, alice);
    assert.deepEqual(alice.inbox.filter(({ name }) => name === "message"), []);
  },
});
