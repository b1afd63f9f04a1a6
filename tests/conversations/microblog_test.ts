/** XEP-0277, XEP-0472, XEP-0501: blogs, comments, stories, and followers of other servers. */
import assert from "node:assert/strict";
import { ManualClock, type TestClient, TestNetwork, type TestServer, testServer } from "#testing";
import { federation } from "../../plugins/federation/federation.ts";
import { blogComments } from "../../plugins/social/blog_comments.ts";
import {
  ATOM,
  befriend,
  configForm,
  done,
  entry,
  EVENT,
  events,
  type Fields,
  itemIds,
  ownerOf,
  PLUGINS,
  publish,
  publishing,
  pubsubOf,
  refused,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";

const BLOG = "urn:xmpp:microblog:0";
const STORIES = "urn:xmpp:pubsub-social-feed:stories:0";
const COMMENTS = `${BLOG}:comments/post1`;
const JULIET = "juliet@a.test";
const SERVICE = "comments.a.test";

/** What Movim says of a blog and of the comments to a post (STANDARDS 2.2). */
const BLOG_OPTIONS: Fields = {
  persist_items: "true",
  max_items: "max",
  access_model: "open",
  send_last_published_item: "never",
  notify_retract: "true",
  itemreply: "publisher",
};
const COMMENT_OPTIONS: Fields = { ...BLOG_OPTIONS, publish_model: "open", deliver_payloads: "true" };

const post = (title: string) =>
  `<entry xmlns='${ATOM}'><title>${title}</title><id>tag:a.test:post1</id><published>2026-01-01T00:00:00Z</published>` +
  `<updated>2026-01-01T00:00:00Z</updated><author><name>Juliet</name><uri>xmpp:${JULIET}</uri></author>` +
  `<link rel='replies' title='comments' href='xmpp:${SERVICE}?;node=${
    encodeURIComponent(COMMENTS)
  }'/></entry>`;

/** Items as "id title publisher". */
async function posts(client: TestClient, node: string, to: string): Promise<string[]> {
  const answer = await done(client, "get", pubsubOf(`<items node='${node}'/>`), to);
  return answer!.child("items")!.elements().map((item) =>
    [item.attr("id"), item.child("entry", ATOM)!.childText("title"), item.attr("publisher") ?? ""].join(" ")
      .trim()
  );
}

/** Two servers that find each other. */
async function two(network: TestNetwork, data?: string): Promise<[TestServer, TestServer]> {
  const plugins = [...PLUGINS, federation];
  const a = await testServer({ host: "a.test", plugins, network, ...(data === undefined ? {} : { data }) });
  return [a, await testServer({ host: "b.test", plugins, network })];
}

const meta = (client: TestClient, node: string, to: string) =>
  done(client, "get", `<query xmlns='http://jabber.org/protocol/disco#info' node='${node}'/>`, to).then(
    (info) => {
      const fields = info!.child("x", "jabber:x:data")!.elements();
      return (name: string) => fields.find((it) => it.attr("var") === `pubsub#${name}`)?.childText("value");
    },
  );

Deno.test("AC-2.17-1: post, comment, like, edit, deletions, a stranger's server, and a restart, as Movim does it", async () => {
  const file = await Deno.makeTempFile();
  const network = new TestNetwork();
  {
    const [a, b] = await two(network, file);
    await using _a = a;
    await using _b = b;
    const [juliet, romeo] = await a.online("juliet/movim", "romeo/movim");
    const [nurse] = await b.online("nurse/movim");
    await befriend(juliet, romeo);
    await wants(romeo, [BLOG]);
    // The node for comments first, then the post that names it.
    const about = `<feed xmlns='${ATOM}'><title>Comments to a post</title></feed>`;
    await done(juliet, "set", publishing(COMMENTS, "0", about, COMMENT_OPTIONS), SERVICE);
    await done(juliet, "set", pubsubOf(`<retract node='${COMMENTS}'><item id='0'/></retract>`), SERVICE);
    romeo.clear();
    await done(juliet, "set", publishing(BLOG, "post1", post("Balcony"), BLOG_OPTIONS), "");
    romeo.expect(`<message from='${JULIET}'><event xmlns='${EVENT}'><items node='${BLOG}'><item id='post1'>
      <entry xmlns='${ATOM}'><title>Balcony</title></entry></item></items></event></message>`);
    await subscribe(nurse, BLOG, JULIET);
    await subscribe(nurse, COMMENTS, SERVICE);
    // A contact and a stranger say something, and like it: Movim's like is a comment of one heart.
    await publish(romeo, COMMENTS, "c1", entry("She speaks"), SERVICE);
    await publish(nurse, COMMENTS, "c2", entry("Madam!"), SERVICE);
    await publish(nurse, COMMENTS, "l1", entry("♥"), SERVICE);
    // An edit is the same id once more.
    nurse.clear();
    await done(juliet, "set", publishing(BLOG, "post1", post("Balcony, restored"), BLOG_OPTIONS), "");
    assert.deepEqual(events(nurse), [`items ${BLOG} item post1+`]);
    // Another's comment is not for a contact to delete; one's own is, and the author of the post may delete all.
    const retract = (id: string) =>
      pubsubOf(`<retract node='${COMMENTS}' notify='true'><item id='${id}'/></retract>`);
    await refused(romeo, "set", retract("c2"), "forbidden", undefined, SERVICE);
    await done(romeo, "set", retract("c1"), SERVICE);
    assert.deepEqual(events(nurse), [`items ${COMMENTS} retract c1`]);
    await done(juliet, "set", retract("c2"), SERVICE);
    await done(juliet, "set", publishing(BLOG, "post2", post("Gone soon"), BLOG_OPTIONS), "");
    await done(
      juliet,
      "set",
      pubsubOf(`<retract node='${BLOG}' notify='true'><item id='post2'/></retract>`),
      "",
    );
    nurse.expect(`<message from='${JULIET}'><event xmlns='${EVENT}'><items node='${BLOG}'>
      <retract id='post2'/></items></event></message>`);
  }
  const [a, b] = await two(network, file);
  await using _a = a;
  await using _b = b;
  const [juliet] = await a.online("juliet/movim");
  const [nurse] = await b.online("nurse/movim");
  for (const reader of [juliet, nurse]) {
    assert.deepEqual(await posts(reader, BLOG, JULIET), ["post1 Balcony, restored juliet@a.test"]);
    assert.deepEqual(await posts(reader, COMMENTS, SERVICE), ["l1 ♥ nurse@b.test"]);
  }
  // Followers are still followers.
  await done(juliet, "set", publishing(BLOG, "post3", post("Morning"), BLOG_OPTIONS), "");
  assert.deepEqual(events(nurse), [`items ${BLOG} item post3+`]);
  await Deno.remove(file);
});

Deno.test("XEP-0277 §5, XEP-0472 §5.1, XEP-0501: nodes that are made by the first post are as their profiles say", async () => {
  await using server = await world();
  const [juliet] = await server.online("juliet/chamber");
  const config = async (node: string, to = "") => {
    await publish(juliet, node, "x", entry("x"), to);
    const answer = await done(juliet, "get", ownerOf(`<configure node='${node}'/>`), to);
    const fields = answer!.first()!.first()!.elements();
    const names =
      "type access_model publish_model persist_items max_items item_expire send_last_published_item notify_retract";
    return names.split(" ").map((name) =>
      fields.find((it) => it.attr("var") === `pubsub#${name}`)?.childText("value") ?? "-"
    )
      .join(" ");
  };
  assert.equal(await config(BLOG), `${BLOG} open publishers 1 max max never 1`);
  assert.equal(await config(STORIES), `${STORIES} presence publishers 1 max 86400 never 1`);
  assert.equal(await config(`${BLOG}:comments/1`), "- open open 1 max max never 1");
  assert.equal(await config(`${BLOG}:comments/1`, SERVICE), "- open open 1 max max never 1");
  const of = await meta(juliet, BLOG, JULIET);
  assert.deepEqual([of("type"), of("num_subscribers")], [BLOG, "0"]);
});

Deno.test("XEP-0277 §2.2: a blog for contacts only is found, read and followed by contacts, and by nobody else", async () => {
  await using server = await world();
  const [juliet, romeo, paris] = await server.online("juliet/chamber", "romeo/orchard", "paris/hall");
  await befriend(juliet, romeo);
  await wants(romeo, [BLOG]);
  await wants(paris, [BLOG]);
  await done(
    juliet,
    "set",
    publishing(BLOG, "1", entry("For you"), { ...BLOG_OPTIONS, access_model: "presence" }),
    "",
  );
  assert.deepEqual(events(romeo), [`items ${BLOG} item 1+`]);
  assert.deepEqual(events(paris), []);
  assert.deepEqual(await itemIds(romeo, BLOG, "", "", JULIET), ["1"]);
  await refused(paris, "get", pubsubOf(`<items node='${BLOG}'/>`), "not-authorized", undefined, JULIET);
  await refused(
    paris,
    "set",
    pubsubOf(`<subscribe node='${BLOG}' jid='paris@a.test'/>`),
    "not-authorized",
    undefined,
    JULIET,
  );
  // It becomes public: whoever was shut out reads all of it.
  await done(
    juliet,
    "set",
    ownerOf(`<configure node='${BLOG}'>${configForm({ access_model: "open" })}</configure>`),
    "",
  );
  assert.deepEqual(await itemIds(paris, BLOG, "", "", JULIET), ["1"]);
});

Deno.test("XEP-0501: a story is gone when its time is over, and those who saw it are told", async () => {
  const clock = new ManualClock();
  const config = { limits: { ping_after: "off" } };
  await using server = await testServer({ plugins: PLUGINS, clock, config });
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, [STORIES]);
  const story =
    `<entry xmlns='${ATOM}'><title>Ball</title><link rel='enclosure' href='https://a.test/b.jpg' type='image/jpeg'/></entry>`;
  const options = {
    type: STORIES,
    access_model: "presence",
    item_expire: "1200",
    persist_items: "true",
    max_items: "max",
  };
  await done(juliet, "set", publishing(STORIES, "s1", story, options), "");
  await clock.advance("10 minutes");
  await done(juliet, "set", publishing(STORIES, "s2", story, options), "");
  assert.deepEqual(events(romeo), [`items ${STORIES} item s1+`, `items ${STORIES} item s2+`]);
  await clock.advance("11 minutes");
  assert.deepEqual(await itemIds(romeo, STORIES, "", "", JULIET), ["s2"]);
  assert.deepEqual(events(romeo), [`items ${STORIES} retract s1`]);
  await clock.advance("10 minutes");
  assert.deepEqual(await itemIds(romeo, STORIES, "", "", JULIET), []);
});

