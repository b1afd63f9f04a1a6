/** Blogs on the web: feeds (RFC 4287), and the archive of one's posts. */
import assert from "node:assert/strict";
import { type Element, parseXml } from "#plugin";
import { ManualClock, type TestClient, type TestServer } from "#testing";
import { atom } from "../../plugins/social/atom.ts";
import { postsArchive } from "../../plugins/social/posts_archive.ts";
import { Web } from "../../src/server/web.ts";
import { CommandClient } from "./command_client.ts";
import {
  ATOM,
  configForm,
  done,
  entry,
  events,
  itemIds,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";
import { fetchFrom } from "./web_client.ts";

const BLOG = "urn:xmpp:microblog:0";
const JULIET = "juliet@a.test";

function started(clock = new ManualClock(), options: Record<string, unknown> = {}): Promise<TestServer> {
  return world({ plugins: [atom, postsArchive], clock, config: { atom: { posts: 3 }, ...options } });
}

const get = (server: TestServer, path: string, headers: Record<string, string> = {}) =>
  fetchFrom(server, path, headers, "a.test");

const titles = (feed: Element) =>
  feed.elements().filter((it) => it.name === "entry").map((it) => it.childText("title"));
const linkOf = (of: Element, rel: string) =>
  of.elements().find((it) => it.name === "link" && it.attr("rel") === rel)?.attr("href");

Deno.test("AC-2.17-8: an open blog as an Atom feed by HTTPS: complete, escaped, the newest first", async () => {
  await using server = await started();
  const [juliet] = await server.online("juliet/chamber");
  await publish(
    juliet,
    BLOG,
    "0",
    `<feed xmlns='${ATOM}'><title>Juliet &amp; more</title><subtitle>s</subtitle></feed>`,
    "",
  );
  await publish(juliet, BLOG, "a/1", entry('&lt;script&gt;alert(1)&lt;/script&gt; &amp; "quotes"'), "");
  await publish(
    juliet,
    BLOG,
    "2",
    `<entry xmlns='${ATOM}'><title>Rich</title><id>tag:x</id><updated>2026-01-02T00:00:00Z</updated><author><name>J</name></author>` +
      `<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Hello</p></div></content></entry>`,
    "",
  );
  await publish(juliet, BLOG, "odd", "<odd xmlns='urn:example:odd'/>", "");
  const page = await get(server, "/blog/juliet");
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-type"), "application/atom+xml; charset=utf-8");
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.match(page.headers.get("content-security-policy")!, /sandbox/);
  assert.doesNotMatch(page.text, /<script/);
  const feed = parseXml(page.text);
  assert.equal(feed.childText("title"), "Juliet & more");
  assert.equal(feed.childText("subtitle"), "s");
  assert.equal(feed.childText("id"), `xmpp:${JULIET}?;node=urn%3Axmpp%3Amicroblog%3A0`);
  assert.deepEqual(titles(feed), ["Rich", '<script>alert(1)</script> & "quotes"']);
  const [rich, plain] = feed.elements().filter((it) => it.name === "entry") as [Element, Element];
  for (const name of ["id", "updated", "author", "title"]) {
    for (const it of [feed, rich, plain]) {
      assert.equal(it.elements().filter((part) => part.name === name).length, 1, `${name} once in ${it}`);
    }
  }
  assert.equal(plain.childText("id"), `xmpp:${JULIET}?;node=urn%3Axmpp%3Amicroblog%3A0;item=a%2F1`);
  assert.equal(linkOf(plain, "alternate"), plain.childText("id"));
  assert.equal(plain.child("author")!.childText("uri"), `xmpp:${JULIET}`);
  assert.equal(rich.childText("id"), "tag:x");
  assert.equal(rich.child("content")!.child("div", "http://www.w3.org/1999/xhtml")!.childText("p"), "Hello");
  assert.match(
    page.headers.get("link")!,
    /^<xmpp:juliet@a\.test\?;node=urn%3Axmpp%3Amicroblog%3A0>; rel="alternate"/,
  );
});

Deno.test("AC-2.17-8: pages of a feed lead through all posts, both ways (RFC 5005)", async () => {
  await using server = await started();
  const [juliet] = await server.online("juliet/chamber");
  for (let i = 1; i <= 8; i++) await publish(juliet, BLOG, `p${i}`, entry(`${i}`), "");
  const read = async (url: string) => {
    const { pathname, search } = new URL(url);
    const page = await get(server, pathname + search);
    assert.equal(page.status, 200, url);
    return parseXml(page.text);
  };
  const seen: (string | undefined)[] = [];
  let feed = await read("https://a.test/blog/juliet");
  assert.equal(linkOf(feed, "previous"), undefined);
  for (;;) {
    seen.push(...titles(feed));
    const next = linkOf(feed, "next");
    if (next === undefined) break;
    feed = await read(next);
  }
  assert.deepEqual(seen, ["8", "7", "6", "5", "4", "3", "2", "1"]);
  feed = await read(linkOf(feed, "previous")!);
  assert.deepEqual(titles(feed), ["5", "4", "3"]);
  feed = await read(linkOf(feed, "previous")!);
  assert.deepEqual(titles(feed), ["8", "7", "6"]);
  assert.equal(linkOf(feed, "previous"), undefined);
  assert.equal((await get(server, "/blog/juliet?before=nothing")).status, 404);
});

Deno.test("AC-2.17-8: who has a feed already is told so (RFC 9110 §13), until something changes", async () => {
  const clock = new ManualClock(Date.UTC(2026, 5, 1, 12));
  await using server = await started(clock);
  const [juliet] = await server.online("juliet/chamber");
  await publish(juliet, BLOG, "1", entry("1"), "");
  await publish(juliet, BLOG, "2", entry("2"), "");
  const { headers } = await get(server, "/blog/juliet");
  const etag = headers.get("etag")!;
  assert.equal(headers.get("last-modified"), "Mon, 01 Jun 2026 12:00:00 GMT");
  const again = await get(server, "/blog/juliet", { "if-none-match": `W/"x", ${etag}` });
  assert.deepEqual([again.status, again.text, again.headers.get("etag")], [304, "", etag]);
  const since = { "if-modified-since": headers.get("last-modified")! };
  assert.equal((await get(server, "/blog/juliet", since)).status, 304);
  await clock.advance("5 seconds");
  await done(juliet, "set", pubsubOf(`<retract node='${BLOG}'><item id='1'/></retract>`), "");
  assert.equal((await get(server, "/blog/juliet", { "if-none-match": etag })).status, 200);
  await publish(juliet, BLOG, "3", entry("3"), "");
  assert.equal((await get(server, "/blog/juliet", since)).status, 200);
});

Deno.test("AC-2.17-8: what is not for everybody cannot be told from what is not there", async () => {
  await using server = await started();
  const [juliet] = await server.online("juliet/chamber", "romeo/orchard");
  await publish(juliet, BLOG, "1", entry("1"), "");
  await publish(juliet, "urn:example:notes", "1", entry("secret"), "");
  await done(
    juliet,
    "set",
    publishing("urn:example:open", "1", entry("for all"), { access_model: "open" }),
    "",
  );
  assert.deepEqual(titles(parseXml((await get(server, "/blog/juliet/urn%3Aexample%3Aopen")).text)), [
    "for all",
  ]);
  const set = ownerOf(`<configure node='${BLOG}'>${configForm({ access_model: "presence" })}</configure>`);
  await done(juliet, "set", set, "");
  const pages = await Promise.all(
    ["/blog/juliet", "/blog/juliet/urn%3Aexample%3Anotes", "/blog/romeo", "/blog/nobody", "/blog/@"].map((
      path,
    ) => get(server, path)),
  );
  assert.deepEqual(pages.map(({ status }) => status), [404, 404, 404, 404, 404]);
  assert.equal(new Set(pages.map(({ text }) => text)).size, 1);
});

async function address(client: TestClient, node: string): Promise<string> {
  const command = await new CommandClient(client).execute(`urn:metronome:posts:${node}`);
  const fields = command.child("x", "jabber:x:data")!.elements();
  return new URL(fields.find((it) => it.attr("var") === "url")!.childText("value")!).pathname;
}

async function put(server: TestServer, path: string, body: string): Promise<[number, string]> {
  const app = new Web(server.server).apps.hosts.get("a.test")!;
  const response = await app.request(`https://a.test${path}`, { method: "PUT", body });
  return [response.status, await response.text()];
}

Deno.test("issue 6, 3: posts are taken as a file and brought to another account; nobody is told of old posts", async () => {
  await using server = await started();
  const [juliet, romeo, nurse] = await server.online("juliet/chamber", "romeo/orchard", "nurse/hall");
  const about = `<feed xmlns='${ATOM}'><title>Mine</title></feed>`;
  await publish(juliet, BLOG, "0", about, "");
  for (let i = 1; i <= 230; i++) await publish(juliet, BLOG, `p${i}`, entry(`Post ${i} &amp; &lt;b&gt;`), "");
  const page = await get(server, await address(juliet, "take"));
  assert.match(page.headers.get("content-disposition")!, /posts\.xml/);
  const feed = parseXml(page.text);
  assert.deepEqual([feed.name, feed.childText("title"), titles(feed).length], ["feed", "Mine", 230]);

  await publish(romeo, BLOG, "p2", entry("My own"), "");
  await subscribe(nurse, BLOG, "romeo@a.test");
  await wants(romeo, [BLOG]);
  for (const client of [romeo, nurse]) client.clear();
  const [status, said] = await put(server, await address(romeo, "bring"), page.text);
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(said), { brought: 230, there: 1, refused: 0 });
  assert.deepEqual(events(nurse), []);
  const ids = await itemIds(romeo, BLOG, "", "", "");
  assert.deepEqual(ids.slice(0, 4), ["p2", "0", "p1", "p3"]);
  const items = async (client: TestClient, id: string) =>
    (await done(client, "get", pubsubOf(`<items node='${BLOG}'><item id='${id}'/></items>`), ""))!.first()!
      .first()!;
  for (const id of ["0", "p1", "p230"]) {
    assert.equal(String((await items(romeo, id)).first()), String((await items(juliet, id)).first()), id);
  }
  assert.equal(String((await items(romeo, "p2")).first()), entry("My own").replaceAll("'", '"'));
});

