import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { ManualClock, type TestClient } from "#testing";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { mucLog } from "../../plugins/rooms/log.ts";
import { moderation } from "../../plugins/rooms/moderation.ts";
import {
  ask,
  codesOf,
  configure,
  type Coven,
  coven,
  create,
  DISCO_INFO,
  enter,
  error,
  form,
  owner,
  quietly,
  ROOM,
  valuesOf,
} from "./muc_world.ts";
import { fetchFrom } from "./web_client.ts";

const PLUGINS = [mucArchive, moderation, mucLog];
const SHOWN = { persistentroom: "1", enablelogging: "1" };

async function logged(
  fields: Record<string, string> = SHOWN,
  options: Record<string, unknown> = {},
  clock = new ManualClock(),
): Promise<Coven> {
  const it = await coven({ plugins: PLUGINS, fields, defaults: { muc_log: options }, clock });
  // What is said in the millisecond in which it is switched on is not shown yet.
  await clock.advance(1000);
  return it;
}

/** Two minutes before the year ends. */
const newYear = () => new ManualClock(Date.UTC(2026, 11, 31, 23, 58));

async function say(client: TestClient, body: string, more = "", room = ROOM): Promise<void> {
  const text = body.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  await client.send(`<message to='${room}' type='groupchat' id='1'><body>${text}</body>${more}</message>`);
}

/** The day that it is in the test, as addresses have it. */
function today(it: Coven): string {
  return new Date(it.server.clock.now()).toISOString().slice(0, 10);
}

async function pageOf(it: Coven, path: string): Promise<string> {
  const { status, text } = await fetchFrom(it.server, path);
  equal(status, 200, `${path}: ${status}`);
  return text;
}

async function addressOf(client: TestClient, room = ROOM): Promise<string | undefined> {
  const info = (await ask(client, "get", `<query xmlns='${DISCO_INFO}'/>`, room))!;
  const fields = info.elements().flatMap((it) => it.elements());
  return fields.find((it) => it.attr("var") === "muc#roominfo_logs")?.childText("value");
}

Deno.test("FEATURES §1.H H14: off unless an owner wants it; only rooms that stay", async () => {
  await using it = await logged({});
  deepEqual(await valuesOf(it.crone, "enablelogging"), ["0"]);
  equal(await addressOf(it.crone), undefined);
  equal((await fetchFrom(it.server, "/logs/coven/")).status, 404);
  await it.crone.send(`<iq type='set' id='1' to='${ROOM}'>${owner(form({ enablelogging: "1" }))}</iq>`);
  it.crone.expect(`<iq type='error' id='1'>${error("forbidden", "cancel")}</iq>`);
});

Deno.test("XEP-0045 §7.2.12, §10.2.1: 170 to whoever enters, 170 and 171 where it changes", async () => {
  // People in the room only may read the archive, so that the log is all that the world sees.
  await using it = await logged({ persistentroom: "1", "x-muc#roomconfig_archiveaccess": "occupants" });
  quietly(it.hag);
  await configure(it.crone, { enablelogging: "1" });
  deepEqual(codesOf(it.hag.expect("<message/>")), [104, 170]);
  const [hecate] = await it.server.online("hecate/broom");
  deepEqual(codesOf(await enter(hecate, "hecate")).includes(170), true);
  quietly(it.hag);
  await configure(it.crone, { enablelogging: "0" });
  deepEqual(codesOf(it.hag.expect("<message/>")), [104, 171]);
  await hecate.send(`<presence to='${ROOM}/hecate' type='unavailable'/>`);
  deepEqual(codesOf(await enter(hecate, "hecate")).includes(170), false);
});

Deno.test("XEP-0045 §15.3: muc#roominfo_logs says where, and what is there are the days", async () => {
  await using it = await logged(SHOWN, {}, newYear());
  await say(it.wicca, "When shall we three meet again?");
  await it.server.clock.advance("5 min");
  await say(it.hag, "/me flies");
  const address = await addressOf(it.wicca);
  ok(address?.endsWith("/logs/coven/"), String(address));
  const list = await pageOf(it, "/logs/");
  match(list, /<a href="coven\/">coven<\/a>/);
  const calendar = await pageOf(it, "/logs/coven/");
  match(calendar, new RegExp(`<a href="${today(it)}/">`));
  const day = await fetchFrom(it.server, `/logs/coven/${today(it)}/`);
  match(day.text, /<span class="nick">\* thirdwitch<\/span><span class="text">flies<\/span>/);
  doesNotMatch(day.text, /three meet/);
  const before = /rel="prev" href="\.\.\/([\d-]+)\/"/.exec(day.text)![1]!;
  const earlier = await pageOf(it, `/logs/coven/${before}/`);
  match(
    earlier,
    /<span class="nick">secondwitch<\/span><span class="text">When shall we three meet again\?<\/span>/,
  );
  match(earlier, new RegExp(`rel="next" href="\\.\\./${today(it)}/"`));
  // The parent host serves it, too; a page without a slash at its end leads to the one with it.
  equal((await fetchFrom(it.server, "/logs/coven/", undefined, "a.test")).status, 200);
  const moved = await fetchFrom(it.server, "/logs/coven");
  deepEqual([moved.status, moved.headers.get("location")], [301, "./coven/"]);
});