Deno.test("XEP-0277 §2.2: people of two servers follow each other's blogs, and stop", async () => {
  const network = new TestNetwork();
  const [a, b] = await two(network);
  await using _a = a;
  await using _b = b;
  const [juliet] = await a.online("juliet/chamber");
  const [romeo] = await b.online("romeo/orchard");
  for (const [author, reader] of [[juliet, romeo], [romeo, juliet]] as const) {
    const blog = String(author.jid!.bare);
    await publish(author, BLOG, "1", entry("First"), "");
    assert.equal((await meta(reader, BLOG, blog))("access_model"), "open");
    await subscribe(reader, BLOG, blog);
    await publish(author, BLOG, "2", entry("Second"), "");
    await done(author, "set", pubsubOf(`<retract node='${BLOG}'><item id='1'/></retract>`), "");
    assert.deepEqual(events(reader), [`items ${BLOG} item 2+`, `items ${BLOG} retract 1`]);
    assert.equal((await meta(reader, BLOG, blog))("num_subscribers"), "1");
    const own = String(reader.jid!.bare);
    await done(reader, "set", pubsubOf(`<unsubscribe node='${BLOG}' jid='${own}'/>`), blog);
    await publish(author, BLOG, "3", entry("Third"), "");
    assert.deepEqual(events(reader), []);
  }
});

