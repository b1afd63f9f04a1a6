/** Issue 6: people of our server and of real ones follow each other's blogs (XEP-0277). */
import assert from "node:assert/strict";
import type { WireClient } from "../server/wire_client.ts";
import { bare } from "./exchange.ts";
import { isThere, ours } from "./kinds.ts";
import { prosody } from "./peers/prosody.ts";
import { World } from "./world.ts";

const NS = "http://jabber.org/protocol/pubsub";
const EVENT = `${NS}#event`;
const ATOM = "http://www.w3.org/2005/Atom";
const BLOG = "urn:xmpp:microblog:0";

/** Prosody's, with accounts that are services. */
const MODULES = [
  "roster",
  "saslauth",
  "tls",
  "disco",
  "register",
  "ping",
  "posix",
  "admin_shell",
  "dialback",
  "pep",
];

async function ask(client: WireClient, type: "get" | "set", inner: string, to = ""): Promise<string> {
  const id = crypto.randomUUID();
  client.send(
    `<iq type='${type}' id='${id}' ${
      to === "" ? "" : `to='${to}'`
    }><pubsub xmlns='${NS}'>${inner}</pubsub></iq>`,
  );
  const answer = await client.expect(`<iq id='${id}'/>`);
  assert.equal(answer.attr("type"), "result", answer.toString());
  return answer.toString();
}

async function post(author: WireClient, id: string, title: string): Promise<void> {
  const field = (name: string, value: string) =>
    `<field var='pubsub#${name}'><value>${value}</value></field>`;
  const options = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>` +
    `<value>${NS}#publish-options</value></field>${field("access_model", "open")}${
      field("max_items", "max")
    }` +
    `${field("persist_items", "true")}</x>`;
  await ask(
    author,
    "set",
    `<publish node='${BLOG}'><item id='${id}'><entry xmlns='${ATOM}'><title>${title}</title></entry></item></publish>` +
      `<publish-options>${options}</publish-options>`,
  );
}

async function told(reader: WireClient, blog: string, what: string): Promise<void> {
  await reader.expect(
    `<message from='${blog}'><event xmlns='${EVENT}'><items node='${BLOG}'>${what}</items></event></message>`,
  );
}

Deno.test({
  name: "issue 6: people of our server and of Prosody follow each other's blogs",
  ignore: !isThere(prosody),
  async fn() {
    await using world = await World.make();
    const more = `modules_enabled = { ${MODULES.map((name) => `"${name}"`).join(", ")} }`;
    const [we, they] = await Promise.all([
      world.settle(ours, "we.example"),
      world.settle(prosody, "they.example", { more }),
    ]);
    const [alice, bob] = await Promise.all([we.client("alice"), they.client("bob")]);
    for (const [author, reader] of [[alice, bob], [bob, alice]] as const) {
      const [blog, own] = [bare(author.jid), bare(reader.jid)];
      await post(author, "first", "First");
      // No contacts, no presence: an explicit subscription, from another server.
      await ask(reader, "set", `<subscribe node='${BLOG}' jid='${own}'/>`, blog);
      for (let i = 0; i < 20; i++) await post(author, `p${i}`, `Post ${i}`);
      for (let i = 0; i < 20; i++) {
        await told(reader, blog, `<item id='p${i}'><entry xmlns='${ATOM}'/></item>`);
      }
      await post(author, "p0", "Post 0, edited");
      await told(
        reader,
        blog,
        `<item id='p0'><entry xmlns='${ATOM}'><title>Post 0, edited</title></entry></item>`,
      );
      await ask(author, "set", `<retract node='${BLOG}' notify='1'><item id='first'/></retract>`);
      await told(reader, blog, "<retract id='first'/>");
      const all = await ask(reader, "get", `<items node='${BLOG}'/>`, blog);
      assert.ok(all.includes("Post 0, edited") && !all.includes(`"first"`), all);
      await ask(reader, "set", `<unsubscribe node='${BLOG}' jid='${own}'/>`, blog);
      await post(author, "late", "Nobody is told");
      await ask(reader, "get", `<items node='${BLOG}'/>`, blog);
      assert.deepEqual(reader.inbox.filter((it) => it.toString().includes("late")), []);
    }
  },
});
