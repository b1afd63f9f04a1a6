/** RFC 6121 §3: requests, approvals, refusals and their ends, as the RFC tells them. */
import { type TestClient, type TestServer, testServer } from "#testing";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";

const plugins = [roster, subscription, presence];

async function interested(server: TestServer, ...specs: string[]): Promise<TestClient[]> {
  const clients = await server.clients(...specs);
  for (const client of clients) {
    await client.send(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`);
    await client.send("<presence/>");
  }
  for (const client of clients) client.clear();
  return clients;
}

function push(item: string): string {
  return `<iq type='set'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
}

Deno.test("a request, its approval, and presence that follows (§3.1)", async () => {
  await using server = await testServer({ plugins });
  const [foo, bar, balcony, chamber] = await interested(
    server,
    "romeo/foo",
    "romeo/bar",
    "juliet/balcony",
    "juliet/chamber",
  );
  await foo!.send(
    `<presence id='xk3h1v69' to='juliet@a.test/balcony' type='subscribe'><status>hi</status></presence>`,
  );
  for (const client of [foo!, bar!]) {
    client.expectNext(push(`<item ask='subscribe' jid='juliet@a.test' subscription='none'/>`));
    client.quiet();
  }
  for (const client of [balcony!, chamber!]) {
    client.expectNext(
      `<presence from='romeo@a.test' to='juliet@a.test' id='xk3h1v69' type='subscribe'><status>hi</status></presence>`,
    );
    client.quiet();
  }
  await balcony!.send(`<presence id='h4v1c4kj' to='romeo@a.test' type='subscribed'/>`);
  for (const client of [balcony!, chamber!]) {
    client.expectNext(push(`<item jid='romeo@a.test' subscription='from'/>`));
    client.quiet();
  }
  for (const client of [foo!, bar!]) {
    client.expectNext(`<presence from='juliet@a.test' to='romeo@a.test' id='h4v1c4kj' type='subscribed'/>`);
    client.expectNext(push(`<item jid='juliet@a.test' subscription='to'/>`));
    client.expect(`<presence from='juliet@a.test/balcony' to='romeo@a.test'/>`);
    client.expect(`<presence from='juliet@a.test/chamber' to='romeo@a.test'/>`);
    client.quiet();
  }
});

Deno.test("cancelling: unavailable from all resources, then unsubscribed, then the push (§3.2)", async () => {
  await using server = await testServer({ plugins });
  const [romeo, balcony, chamber] = await interested(server, "romeo/foo", "juliet/balcony", "juliet/chamber");
  await romeo!.send(`<presence to='juliet@a.test' type='subscribe'/>`);
  await balcony!.send(`<presence to='romeo@a.test' type='subscribed'/>`);
  for (const client of [romeo!, balcony!, chamber!]) client.clear();
  await balcony!.send(`<presence id='ij5b1v7g' to='romeo@a.test' type='unsubscribed'/>`);
  romeo!.expectNext(`<presence type='unavailable' from='juliet@a.test/balcony'/>`);
  romeo!.expectNext(`<presence type='unavailable' from='juliet@a.test/chamber'/>`);
  romeo!.expectNext(`<presence type='unsubscribed' from='juliet@a.test' id='ij5b1v7g'/>`);
  romeo!.expectNext(push(`<item jid='juliet@a.test' subscription='none'/>`));
  romeo!.quiet();
  chamber!.expectNext(push(`<item jid='romeo@a.test' subscription='none'/>`));
  await balcony!.send(`<presence><show>away</show></presence>`);
  romeo!.quiet();
});

Deno.test("unsubscribing: the contact's clients are told before the push (§3.3)", async () => {
  await using server = await testServer({ plugins });
  const [romeo, juliet] = await interested(server, "romeo/foo", "juliet/balcony");
  await romeo!.send(`<presence to='juliet@a.test' type='subscribe'/>`);
  await juliet!.send(`<presence to='romeo@a.test' type='subscribed'/>`);
  romeo!.clear();
  juliet!.clear();
  await romeo!.send(`<presence id='ul4bs71n' to='juliet@a.test' type='unsubscribe'/>`);
  romeo!.expectNext(push(`<item jid='juliet@a.test' subscription='none'/>`));
  romeo!.expectNext(`<presence type='unavailable' from='juliet@a.test/balcony'/>`);
  // The server's own "unsubscribed" changes nothing any more (A.3.4).
  romeo!.quiet();
  juliet!.expectNext(`<presence type='unsubscribe' from='romeo@a.test' to='juliet@a.test' id='ul4bs71n'/>`);
  juliet!.expectNext(push(`<item jid='romeo@a.test' subscription='none'/>`));
  juliet!.quiet();
});

Deno.test("a request waits, whole, for every resource that comes, until it is answered (§3.1.3)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  for (const id of ["first", "second"]) {
    await peer.send(
      `<presence type='subscribe' id='${id}' from='romeo@b.test/orchard' to='juliet@a.test' xml:lang='it'>` +
        `<status>${id}</status><nick xmlns='http://jabber.org/protocol/nick'>Romeo</nick></presence>`,
    );
  }
  peer.quiet();
  const request =
    `<presence type='subscribe' id='first' from='romeo@b.test' to='juliet@a.test' xml:lang='it'>` +
    `<status>first</status><nick xmlns='http://jabber.org/protocol/nick'>Romeo</nick></presence>`;
  const [balcony, chamber] = await server.clients("juliet/balcony", "juliet/chamber");
  balcony!.quiet();
  for (const client of [balcony!, chamber!]) {
    await client.send("<presence/>");
    client.expect(request);
    client.never(`<presence type='subscribe'/>`);
  }
  await chamber!.send(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`);
  const empty = chamber!.expect(`<iq type='result' id='r'/>`).first()!;
  if (empty.elements().length > 0) throw new Error("a stranger who asks is not in the roster (§3.1.3)");
  chamber!.clear();
  await balcony!.send("<presence><show>away</show></presence>");
  chamber!.never(`<presence type='subscribe'/>`);
  await balcony!.send(`<presence type='unsubscribed' to='romeo@b.test'/>`);
  peer.expect(`<presence type='unsubscribed' from='juliet@a.test' to='romeo@b.test'/>`);
  peer.quiet();
  const [late] = await server.clients("juliet/late");
  await late!.send("<presence/>");
  late!.never(`<presence type='subscribe'/>`);
});

Deno.test("requests are bounded in number and size", async () => {
  const config = { defaults: { roster: { requests: 2, request_size: "300 B" } } };
  await using server = await testServer({ plugins, config });
  const peer = server.remote("b.test");
  for (let i = 0; i < 3; i++) {
    await peer.send(
      `<presence type='subscribe' from='r${i}@b.test' to='juliet@a.test'><status>${
        "x".repeat(i * 400)
      }</status></presence>`,
    );
  }
  const [juliet] = await server.clients("juliet/balcony");
  await juliet!.send("<presence/>");
  juliet!.expect(`<presence type='subscribe' from='r0@b.test'><status/></presence>`);
  const second = juliet!.expect(`<presence type='subscribe' from='r1@b.test'/>`);
  if (second.has("status")) throw new Error("a request that is too large is kept without its content");
  juliet!.never(`<presence type='subscribe'/>`);
});

Deno.test("a pre-approved request is granted at once, and not delivered (§3.4)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [romeo] = await interested(server, "romeo/bar");
  await romeo!.send(`<presence id='pg81vx64' to='juliet@b.test' type='subscribed'/>`);
  romeo!.expectNext(push(`<item approved='true' jid='juliet@b.test' subscription='none'/>`));
  romeo!.quiet();
  peer.quiet();
  await peer.send(`<presence type='subscribe' id='s1' from='juliet@b.test' to='romeo@a.test'/>`);
  peer.expect(`<presence type='subscribed' id='s1' from='romeo@a.test' to='juliet@b.test'/>`);
  peer.expect(`<presence from='romeo@a.test/bar' to='juliet@b.test'/>`);
  peer.quiet();
  const pushed = romeo!.expectNext(push(`<item jid='juliet@b.test' subscription='from'/>`));
  if (pushed.first()!.first()!.attr("approved") !== undefined) throw new Error("the approval is used up");
  romeo!.quiet();
});

Deno.test("a pre-approval is taken back by unsubscribed, without a word to the contact (§3.2.2)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [romeo] = await interested(server, "romeo/bar");
  await romeo!.send(`<presence to='juliet@b.test' type='subscribed'/>`);
  await romeo!.send(`<presence to='juliet@b.test' type='subscribe'/>`);
  romeo!.expect(push(`<item approved='true' ask='subscribe' jid='juliet@b.test' subscription='none'/>`));
  peer.inbox.length = 0;
  romeo!.clear();
  await romeo!.send(`<presence to='juliet@b.test' type='unsubscribed'/>`);
  const pushed = romeo!.expectNext(push(`<item ask='subscribe' jid='juliet@b.test' subscription='none'/>`));
  if (pushed.first()!.first()!.attr("approved") !== undefined) throw new Error("still approved");
  peer.quiet();
  await peer.send(`<presence type='subscribe' from='juliet@b.test' to='romeo@a.test'/>`);
  romeo!.expectNext(`<presence type='subscribe' from='juliet@b.test'/>`);
});

Deno.test("an account that does not exist is silent about that (§8.5.1)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  for (const type of ["subscribe", "unsubscribe", "subscribed", "unsubscribed", "unavailable"]) {
    for (const to of ["nobody@a.test", "nobody@a.test/x"]) {
      await peer.send(`<presence type='${type}' from='romeo@b.test' to='${to}'/>`);
    }
  }
  peer.quiet();
});

Deno.test("an unanswered request to another server is sent again by the first resource that comes (§3.1.2)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [romeo] = await interested(server, "romeo/foo");
  await romeo!.send(`<presence type='subscribe' to='juliet@b.test'/>`);
  await romeo!.send(`<presence type='subscribe' to='mercutio@a.test'/>`);
  peer.inbox.length = 0;
  await romeo!.send(`<presence type='unavailable'/>`);
  peer.quiet();
  await romeo!.send("<presence/>");
  peer.expect(`<presence type='subscribe' id='*' from='romeo@a.test' to='juliet@b.test'/>`);
  await server.online("romeo/bar");
  peer.quiet();
});

Deno.test("everybody is subscribed to themselves", async () => {
  await using server = await testServer({ plugins });
  const [romeo] = await interested(server, "romeo/foo");
  await romeo!.send(`<presence type='subscribe' to='romeo@a.test'/>`);
  romeo!.expectNext(`<presence type='subscribed' from='romeo@a.test'/>`);
  for (const type of ["unsubscribe", "subscribed", "unsubscribed"]) {
    await romeo!.send(`<presence type='${type}' to='romeo@a.test'/>`);
  }
  romeo!.quiet();
});

Deno.test("the host grants every request, and shows that it is there (FEATURES E3)", async () => {
  await using server = await testServer({ plugins });
  const [romeo] = await interested(server, "romeo/foo");
  await romeo!.send(`<presence type='subscribe' to='a.test'/>`);
  romeo!.expect(push(`<item jid='a.test' subscription='none' ask='subscribe'/>`));
  romeo!.expectNext(`<presence type='subscribed' from='a.test'/>`);
  romeo!.expectNext(push(`<item jid='a.test' subscription='to'/>`));
  romeo!.expectNext(`<presence from='a.test'/>`);
  romeo!.quiet();
});

Deno.test("a subscription stanza without an address is refused", async () => {
  await using server = await testServer({ plugins });
  const [romeo] = await interested(server, "romeo/foo");
  await romeo!.send(`<presence type='subscribe' id='x'/>`);
  romeo!.expectNext(
    `<presence type='error' id='x'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
  );
  romeo!.quiet();
});
