import { doesNotMatch, equal, match, ok } from "node:assert/strict";
import type { TestClient } from "#testing";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { moderation } from "../../plugins/rooms/moderation.ts";
import { chatPastebin, pastebin } from "../../plugins/rooms/paste.ts";
import { ask, type Coven, coven, owner, quietly, ROOM } from "./muc_world.ts";
import { fetchFrom } from "./web_client.ts";

const LINES = "one\ntwo <b>\nthree\nfour\nfive";
const XHTML_IM = "http://jabber.org/protocol/xhtml-im";

function pasting(options: Record<string, unknown> = {}): Promise<Coven> {
  const plugins = [mucArchive, moderation, pastebin, chatPastebin];
  return coven({ plugins, defaults: { pastebin: options }, fields: { persistentroom: "1" } });
}

async function say(
  client: TestClient,
  body: string,
  more = "",
  to = ROOM,
  type = "groupchat",
): Promise<void> {
  const text = body.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  await client.send(`<message to='${to}' type='${type}' id='1'>${more}<body>${text}</body></message>`);
}

/** What somebody got in the place of a text, and the path that it leads to. */
function linkIn(client: TestClient): { body: string; path: string | undefined } {
  const body = client.expect("<message><body>*</body></message>").childText("body")!;
  return { body, path: /https?:\/\/[^/]+(\/(?:chat-)?pastebin\/[\w-]+)$/.exec(body)?.[1] };
}

Deno.test("FEATURES §3.2: a message of more than four lines becomes a line and a link", async () => {
  await using it = await pasting();
  await say(it.wicca, LINES);
  const got = it.hag.inbox.at(-1)!;
  const { body, path } = linkIn(it.hag);
  match(body, /^one\n… \[the whole text, 5 lines\]: http/);
  const html = got.child("html", XHTML_IM)!.toString();
  match(html, /<p>one <a href="http[^"]+">\[the whole text, 5 lines\]<\/a><\/p>/);
  const page = await fetchFrom(it.server, path!);
  equal(page.status, 200);
  equal(page.text, LINES);
  equal(page.headers.get("content-type"), "text/plain; charset=utf-8");
  match(page.headers.get("content-security-policy")!, /default-src 'none'.*sandbox/);
  equal(page.headers.get("x-content-type-options"), "nosniff");
  await say(it.wicca, "one\ntwo\nthree\nfour");
  equal(linkIn(it.hag).path, undefined);
});

Deno.test("FEATURES §3.2: so does one of more than 500 characters; letters outside of the first plane are one each", async () => {
  await using it = await pasting();
  await say(it.wicca, "😀".repeat(500));
  equal(linkIn(it.hag).path, undefined);
  await say(it.wicca, "😀".repeat(501));
  const { body, path } = linkIn(it.hag);
  ok(body.startsWith(`${"😀".repeat(150)}\n…`));
  equal((await fetchFrom(it.server, path!)).text, "😀".repeat(501));
});

Deno.test("FEATURES §3.2: what is encrypted is left alone", async () => {
  await using it = await pasting();
  const omemo =
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>x</payload></encrypted>";
  for (const payload of [omemo, "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:example:new'/>"]) {
    await say(it.wicca, LINES, payload);
    equal(linkIn(it.hag).body, LINES);
  }
});

Deno.test("FEATURES §3.2: private messages only where that is switched on", async () => {
  for (const on of [false, true]) {
    await using it = await pasting({ private_messages: on });
    await say(it.wicca, LINES, "", `${ROOM}/thirdwitch`, "chat");
    equal(linkIn(it.hag).path !== undefined, on);
  }
});

Deno.test("FEATURES §3.2: a word that asks for it, and no preview", async () => {
  await using it = await pasting({ trigger: "!paste", html_preview: false, summary: 3 });
  await say(it.wicca, "!paste short");
  const got = it.hag.inbox.at(-1)!;
  const { body, path } = linkIn(it.hag);
  match(body, /^sho\n… \[the whole text, 1 line\]/);
  equal(got.has("html", XHTML_IM), false);
  equal((await fetchFrom(it.server, path!)).text, "short");
});

Deno.test("FEATURES §3.2: it is kept for a time, and as much as there is place for", async () => {
  await using it = await pasting({ keep: "2 min", quota: "1000 B" });
  await say(it.wicca, `${LINES}${"x".repeat(600)}`);
  const { path: first } = linkIn(it.hag);
  await it.server.clock.advance("1 min");
  equal((await fetchFrom(it.server, first!)).status, 200);
  await say(it.wicca, `${LINES}${"y".repeat(600)}`);
  const { path: second } = linkIn(it.hag);
  equal((await fetchFrom(it.server, first!)).status, 404);
  equal((await fetchFrom(it.server, second!)).status, 200);
  await it.server.clock.advance("61 s");
  equal((await fetchFrom(it.server, second!)).status, 200);
  await it.server.clock.advance("60 s");
  equal((await fetchFrom(it.server, second!)).status, 404);
  equal((await fetchFrom(it.server, "/pastebin/none")).status, 404);
});

Deno.test("XEP-0424, XEP-0425: what is taken back is gone from the page, too; so is the room's", async () => {
  await using it = await pasting();
  await say(it.wicca, LINES);
  const id = it.hag.inbox.at(-1)!.elements().find(({ name }) => name === "stanza-id")!.attr("id")!;
  const { body, path } = linkIn(it.hag);
  // Somebody else who repeats the link has no say in it.
  await say(it.hag, body.split("\n")[1]!);
  const other = it.crone.inbox.at(-1)!.elements().find(({ name }) => name === "stanza-id")!.attr("id")!;
  await it.hag.send(
    `<message to='${ROOM}' type='groupchat' id='2'><retract xmlns='urn:xmpp:message-retract:1' id='${other}'/></message>`,
  );
  equal((await fetchFrom(it.server, path!)).status, 200);
  await ask(
    it.crone,
    "set",
    `<moderate xmlns='urn:xmpp:message-moderate:1' id='${id}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>`,
  );
  equal((await fetchFrom(it.server, path!)).status, 404);
  quietly(it.hag);
  await say(it.wicca, LINES);
  const last = linkIn(it.hag).path!;
  equal((await fetchFrom(it.server, last)).status, 200);
  await ask(it.crone, "set", owner("<destroy/>"));
  equal((await fetchFrom(it.server, last)).status, 404);
});

Deno.test("XEP-0394, XEP-0428: what counts characters of the text goes with it; what is about something else stays", async () => {
  await using it = await pasting();
  const more =
    "<markup xmlns='urn:xmpp:markup:0'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'/>" +
    "<html xmlns='http://jabber.org/protocol/xhtml-im'/><reply xmlns='urn:xmpp:reply:0' id='x' to='y'/>";
  await say(it.wicca, LINES, more);
  const text = it.hag.inbox.at(-1)!.toString();
  doesNotMatch(text, /markup|fallback/);
  match(text, /<reply /);
  equal(text.split("<html ").length, 2);
});

Deno.test("FEATURES §3.2: on a user host, where an administrator wants it", async () => {
  await using it = await pasting();
  await it.wicca.send(`<message to='${it.hag.jid}' type='chat'><body>${"z".repeat(501)}</body></message>`);
  const { path } = linkIn(it.hag);
  equal((await fetchFrom(it.server, path!, {}, "a.test")).text, "z".repeat(501));
});
