/** XEP-0470: "likes" and reactions, at accounts and at services. */
import assert from "node:assert/strict";
import { attachments } from "../../plugins/social/attachments.ts";
import {
  affiliate,
  ask,
  befriend,
  configForm,
  create,
  DISCO_INFO,
  done,
  entry,
  events,
  itemIds,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  refused,
  SERVICE,
  subscribe,
  world as plainWorld,
} from "./pubsub_world.ts";
import type { TestClient } from "#testing";

const BLOG = "urn:xmpp:microblog:0";
const NS = "urn:xmpp:pubsub-attachments:1";
const SUMMARY = "urn:xmpp:pubsub-attachments:summary:1";
const JULIET = "juliet@a.test";

const world = (options: Record<string, unknown> = {}) =>
  plainWorld({ plugins: [attachments], config: { attachments: options } });
const nodeOf = (item: string, jid = JULIET, node = BLOG) =>
  `${NS}/xmpp:${jid}?;node=${encodeURIComponent(node)};item=${encodeURIComponent(item)}`;
const attached = (...reactions: string[]) =>
  `<attachments xmlns='${NS}'><noticed timestamp='2026-07-11T12:07:24Z'/><reactions>${
    reactions.map((it) => `<reaction>${it}</reaction>`).join("")
  }</reactions></attachments>`;

async function summaryOf(client: TestClient, to = JULIET, node = BLOG): Promise<string[]> {
  const answer = await done(client, "get", pubsubOf(`<items node='${SUMMARY}/${node}'/>`), to);
  return answer!.child("items")!.elements().map((item) => {
    const summary = item.child("summary", SUMMARY)!;
    const parts = summary.child("reactions")?.elements() ?? [];
    const reactions = parts.map((it) => `${it.text}${it.attr("count") ?? ""}`);
    return [item.attr("id"), summary.child("noticed")?.attr("count") ?? "0", ...reactions].join(" ");
  });
}

Deno.test("XEP-0470 §4.3, §4.6 to §4.8: who may read a post may attach to it; the service counts", async () => {
  await using server = await world();
  const [juliet, romeo, nurse] = await server.online("juliet/chamber", "romeo/orchard", "nurse/hall");
  const own = await done(juliet, "get", `<query xmlns='${DISCO_INFO}'/>`, "");
  assert.ok(own!.elements().some((it) => it.attr("var") === NS));
  await publish(juliet, BLOG, "post", entry("Balcony"), "");
  await publish(romeo, nodeOf("post"), "romeo@a.test", attached("👷", "🔨", "👷"), JULIET);
  await publish(nurse, nodeOf("post"), "nurse@a.test", attached("👷"), JULIET);
  assert.deepEqual(await summaryOf(romeo), ["post 2 👷2 🔨"]);
  await subscribe(nurse, `${SUMMARY}/${BLOG}`, JULIET);
  nurse.clear();
  // Once more by the same person: it takes the place of what was.
  await publish(romeo, nodeOf("post"), "romeo@a.test", attached("🎉"), JULIET);
  assert.deepEqual(events(nurse), [`items ${SUMMARY}/${BLOG} item post+`]);
  assert.deepEqual(await summaryOf(romeo), ["post 2 👷 🎉"]);
  const retract = `<retract node='${nodeOf("post")}'><item id='romeo@a.test'/></retract>`;
  await done(romeo, "set", pubsubOf(retract), JULIET);
  assert.deepEqual(await summaryOf(romeo), ["post 1 👷"]);
  // What somebody else has attached is theirs.
  const other = `<retract node='${nodeOf("post")}'><item id='nurse@a.test'/></retract>`;
  await refused(romeo, "set", pubsubOf(other), "forbidden", undefined, JULIET);
  // The post goes, and all that was attached with it.
  await done(juliet, "set", pubsubOf(`<retract node='${BLOG}' notify='1'><item id='post'/></retract>`), "");
  assert.deepEqual(await summaryOf(romeo), []);
  await refused(
    romeo,
    "get",
    pubsubOf(`<items node='${nodeOf("post")}'/>`),
    "item-not-found",
    undefined,
    JULIET,
  );
});

