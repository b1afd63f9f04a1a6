/** RFC 6121 §2.6, XEP-0237: a client that knows a version gets what has changed since, over restarts too. */
import assert from "node:assert/strict";
import { type TestClient, type TestServer, testServer } from "#testing";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { REMEMBERED_REMOVALS } from "../../plugins/im/roster_versions.ts";
import { subscription } from "../../plugins/im/subscription.ts";

const plugins = [roster, subscription, presence];

async function set(client: TestClient, ...items: string[]): Promise<void> {
  for (const item of items) {
    await client.send(`<iq type='set' id='set'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
    client.expect(`<iq type='result' id='set'/>`);
  }
}

function add(...names: string[]): string[] {
  return names.map((name) => `<item jid='${name}@b.test' name='${name}'/>`);
}

function remove(...names: string[]): string[] {
  return names.map((name) => `<item jid='${name}@b.test' subscription='remove'/>`);
}

/** Asks for the roster; gives its version and how many items came, or undefined for an empty result. */
async function ask(client: TestClient, ver?: string): Promise<{ ver: string; size: number } | undefined> {
  const attr = ver === undefined ? "" : ` ver='${ver}'`;
  await client.send(`<iq type='get' id='get'><query xmlns='jabber:iq:roster'${attr}/></iq>`);
  const query = client.expectNext(`<iq type='result' id='get'/>`).first();
  return query && { ver: query.attr("ver")!, size: query.elements().length };
}

/** The pushes in the inbox, in order: contact, subscription, version. */
function pushes(client: TestClient): { jid: string; subscription: string; ver: string }[] {
  return client.inbox.splice(0).map((stanza) => {
    const query = stanza.child("query", "jabber:iq:roster")!;
    const item = query.first()!;
    return { jid: item.attr("jid")!, subscription: item.attr("subscription")!, ver: query.attr("ver")! };
  });
}

async function next(server: TestServer, name: string): Promise<TestClient> {
  return await server.client(`romeo/${name}`);
}

Deno.test("XEP-0237: the stream says that there are versions and pre-approvals (§2.6.1, §3.4)", async () => {
  await using server = await testServer({ plugins });
  const client = server.connect();
  await client.open();
  const before = client.expect(`<stream:features/>`);
  assert.equal(before.has("ver", "urn:xmpp:features:rosterver"), false);
  await client.send(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${btoa("\0romeo\0x")}</auth>`,
  );
  await client.open();
  client.expect(
    `<stream:features><ver xmlns='urn:xmpp:features:rosterver'/><sub xmlns='urn:xmpp:features:pre-approval'/></stream:features>`,
  );
});

Deno.test("XEP-0237: a client with the last version gets an empty result (§2.6.3)", async () => {
  await using server = await testServer({ plugins });
  const first = await next(server, "one");
  const empty = await ask(first, "");
  assert.equal(empty?.size, 0);
  assert.equal(await ask(first, empty!.ver), undefined, "an untouched roster has a version too");
  await set(first, ...add("bill", "nurse", "tybalt"));
  const seen = pushes(first);
  assert.equal(new Set(seen.map((push) => push.ver)).size, 3, "every push has its own version");

  const second = await next(server, "two");
  assert.deepEqual(await ask(second), { ver: seen.at(-1)!.ver, size: 3 });
  const third = await next(server, "three");
  assert.equal(await ask(third, seen.at(-1)!.ver), undefined);
  third.quiet();
  await set(third, ...add("late"));
  assert.equal(pushes(third).length, 1, "it is interested from now on");
});

Deno.test("XEP-0237: changes since a version are replayed in their order, removals too, each contact once", async () => {
  await using server = await testServer({ plugins });
  const first = await next(server, "one");
  await set(first, ...add("bill", "nurse", "tybalt", "juliet", "paris"));
  const { ver } = (await ask(first))!;
  await set(
    first,
    ...add("bill"),
    ...remove("tybalt"),
    ...add("nurse", "bill"),
    ...remove("paris"),
    ...add("paris"),
  );

  const second = await next(server, "two");
  assert.equal(await ask(second, ver), undefined);
  const replayed = pushes(second);
  assert.deepEqual(replayed.map(({ jid, subscription }) => `${jid} ${subscription}`), [
    "tybalt@b.test remove",
    "nurse@b.test none",
    "bill@b.test none",
    "paris@b.test none",
  ]);
  const third = await next(server, "three");
  assert.equal((await ask(third))?.ver, replayed.at(-1)!.ver);
  assert.equal(await ask(third, replayed[1]!.ver), undefined);
  assert.deepEqual(pushes(third).map(({ jid }) => jid), ["bill@b.test", "paris@b.test"]);
});

Deno.test("XEP-0237: where the changes are more than the roster, the roster comes", async () => {
  await using server = await testServer({ plugins });
  const first = await next(server, "one");
  await set(first, ...add("bill", "nurse", "tybalt"));
  const { ver } = (await ask(first))!;
  await set(first, ...remove("bill", "nurse"));
  assert.equal((await ask(await next(server, "two"), ver))?.size, 1);
});

Deno.test("XEP-0237: an unknown version gets the whole roster", async () => {
  await using server = await testServer({ plugins });
  const first = await next(server, "one");
  await set(first, ...add("bill"));
  const { ver } = (await ask(first))!;
  const [epoch, number] = ver.split(".");
  for (const unknown of ["ver14", "0", `${epoch}.99`, `${epoch}.-1`, `${epoch}.01`, `x${epoch}.${number}`]) {
    assert.equal((await ask(first, unknown))?.size, 1, unknown);
  }
});

Deno.test("XEP-0237: removals are forgotten at some time, and then the whole roster comes", async () => {
  await using server = await testServer({ plugins });
  const first = await next(server, "one");
  const many = Array.from({ length: REMEMBERED_REMOVALS + 1 }, (_, i) => `c${i}`);
  const kept = Array.from({ length: REMEMBERED_REMOVALS + 1 }, (_, i) => `k${i}`);
  await set(first, ...add(...many, ...kept));
  const { ver } = (await ask(first))!;
  await set(first, ...remove(...many.slice(1)));
  assert.equal(await ask(await next(server, "two"), ver), undefined);
  await set(first, ...remove(many[0]!));
  assert.equal((await ask(await next(server, "three"), ver))?.size, kept.length);
});

Deno.test("XEP-0237: a version means the same after a restart, and nothing to a new account of the same name", async () => {
  const data = await Deno.makeTempDir();
  try {
    let ver: string;
    {
      await using server = await testServer({ plugins, data: `${data}/data.db` });
      const first = await next(server, "one");
      await set(first, ...add("bill", "nurse", "tybalt"));
      ver = (await ask(first))!.ver;
      await set(first, ...remove("tybalt"), ...add("nurse"));
    }
    await using server = await testServer({ plugins, data: `${data}/data.db` });
    const second = await next(server, "two");
    assert.equal(await ask(second, ver), undefined);
    assert.deepEqual(pushes(second).map(({ jid, subscription }) => `${jid} ${subscription}`), [
      "tybalt@b.test remove",
      "nurse@b.test none",
    ]);
    server.host.accounts.remove("romeo");
    await server.settle();
    const third = await next(server, "three");
    await set(third, ...add("bill"));
    assert.equal((await ask(third, ver))?.size, 1);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