Deno.test("FEATURES §3.2: addresses as the original had them, YYYYMMDD, lead to the day", async () => {
  await using it = await logged();
  await say(it.wicca, "x");
  const old = await fetchFrom(it.server, `/logs/coven/${today(it).replaceAll("-", "")}/`);
  deepEqual([old.status, old.headers.get("location")], [301, `../${today(it)}/`]);
  for (const none of ["2026-02-30", "1999-01-01", "20261", "x", "%2e%2e%2f"]) {
    equal((await fetchFrom(it.server, `/logs/coven/${none}/`)).status, 404, none);
  }
});

Deno.test("FEATURES §3.2: hidden, private and unlogged rooms are all the same 404", async () => {
  await using it = await logged();
  await say(it.wicca, "secret");
  const page = `/logs/coven/${today(it)}/`;
  equal((await fetchFrom(it.server, page)).status, 200);
  const none = await fetchFrom(it.server, "/logs/nosuchroom/");
  equal(none.status, 404);
  await configure(it.crone, { publicroom: "0" });
  const hidden = await fetchFrom(it.server, page);
  deepEqual([hidden.status, hidden.text], [404, none.text]);
  doesNotMatch(await pageOf(it, "/logs/"), /coven/);
  equal(await addressOf(it.crone), undefined);
  await configure(it.crone, { publicroom: "1" });
  equal((await fetchFrom(it.server, page)).status, 200);
  // A room that becomes private is not shown any more, even if it is opened again.
  quietly(it.hag);
  await configure(it.crone, { membersonly: "1" });
  deepEqual(await valuesOf(it.crone, "enablelogging"), ["0"]);
  equal((await fetchFrom(it.server, page)).status, 404);
  await configure(it.crone, { membersonly: "0" });
  equal((await fetchFrom(it.server, page)).status, 404);
  await it.crone.send(
    `<iq type='set' id='1' to='${ROOM}'>${
      owner(form({ enablelogging: "1", roomsecret: "abracadabra" }))
    }</iq>`,
  );
  it.crone.expect(`<iq type='error' id='1'>${error("not-acceptable", "*")}</iq>`);
});

Deno.test("BUG-14: switching it off removes nothing, and what was said meanwhile is never shown", async () => {
  await using it = await logged();
  await say(it.wicca, "for all to hear");
  await it.server.clock.advance("1 min");
  await configure(it.crone, { enablelogging: "0" });
  const page = `/logs/coven/${today(it)}/`;
  equal((await fetchFrom(it.server, page)).status, 404);
  await say(it.wicca, "between us");
  await it.server.clock.advance("1 min");
  // A form that does not speak of it leaves it as it is.
  await configure(it.crone, { enablelogging: "1" });
  await configure(it.crone, { roomname: "Heath" });
  await it.server.clock.advance("1 min");
  await say(it.wicca, "for all again");
  const text = await pageOf(it, page);
  match(text, /for all to hear/);
  match(text, /for all again/);
  doesNotMatch(text, /between us/);
});

Deno.test("BUG-14: a room's name that somebody else has later shows nothing of the room before", async () => {
  await using it = await logged();
  await say(it.wicca, "old words");
  await ask(it.crone, "set", owner("<destroy/>"));
  equal((await fetchFrom(it.server, "/logs/coven/")).status, 404);
  await create(it.hag, "hag", SHOWN);
  doesNotMatch((await fetchFrom(it.server, `/logs/coven/${today(it)}/`)).text, /old words/);
});

