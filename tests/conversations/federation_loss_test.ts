/** Streams with other servers that are lost: what was sent on them is never forgotten, and nobody comes back as more than he was. */
import { equal } from "node:assert/strict";
import {
  alone,
  BIDI,
  DIALBACK,
  error,
  EXTERNAL,
  SM,
  STARTTLS,
  trusted,
  untrusted,
} from "./federation_world.ts";
import type { TestAnswerer, TestNetwork, TestPeer, TestServer } from "#testing";

const B = { certificate: trusted("b.test", "c.test") };
const ASK = `<bidi xmlns='urn:xmpp:bidi'/>`;
const ENABLE = `<enable xmlns='urn:xmpp:sm:3' resume='true'/>`;
const RESET =
  "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";

/** b.test takes a stream of ours, and offers to count. */
async function letIn(b: TestAnswerer, features = EXTERNAL): Promise<void> {
  await b.greet(STARTTLS);
  await b.secure(B.certificate, features);
  await b.succeed(SM);
  b.expect("<enable xmlns='urn:xmpp:sm:3'/>");
}

/** What becomes of a stream that is lost before b.test has said that it counts. */
for (
  const [how, lose] of [["breaks", (b) => b.cut()], ["ends with an error", (b) => b.send(RESET)]] as [
    string,
    (b: TestAnswerer) => Promise<void>,
  ][]
) {
  Deno.test(`XEP-0198: a stream that ${how} before <enabled/> loses nothing in silence`, async () => {
    const [a, network] = await alone();
    await using _ = a;
    const [alice] = await a.online("alice/desk");
    const answers = network.answers("b.test");
    let said = "<presence to='x@b.test'/>";
    for (let i = 0; i < 30; i++) said += `<message to='x@b.test' id='${i}'/>`;
    await alice.send(said);
    await letIn(answers[0]!);
    answers[0]!.expect("<message id='29'/>");
    await lose(answers[0]!);
    for (let i = 0; i < 30; i++) {
      alice.expectNext(`<message from='x@b.test' type='error' id='${i}'/>`);
    }
    // What does no harm twice is sent once more.
    await letIn(answers[1]!);
    answers[1]!.expect("<presence to='x@b.test'/>");
    alice.quiet();
  });
}

Deno.test("a stream that could not be gone on with is no reason to leave a domain alone", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/>");
  await letIn(answers[0]!);
  await answers[0]!.send("<enabled xmlns='urn:xmpp:sm:3' resume='true' id='sm-id'/>");
  // Nobody is there while it starts anew; a moment later it is.
  network.place("b.test", { accept: (end) => end.destroy(new Error("refused")) });
  await answers[0]!.cut();
  await network.settle();
  alice.expect(error("message", "x@b.test", "remote-server-timeout", "wait"));
  const back = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='2'/>");
  await letIn(back[0]!);
  back[0]!.expect("<message id='2'/>");
  alice.quiet();
});

/** A stream of b.test's, for c.test too by the same certificate, which broke. Returns the id to resume it by. */
async function parked(a: TestServer): Promise<string> {
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", ASK);
  await peer.claim("c.test");
  peer.expect("<db:result from='a.test' to='c.test' type='valid'/>");
  await peer.send(ENABLE);
  const id = peer.expect("<enabled xmlns='urn:xmpp:sm:3' resume='true'/>").attr("id")!;
  await peer.cut();
  return id;
}

const refused = (peer: TestPeer) =>
  peer.expect(
    "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
  );

/** b.test proves itself by a call-back alone. */
async function calledBack(a: TestServer, network: TestNetwork): Promise<TestPeer> {
  const answers = network.answers("b.test");
  const peer = a.peer({ certificate: untrusted("b.test") });
  await peer.openFrom("b.test");
  await peer.claim("b.test");
  await answers[0]!.greet(STARTTLS);
  await answers[0]!.secure(untrusted("b.test"), DIALBACK);
  const id = answers[0]!.expect("<db:verify/>").attr("id");
  await answers[0]!.send(`<db:verify from='b.test' to='a.test' id='${id}' type='valid'/>`);
  peer.expect("<db:result from='a.test' to='b.test' type='valid'/>");
  return peer;
}

Deno.test("XEP-0198 §5: what a certificate has proved is not gone on with by who could only be called back", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const id = await parked(a);
  const peer = await calledBack(a, network);
  await peer.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  refused(peer);
  await peer.send("<message from='x@c.test' to='alice@a.test'/>");
  peer.expectStreamError("invalid-from");
  // Who shows the certificate still may.
  const again = a.peer(B);
  await again.external("b.test");
  await again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  again.expect("<resumed xmlns='urn:xmpp:sm:3'/>");
  await again.send("<message from='x@c.test' to='nobody@a.test' id='1'/>");
  again.expect("<message to='x@c.test' type='error' id='1'/>");
});

Deno.test("XEP-0198 §5: a stream of ours is not gone on with where the certificate is another now", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<message to='x@b.test' id='1'/>");
  await letIn(answers[0]!, EXTERNAL + BIDI);
  await answers[0]!.send("<enabled xmlns='urn:xmpp:sm:3' resume='true' id='sm-id'/>");
  await answers[0]!.cut();
  const other = answers[1]!;
  await other.greet(STARTTLS);
  await other.secure(untrusted("b.test"), EXTERNAL + BIDI);
  await other.succeed(SM);
  other.expect("<enable xmlns='urn:xmpp:sm:3'/>");
  other.never("<resume xmlns='urn:xmpp:sm:3'/>");
  alice.expect(error("message", "x@b.test", "remote-server-timeout", "wait"));
});

Deno.test("a domain that is denied while its stream is broken does not come back with it", async () => {
  for (const deny of [["c.test"], []]) {
    const [a] = await alone();
    await using _ = a;
    const id = await parked(a);
    if (deny.length > 0) await a.reload({ config: { defaults: { federation: { deny } } } });
    else equal(a.server.federation.close("c.test", "banned"), 1);
    const peer = a.peer(B);
    await peer.external("b.test");
    await peer.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
    refused(peer);
    await peer.send("<message from='x@c.test' to='alice@a.test'/>");
    peer.expectStreamError("invalid-from");
  }
});

Deno.test("a domain whose streams were ended is not connected to for what it had not acknowledged", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<presence to='x@b.test'/><message to='x@b.test' id='1'/>");
  await letIn(answers[0]!);
  await answers[0]!.send("<enabled xmlns='urn:xmpp:sm:3'/>");
  a.server.federation.close("b.test", "banned");
  await network.settle();
  answers[0]!.expectStreamError("policy-violation");
  equal(answers.length, 1);
  alice.expect("<presence from='x@b.test' type='error'/>");
  alice.expect("<message from='x@b.test' type='error' id='1'/>");
  alice.quiet();
});