Deno.test("issue 6, 3: feeds of others are brought as well, once; what is no feed is not", async () => {
  await using server = await started();
  const [juliet] = await server.online("juliet/chamber");
  const foreign = `<feed xmlns='${ATOM}'><title>x</title><entry><id>tag:new</id><title>New</title></entry>` +
    `<entry><title>No id</title></entry><entry><id>tag:old</id><title>Old</title></entry></feed>`;
  const path = await address(juliet, "bring");
  assert.deepEqual(await put(server, path, foreign), [200, '{"brought":2,"there":0,"refused":0}']);
  assert.deepEqual(await put(server, path, foreign), [200, '{"brought":0,"there":2,"refused":0}']);
  assert.deepEqual(titles(parseXml((await get(server, "/blog/juliet")).text)), ["New", "Old"]);
  for (const body of ["<html/>", "no xml", "", `<feed xmlns='${ATOM}'>`]) {
    assert.equal((await put(server, path, body))[0], 422, body);
  }
  assert.equal((await get(server, path)).status, 404, "an address is for one thing");
  const both = await Promise.all([put(server, path, foreign), put(server, path, foreign)]);
  assert.deepEqual(both.map(([status]) => status).toSorted(), [200, 503], "one at a time");
  await server.clock.advance("2 hours");
  assert.equal((await put(server, path, foreign))[0], 404);
});

Deno.test("issue 6, 3: an address for posts ends with the account: whoever has the name next keeps theirs", async () => {
  await using server = await started();
  const [juliet] = await server.online("juliet/chamber");
  const [take, bring] = [await address(juliet, "take"), await address(juliet, "bring")];
  // One of each kind is enough for anybody.
  const again = await address(juliet, "take");
  assert.deepEqual([(await get(server, take)).status, (await get(server, again)).status], [404, 200]);
  server.host.accounts.remove("juliet");
  await server.settle();
  const [next] = await server.online("juliet/balcony");
  await publish(next, BLOG, "mine", entry("Mine"), "");
  assert.equal((await get(server, again)).status, 404);
  assert.equal((await put(server, bring, `<feed xmlns='${ATOM}'/>`))[0], 404);
});