Deno.test("XEP-0277 §4.1, §4.2: the first comment at an account makes the node, for those who read the blog", async () => {
  await using server = await world({ plugins: [blogComments] });
  const [juliet, romeo, paris] = await server.online("juliet/chamber", "romeo/orchard", "paris/hall");
  await befriend(juliet, romeo);
  await publish(juliet, BLOG, "post1", entry("Balcony"), "");
  await publish(paris, COMMENTS, "c1", entry("Nice"), JULIET);
  await publish(romeo, COMMENTS, "c2", entry("Very"), JULIET);
  assert.deepEqual(await posts(juliet, COMMENTS, ""), ["c1 Nice paris@a.test", "c2 Very romeo@a.test"]);
  const retract = (id: string) => pubsubOf(`<retract node='${COMMENTS}'><item id='${id}'/></retract>`);
  await refused(paris, "set", retract("c2"), "forbidden", undefined, JULIET);
  await done(juliet, "set", retract("c1"), "");
  // No post, no comments; and no comments of those who may not read the post.
  await refused(
    paris,
    "set",
    publishing(`${BLOG}:comments/none`, "c", entry("x")),
    "forbidden",
    undefined,
    JULIET,
  );
  await done(
    juliet,
    "set",
    ownerOf(`<configure node='${BLOG}'>${configForm({ access_model: "presence" })}</configure>`),
    "",
  );
  await publish(juliet, BLOG, "post2", entry("For contacts"), "");
  const second = publishing(`${BLOG}:comments/post2`, "c", entry("x"));
  await refused(paris, "set", second, "forbidden", undefined, JULIET);
  await done(romeo, "set", second, JULIET);
  const read = pubsubOf(`<items node='${BLOG}:comments/post2'/>`);
  await refused(paris, "get", read, "not-authorized", undefined, JULIET);
  assert.deepEqual(await itemIds(romeo, `${BLOG}:comments/post2`, "", "", JULIET), ["c"]);
});
