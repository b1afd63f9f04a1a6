/** Presence on streams that are lost (RFC 6120 §10.1, XEP-0198 §5): what was said before never comes after what is newer. */
import { deepEqual, equal } from "node:assert/strict";
import type { TestAnswerer, TestNetwork, TestPeer, TestServer } from "#testing";
import { alone, EXTERNAL, SM, STARTTLS, trusted } from "./federation_world.ts";

const B = { certificate: trusted("b.test") };
const ENABLED = "<enabled xmlns='urn:xmpp:sm:3' resume='true' id='sm-id'/>";
const acked = (h: number) => `<a xmlns='urn:xmpp:sm:3' h='${h}'/>`;

/** b.test takes a stream of ours, and offers to count. */
async function letIn(b: TestAnswerer): Promise<void> {
  await b.greet(STARTTLS);
  await b.secure(B.certificate, EXTERNAL);
  await b.succeed(SM);
}

/** Types of the presence that has come, in order. */
function seen(...heard: readonly { readonly inbox: TestPeer["inbox"] }[]): string[] {
  return heard.flatMap(({ inbox }) =>
    inbox.filter(({ name }) => name === "presence").map((it) => it.attr("type") ?? "available")
  );
}

/** A stream of b.test's that serves both directions (XEP-0288), and the id to resume it by. */
async function both(a: TestServer): Promise<[TestPeer, string]> {
  const peer = a.peer(B);
  await peer.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  await peer.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  return [peer, peer.expect("<enabled xmlns='urn:xmpp:sm:3' resume='true'/>").attr("id")!];
}

/** The stream of ours that goes on in place of one that is lost. Everything on it is acknowledged. */
async function another(network: TestNetwork, send: () => Promise<void>): Promise<TestAnswerer> {
  const answers = network.answers("b.test");
  await send();
  const b = answers[0]!;
  await letIn(b);
  await b.send(ENABLED + acked(b.inbox.filter(({ name }) => name === "presence").length));
  return b;
}

Deno.test("XEP-0198 §5: a stream of ours that is not resumed repeats no presence that was replaced", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  await alice.send("<presence to='x@b.test'/><presence to='y@b.test'/>");
  await letIn(answers[0]!);
  await answers[0]!.send(ENABLED);
  deepEqual(seen(answers[0]!), ["available", "available"]);
  await answers[0]!.cut();
  await alice.send("<presence to='x@b.test' type='unavailable'/>");
  await letIn(answers[1]!);
  await answers[1]!.send(
    "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
  );
  await network.settle();
  const said = answers.slice(1).flatMap(({ inbox }) => inbox.filter(({ name }) => name === "presence"));
  const about = (to: string) =>
    said.filter((it) => it.attr("to") === to).map((it) => it.attr("type") ?? "available");
  deepEqual(about("x@b.test"), ["unavailable"]);
  // What nothing has replaced is repeated as ever.
  deepEqual(about("y@b.test"), ["available"]);
});

for (
  const [what, before, after] of [
    ["presence", "<presence to='x@b.test'/>", "<presence to='x@b.test' type='unavailable'/>"],
    [
      "a subscription",
      "<presence to='x@b.test' type='subscribed'/>",
      "<presence to='x@b.test' type='unsubscribed'/>",
    ],
  ] as const
) {
  Deno.test(`XEP-0198 §5, XEP-0288: ${what} that was replaced on another stream is not repeated when its own is given up`, async () => {
    const [a, network] = await alone();
    await using _ = a;
    const [alice] = await a.online("alice/desk");
    const [peer] = await both(a);
    await peer.send("<presence from='x@b.test' to='alice@a.test' type='subscribe'/>");
    peer.clear();
    await alice.send(before);
    equal(seen(peer).length > 0, true);
    await peer.cut();
    const b = await another(network, () => alice.send(after));
    const count = seen(b).length;
    equal(count > 0, true);
    await a.clock.advance("11m");
    // Presence to all of a contact that came with a subscription is no part of it.
    const states = seen(b).slice(count).filter((it) => it === "available" || it === "subscribed");
    deepEqual(states, []);
  });
}

Deno.test("XEP-0198 §5, XEP-0288: presence that was replaced on another stream is not repeated when its own is resumed; the counts agree", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const [peer, id] = await both(a);
  await alice.send("<presence to='x@b.test'/><message to='x@b.test' id='m1'/><presence to='y@b.test'/>");
  await peer.cut();
  const b = await another(network, () => alice.send("<presence to='x@b.test' type='unavailable'/>"));
  deepEqual(seen(b), ["unavailable"]);
  const again = a.peer(B);
  await again.external("b.test");
  await again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  again.expect("<message to='x@b.test' id='m1'/>");
  deepEqual(seen(again), ["available"]);
  again.expect("<presence to='y@b.test'/>");
  // Two have come: two are acknowledged, and a third would be one too many.
  await again.send(acked(2));
  equal(again.closed, false);
  await again.send(acked(3));
  equal(again.closed, true);
});

Deno.test("RFC 6121 §4.6: presence to one device of a contact does not stand for what all were told", async () => {
  const [a, network] = await alone();
  await using _ = a;
  const [alice] = await a.online("alice/desk");
  const [peer] = await both(a);
  await alice.send("<presence to='x@b.test'/>");
  await peer.cut();
  const b = await another(network, () => alice.send("<presence to='x@b.test/phone'/>"));
  b.clear();
  await a.clock.advance("11m");
  b.expect("<presence to='x@b.test'/>");
});