Deno.test("BUG-35: markup that people say is text; a page runs nothing, loads nothing and is framed by nobody", async () => {
  await using it = await logged();
  const evil = `<script>alert(1)</script><img src=x onerror=alert(1)> "quoted" & 'quoted'`;
  await say(it.wicca, evil);
  await say(
    it.wicca,
    `https://example.org/"onmouseover="alert(1) javascript:alert(1) http://ok.example/a?b=1&c=2.`,
  );
  await it.crone.send(
    `<message to='${ROOM}' type='groupchat'><subject>&lt;b>bold&lt;/b></subject></message>`,
  );
  await it.hag.send(`<presence to='${ROOM}/&lt;i>hag&quot;'/>`);
  await say(it.hag, "hello");
  await configure(it.crone, {
    roomname: "&lt;/title>&lt;script>x&lt;/script>",
    roomdesc: "&lt;marquee>",
    lang: `">&lt;b>`,
  });
  const { text, headers } = await fetchFrom(it.server, `/logs/coven/${today(it)}/`);
  doesNotMatch(text, /<script|<img|<b>|<i>|<marquee|onmouseover="/);
  match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&lt;img src=x/);
  match(text, /href="http:\/\/ok\.example\/a\?b=1&amp;c=2">/);
  doesNotMatch(text, /href="javascript/);
  match(text, /<html lang="en">/);
  const policy = headers.get("content-security-policy")!;
  match(policy, /^default-src 'none'; style-src 'sha256-[\w+/=]+'; .*frame-ancestors 'none'$/);
  equal(headers.get("x-content-type-options"), "nosniff");
  equal(headers.get("x-robots-tag"), "noindex, nofollow");
  // The style of the page is the one that the policy names.
  const style = /<style>([\s\S]*?)<\/style>/.exec(text)![1]!;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)))
    .toBase64();
  ok(policy.includes(`'sha256-${hash}'`));
});

Deno.test("BUG-34: rooms named with characters of shells have pages like all others", async () => {
  await using it = await logged();
  for (const name of ["$(id)", ";reboot;", "a|b", "`id`", "..", "-rf", "100%", "a?b", "a#b", "ça"]) {
    const room = `${name}@muc.a.test`;
    await create(it.crone, "crone", SHOWN, room);
    await it.server.clock.advance(1000);
    await say(it.crone, `words of ${name}`, "", room);
    const address = new URL((await addressOf(it.crone, room))!).pathname;
    // What is called ".." has an address that clients of HTTP make another one of.
    if (name === "..") continue;
    match(await pageOf(it, `${address}${today(it)}/`), /words of /, name);
  }
  const list = await pageOf(it, "/logs/");
  match(list, /<a href="%24\(id\)\/">\$\(id\)<\/a>/);
});

Deno.test("XEP-0424, XEP-0425, OMEMO: what was taken back is not shown, nor what only others can read", async () => {
  await using it = await logged();
  await say(
    it.wicca,
    "a spell",
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>x</payload></encrypted>",
  );
  await say(it.wicca, "a curse");
  const id = it.hag.inbox.at(-1)!.elements().find(({ name }) => name === "stanza-id")!.attr("id")!;
  await say(it.wicca, "corrected", "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>");
  await ask(
    it.crone,
    "set",
    `<moderate xmlns='urn:xmpp:message-moderate:1' id='${id}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>`,
  );
  const text = await pageOf(it, `/logs/coven/${today(it)}/`);
  doesNotMatch(text, /a curse|a spell/);
  match(text, /\(encrypted\)/);
  match(text, /\(taken back\)/);
  match(text, /corrected<\/span>\s*<span class="note">\(corrected\)/);
});

Deno.test("FEATURES §3.2: a long day comes in parts, and pages may be told to search engines and have a style", async () => {
  await using it = await logged(SHOWN, { indexed: true, style: ":root { --accent: #a00 }", path: "/said" });
  for (let i = 0; i < 520; i++) {
    await say(it.wicca, `line ${i}.`);
    if (i % 20 === 0) await it.server.clock.advance("1 s");
  }
  const first = await fetchFrom(it.server, `/said/coven/${today(it)}/`);
  equal(first.headers.has("x-robots-tag"), false);
  match(first.text, /--accent: #a00/);
  match(first.text, /line 499\./);
  doesNotMatch(first.text, /line 500\./);
  const more = /href="(\?after=[^"]+)">More/.exec(first.text)![1]!;
  const second = await pageOf(it, `/said/coven/${today(it)}/${more}`);
  doesNotMatch(second, /line 499\./);
  match(second, /line 500\.[\s\S]*line 519\./);
  doesNotMatch(second, /href="\?after=/);
  equal((await fetchFrom(it.server, `/said/coven/${today(it)}/?after=%00`)).status, 404);
});

Deno.test("FEATURES §3.2: the calendar goes from month to month, over the end of a year", async () => {
  await using it = await logged(SHOWN, {}, newYear());
  await say(it.wicca, "last words of the year");
  await it.server.clock.advance("5 min");
  await say(it.wicca, "first words of the year");
  const january = await pageOf(it, "/logs/coven/");
  match(january, /January 2027[\s\S]*<a href="2027-01-01\/">1<\/a>/);
  match(january, /rel="prev" href="\?month=2026-12"/);
  const before = await pageOf(it, "/logs/coven/?month=2026-12");
  match(before, /<a href="2026-12-31\/">31<\/a>/);
  match(before, /rel="next" href="\?month=2027-01"/);
  equal((await fetchFrom(it.server, "/logs/coven/?month=2026-13")).status, 404);
});
