/** AC-2.17-7: a client like Jappix, which makes its nodes by hand, over BOSH. */
import assert from "node:assert/strict";
import type { Element } from "../../src/xml/element.ts";
import { BoshTalker } from "./bosh_talker.ts";
import { PASSWORD, webServer } from "./world.ts";

const NS = "http://jabber.org/protocol/pubsub";
const ATOM = "http://www.w3.org/2005/Atom";
const BLOG = "urn:xmpp:microblog:0";
const COMMENTS = `${BLOG}:comments/aa`;

async function ask(client: BoshTalker, type: "get" | "set", payload: string, to = ""): Promise<Element> {
  const id = crypto.randomUUID();
  client.send(
    `<iq xmlns='jabber:client' type='${type}' id='${id}' ${to === "" ? "" : `to='${to}'`}>${payload}</iq>`,
  );
  return await client.expect(`<iq id='${id}'/>`);
}

function making(node: string, fields: Record<string, string>): string {
  const list = Object.entries(fields).map(([name, value]) =>
    `<field var='pubsub#${name}'><value>${value}</value></field>`
  );
  return `<pubsub xmlns='${NS}'><create node='${node}'/><configure><x xmlns='jabber:x:data' type='submit'>` +
    `<field var='FORM_TYPE' type='hidden'><value>${NS}#node_config</value></field>${
      list.join("")
    }</x></configure></pubsub>`;
}

const items = (node: string) => `<pubsub xmlns='${NS}'><items node='${node}'/></pubsub>`;
const post = (node: string, id: string, title: string) =>
  `<pubsub xmlns='${NS}'><publish node='${node}'><item id='${id}'><entry xmlns='${ATOM}'><title>${title}</title></entry>` +
  "</item></publish></pubsub>";

Deno.test("AC-2.17-7: a client like Jappix over BOSH finds no node, makes and configures it, posts, and gets comments", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  await using alice = await new BoshTalker(port).online("alice", PASSWORD, "jappix");
  await using bob = await new BoshTalker(port).online("bob", PASSWORD, "jappix");
  const done = async (client: BoshTalker, payload: string, to = "") => {
    const answer = await ask(client, "set", payload, to);
    assert.equal(answer.attr("type"), "result", answer.toString());
  };
  const none = await ask(alice, "get", items(BLOG));
  assert.ok(none.child("error")!.has("item-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas"));
  const kept = { persist_items: "1", max_items: "1000000", access_model: "open", notify_retract: "1" };
  await done(alice, making(BLOG, kept));
  await done(alice, making(COMMENTS, { ...kept, publish_model: "open" }), "comments.a.test");
  await done(
    bob,
    `<pubsub xmlns='${NS}'><subscribe node='${BLOG}' jid='bob@a.test'/></pubsub>`,
    "alice@a.test",
  );
  await done(alice, post(BLOG, "p1", "From the web"));
  await bob.expect(
    `<message from='alice@a.test'><event xmlns='${NS}#event'><items node='${BLOG}'><item id='p1'>
    <entry xmlns='${ATOM}'><title>From the web</title></entry></item></items></event></message>`,
  );
  await done(bob, post(COMMENTS, "c1", "Nice"), "comments.a.test");
  const answer = await ask(alice, "get", items(COMMENTS), "comments.a.test");
  const comment = answer.child("pubsub", NS)!.child("items")!.first()!;
  assert.deepEqual([comment.attr("id"), comment.attr("publisher")], ["c1", "bob@a.test"]);
});
