/** XEP-0198 §4: answers to clients that ask how far we are share a commit and a write, and none is left out for that. */
import { equal, match } from "node:assert/strict";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { ping } from "../../plugins/service/ping.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { nextTurn } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { arrive, enable, NS } from "./stream_management_client.ts";

const plugins = [roster, subscription, presence, message, ping, streamManagement];
const PING = "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

Deno.test("XEP-0198 §4: every request is answered, with what was dealt with when the answer was made", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(alice);
  const say = "<message to='bob@a.test'><body>x</body></message>";
  await alice.send(`<r xmlns='${NS}'/>${say}<r xmlns='${NS}'/>${say}<r xmlns='${NS}'/>`);
  for (let i = 0; i < 3; i++) alice.expectNext(`<a xmlns='${NS}' h='2'/>`);
  alice.quiet();
  for (let i = 0; i < 2; i++) bob.expect("<message><body>x</body></message>");
});

Deno.test("XEP-0198 §4: what is sent to a client meanwhile takes the answer along", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(alice);
  await enable(bob);
  const writes: string[] = [];
  const write = alice.carrier.write.bind(alice.carrier);
  alice.carrier.write = (text) => (writes.push(text), write(text));
  const session = server.host.registry.of("alice")[0]!;
  // Alice asks while Bob is being answered, so she is not alone.
  bob.carrier.feed(new TextEncoder().encode(`<r xmlns='${NS}'/>`));
  await nextTurn();
  alice.carrier.feed(new TextEncoder().encode(`<r xmlns='${NS}'/>`));
  // Bob goes on talking until the question is answered: the server is busy with it, so nothing is waited for here.
  while (session.owed > 0) {
    bob.carrier.feed(new TextEncoder().encode("<message to='alice@a.test'><body>x</body></message>"));
    await nextTurn();
  }
  await server.settle();
  const answers = writes.filter((text) => text.includes("<a "));
  equal(answers.length, 1);
  match(answers[0]!, /^<a xmlns="urn:xmpp:sm:3" h="0"\/><message /);
});

Deno.test("XEP-0198 §4: who asks and closes is answered before its stream is", async () => {
  await using server = await testServer({ plugins });
  const alice = await server.client("alice/desk");
  await enable(alice);
  await alice.send(`${PING}<r xmlns='${NS}'/></stream:stream>`);
  alice.expectNext("<iq type='result' id='p'/>");
  alice.expectNext(`<a xmlns='${NS}' h='1'/>`);
  equal(alice.streamClosed, true);
});

Deno.test("XEP-0198 §5: who asked and came back on another connection is told there, and not twice", async () => {
  await using server = await testServer({ plugins });
  const alice = await server.client("alice/desk");
  const id = await enable(alice);
  alice.carrier.feed(new TextEncoder().encode(`${PING}<r xmlns='${NS}'/>`));
  await alice.cut();
  const again = await arrive(server, "alice");
  await again.send(`<resume xmlns='${NS}' previd='${id}' h='1'/>`);
  again.expectNext(`<resumed xmlns='${NS}' previd='${id}' h='1'/>`);
  again.quiet();
});