Deno.test("XEP-0470 §4.4, §4.5: ids, payloads and nodes that are not as they must be are refused", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await publish(juliet, BLOG, "post", entry("Balcony"), "");
  const refuse = (client: TestClient, node: string, id: string, payload: string, condition: string) =>
    refused(client, "set", publishing(node, id, payload), condition, undefined, JULIET);
  await refuse(romeo, nodeOf("post"), "juliet@a.test", attached("x"), "bad-request");
  await refuse(romeo, nodeOf("post"), "romeo@a.test", entry("x"), "bad-request");
  await refuse(romeo, nodeOf("other"), "romeo@a.test", attached("x"), "item-not-found");
  await refuse(juliet, nodeOf("other"), JULIET, attached("x"), "item-not-found");
  await refuse(juliet, nodeOf("post", "nurse@a.test"), JULIET, attached("x"), "item-not-found");
  // An address that is written in another way would be another node for the same post.
  await refuse(
    romeo,
    nodeOf("post").replace("post", "p%6Fst"),
    "romeo@a.test",
    attached("x"),
    "item-not-found",
  );
  await refuse(juliet, `${SUMMARY}/${BLOG}`, "post", `<summary xmlns='${SUMMARY}'/>`, "forbidden");
  for (const node of [nodeOf("post"), `${SUMMARY}/${BLOG}`]) {
    await refused(juliet, "set", pubsubOf(`<create node='${node}'/>`), "not-allowed", undefined, JULIET);
  }
  // Options are ignored (§4.3).
  const options = { access_model: "whitelist", max_items: "1" };
  await done(romeo, "set", publishing(nodeOf("post"), "romeo@a.test", attached("x"), options), JULIET);
  await done(romeo, "set", publishing(nodeOf("post"), "romeo@a.test", attached("y"), options), JULIET);
  await publish(juliet, nodeOf("post"), JULIET, attached("y"), "");
  assert.deepEqual(await itemIds(romeo, nodeOf("post"), "", "", JULIET), ["romeo@a.test", JULIET]);
});

Deno.test("XEP-0470 §4.3: access follows the blog, and so do those who are shut out", async () => {
  await using server = await world();
  const [juliet, romeo, nurse] = await server.online("juliet/chamber", "romeo/orchard", "nurse/hall");
  await befriend(juliet, romeo);
  await publish(juliet, BLOG, "post", entry("Balcony"), "");
  await publish(nurse, nodeOf("post"), "nurse@a.test", attached("👷"), JULIET);
  await done(
    juliet,
    "set",
    ownerOf(`<configure node='${BLOG}'>${configForm({ access_model: "presence" })}</configure>`),
    "",
  );
  await publish(romeo, nodeOf("post"), "romeo@a.test", attached("👷"), JULIET);
  for (const node of [nodeOf("post"), `${SUMMARY}/${BLOG}`]) {
    const answer = await ask(nurse, "get", pubsubOf(`<items node='${node}'/>`), JULIET);
    assert.equal(answer.attr("type"), "error", node);
  }
  assert.deepEqual(await summaryOf(romeo), ["post 2 👷2"]);
  await affiliate(juliet, BLOG, "romeo@a.test", "outcast", JULIET);
  const again = publishing(nodeOf("post"), "romeo@a.test", attached("🔨"));
  assert.equal((await ask(romeo, "set", again, JULIET)).attr("type"), "error");
  await done(juliet, "set", ownerOf(`<delete node='${BLOG}'/>`), "");
  const own = await done(juliet, "get", `<query xmlns='http://jabber.org/protocol/disco#items'/>`, "");
  assert.deepEqual(own!.elements().filter((it) => it.attr("node") !== undefined), [], "nothing is left");
});

Deno.test("XEP-0470: at a service of a host, with its own feature; only publishers, where that is wanted", async () => {
  await using server = await world({ who: "publishers" });
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const info = await done(romeo, "get", `<query xmlns='${DISCO_INFO}'/>`);
  assert.ok(info!.elements().some((it) => it.attr("var") === NS));
  await create(juliet, "news");
  await publish(juliet, "news", "a/b(c)", entry("x"));
  const strict = nodeOf("a/b(c)", SERVICE, "news").replace("(", "%28").replace(")", "%29");
  await refused(romeo, "set", publishing(strict, "romeo@a.test", attached("x")), "forbidden");
  await publish(juliet, strict, JULIET, attached("x"));
  await publish(juliet, nodeOf("a/b(c)", SERVICE, "news"), JULIET, attached("y"));
  const both = await summaryOf(romeo, SERVICE, "news");
  assert.deepEqual(both, ["a/b(c) 2 x y"], "both ways of writing the address count");
  await done(juliet, "set", ownerOf(`<purge node='news'/>`));
  assert.deepEqual(await summaryOf(romeo, SERVICE, "news"), []);
  // Something that nobody can count is kept as well, and goes with its post, or with the summary.
  const unknown = `<attachments xmlns='${NS}'><other xmlns='urn:example:other'/></attachments>`;
  for (const what of [`<retract node='news'><item id='b'/></retract>`, undefined]) {
    await publish(juliet, "news", "b", entry("x"));
    await publish(juliet, nodeOf("b", SERVICE, "news"), JULIET, unknown);
    assert.deepEqual(await itemIds(juliet, nodeOf("b", SERVICE, "news")), [JULIET]);
    if (what === undefined) await done(juliet, "set", ownerOf(`<delete node='${SUMMARY}/news'/>`));
    else await done(juliet, "set", pubsubOf(what));
    await refused(
      juliet,
      "get",
      pubsubOf(`<items node='${nodeOf("b", SERVICE, "news")}'/>`),
      "item-not-found",
    );
  }
});
