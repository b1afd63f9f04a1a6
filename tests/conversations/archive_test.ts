/** XEP-0313: asking for messages, with the examples of the standard. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ManualClock, type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { message } from "../../plugins/im/message.ts";
import { disco } from "../../plugins/service/disco.ts";
import { ask, type Fields, MAM, query, RSM, set, SID, STANZAS } from "./archive_client.ts";

const verona = (options: TestOptions = {}) =>
  testServer({ host: "capulet.lit", plugins: [message, archive, disco], ...options });

async function refused(client: TestClient, xml: string, condition: string): Promise<void> {
  await client.send(xml);
  client.expectNext(`<iq type='error'><error><${condition} xmlns='${STANZAS}'/></error></iq>`);
  client.quiet();
}

/** Juliet has heard `count` messages from Romeo, numbered from 0, a second apart. */
async function heard(s: TestServer, count: number): Promise<TestClient> {
  const romeo = s.remote("montague.lit");
  const juliet = await s.client("juliet/chamber");
  for (let i = 0; i < count; i++) {
    await romeo.send(`<message from='romeo@montague.lit/orchard' to='juliet@capulet.lit' type='chat'>
      <body>${i}</body></message>`);
    await s.clock.advance(1000);
  }
  juliet.clear();
  return juliet;
}

Deno.test("XEP-0313 §4.2: two messages, whole, as they were received", async () => {
  await using s = await verona();
  const romeo = s.remote("montague.lit");
  const [juliet] = await s.online("juliet/chamber");
  await romeo.send(`<message to='juliet@capulet.lit/chamber' from='romeo@montague.lit/orchard' type='chat'>
    <body>Call me but love, and I'll be new baptized; Henceforth I never will be Romeo.</body>
    <mood xmlns='http://jabber.org/protocol/mood'><in_love/></mood></message>`);
  const live = juliet!.expect("<message type='chat'/>");
  await s.clock.advance(67_250);
  await juliet!.send(`<message to='romeo@montague.lit/orchard' type='chat' id='8a54s'>
    <body>What man art thou that thus bescreen'd in night so stumblest on my counsel?</body></message>`);
  await juliet!.send(`<iq type='set' id='juliet1'><query xmlns='${MAM}' queryid='f27'/></iq>`);
  const first = juliet!.expectNext(`<message from='juliet@capulet.lit' to='juliet@capulet.lit/chamber'>
    <result xmlns='${MAM}' queryid='f27'><forwarded xmlns='urn:xmpp:forward:0'>
      <delay xmlns='urn:xmpp:delay' stamp='2026-01-01T12:00:00Z'/>
      <message xmlns='jabber:client' to='juliet@capulet.lit/chamber' from='romeo@montague.lit/orchard' type='chat'>
        <body>Call me but love, and I'll be new baptized; Henceforth I never will be Romeo.</body>
        <mood xmlns='http://jabber.org/protocol/mood'><in_love/></mood>
      </message></forwarded></result></message>`);
  const second = juliet!.expectNext(`<message><result xmlns='${MAM}' queryid='f27'>
    <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T12:01:07.250Z'/>
      <message xmlns='jabber:client' to='romeo@montague.lit/orchard' from='juliet@capulet.lit/chamber' type='chat'
        id='8a54s'><body>What man art thou that thus bescreen'd in night so stumblest on my counsel?</body>
      </message></forwarded></result></message>`);
  const ids = [first, second].map((it) => it.child("result", MAM)!.attr("id")!);
  juliet!.expectNext(`<iq type='result' id='juliet1'><fin xmlns='${MAM}' complete='true'><set xmlns='${RSM}'>
    <first index='0'>${ids[0]}</first><last>${ids[1]}</last><count>2</count></set></fin></iq>`);
  // §3.5: the message named its place in the archive when it came.
  equal(live.child("stanza-id", SID)?.attr("id"), ids[0]);
  equal(live.child("stanza-id", SID)?.attr("by"), "juliet@capulet.lit");
});

Deno.test("XEP-0313 §4: no queryid, no results, no archive yet", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  await juliet.send(`<iq type='set' id='1'><query xmlns='${MAM}'/></iq>`);
  juliet.expectNext(`<iq type='result' id='1'><fin xmlns='${MAM}' complete='true'>
    <set xmlns='${RSM}'><count>0</count></set></fin></iq>`);
  await juliet.send(`<message to='romeo@montague.lit'><body>x</body></message>`);
  juliet.clear();
  await juliet.send(`<iq type='set' id='1' to='juliet@capulet.lit'><query xmlns='${MAM}'/></iq>`);
  equal(juliet.expectNext("<message/>").child("result", MAM)!.attr("queryid"), undefined);
});

Deno.test("XEP-0313 §4.1.1: with an address, bare or full, or the own one", async () => {
  await using s = await verona();
  const [juliet, pad] = await s.online("juliet/chamber", "juliet/balcony");
  for (const to of ["romeo@montague.lit/orchard", "romeo@montague.lit/hall", "nurse@capulet.lit"]) {
    await juliet!.send(`<message to='${to}' type='chat'><body>${to}</body></message>`);
  }
  await juliet!.send(`<message to='juliet@capulet.lit' type='chat'><body>note</body></message>`);
  await juliet!.send(`<message to='juliet@capulet.lit/balcony' type='chat'><body>note 2</body></message>`);
  juliet!.clear();
  pad!.clear();
  const bodies = async (with_: string) => (await ask(juliet!, query("1", { with: with_ }))).bodies;
  deepEqual(await bodies("romeo@montague.lit"), ["romeo@montague.lit/orchard", "romeo@montague.lit/hall"]);
  deepEqual(await bodies("ROMEO@montague.lit/hall"), ["romeo@montague.lit/hall"]);
  deepEqual(await bodies("romeo@montague.lit/street"), []);
  deepEqual(await bodies("juliet@capulet.lit"), ["note", "note 2"]);
  deepEqual((await ask(juliet!, query("1"))).bodies.length, 5);
  await refused(juliet!, query("1", { with: "@@" }), "jid-malformed");
});

Deno.test("XEP-0313 §4.1.2: between two times, to the millisecond, over new year", async () => {
  await using s = await verona({ clock: new ManualClock(Date.UTC(2026, 11, 31, 23, 59, 59, 998)) });
  const romeo = s.remote("montague.lit");
  const juliet = await s.client("juliet/chamber");
  for (let i = 0; i < 5; i++) {
    await romeo.send(
      `<message from='romeo@montague.lit/o' to='juliet@capulet.lit/chamber'><body>${i}</body></message>`,
    );
    await s.clock.advance(1);
  }
  juliet.clear();
  const bodies = async (fields: Fields) => (await ask(juliet, query("1", fields))).bodies.join("");
  equal(await bodies({ start: "2027-01-01T00:00:00Z" }), "234");
  equal(await bodies({ end: "2026-12-31T23:59:59.999Z" }), "01");
  equal(await bodies({ start: "2026-12-31T23:59:59.999Z", end: "2027-01-01T00:00:00.001Z" }), "123");
  equal(await bodies({ start: "2027-01-01T01:00:00.001+01:00" }), "34");
  equal(await bodies({ start: "2027-01-02T00:00:00Z" }), "");
  equal(await bodies({ start: "2027-01-01T00:00:00Z", end: "2026-01-01T00:00:00Z" }), "");
  await refused(juliet, query("1", { start: "yesterday" }), "bad-request");
});

Deno.test("XEP-0313 §4.1.3: after, before and between ids; single messages; ids that are not there", async () => {
  await using s = await verona();
  const juliet = await heard(s, 6);
  const { ids } = await ask(juliet, query("1"));
  const bodies = async (fields: Fields, rest = "") =>
    (await ask(juliet, query("1", fields, rest))).bodies.join("");
  equal(await bodies({ "after-id": ids[3]! }), "45");
  equal(await bodies({ "before-id": ids[2]! }), "01");
  equal(await bodies({ "after-id": ids[0]!, "before-id": ids[4]! }), "123");
  equal(await bodies({ "after-id": ids[0]!, "before-id": ids[4]! }, set("<max>2</max><before/>")), "23");
  equal(await bodies({ ids: [ids[4]!, ids[1]!] }), "14");
  equal(await bodies({ ids: [ids[4]!, ids[1]!], "after-id": ids[2]! }), "4");
  for (const fields of [{ "after-id": "09af3" }, { "before-id": "09af3" }, { ids: [ids[0]!, "09af3"] }]) {
    await refused(juliet, query("1", fields), "item-not-found");
  }
  await refused(juliet, query("1", {}, set("<max>3</max><after>09af3</after>")), "item-not-found");
  await refused(juliet, query("1", {}, set("<before>09af3</before>")), "item-not-found");
  await refused(juliet, query("1", { "after-id": "09af3" }, set("<max>0</max>")), "item-not-found");
});

Deno.test("XEP-0313 §4.1.5: the form, and a field that nobody knows", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  await juliet.send(`<iq type='get' id='form1'><query xmlns='${MAM}'/></iq>`);
  juliet.expectNext(`<iq type='result' id='form1'><query xmlns='${MAM}'><x xmlns='jabber:x:data' type='form'>
    <field type='hidden' var='FORM_TYPE'><value>${MAM}</value></field>
    <field type='jid-single' var='with'/><field type='text-single' var='start'/>
    <field type='text-single' var='end'/><field type='text-single' var='before-id'/>
    <field type='text-single' var='after-id'/><field type='list-multi' var='ids'>
      <validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:string'><open/></validate></field>
    <field type='boolean' var='include-groupchat'/></x></query></iq>`);
  await refused(
    juliet,
    query("1", { "{http://example.com/}free-text-search": "x" }),
    "feature-not-implemented",
  );
  await refused(juliet, query("1", { withtext: "x" }), "feature-not-implemented");
  await refused(juliet, query("1", { constructor: "x" }), "feature-not-implemented");
  const other = query("1", { start: "" }).replace(`<value>${MAM}`, "<value>urn:other");
  await refused(juliet, other, "bad-request");
  equal((await ask(juliet, query("1", { "include-groupchat": "true", with: "" }))).ids.length, 0);
});

Deno.test("XEP-0313 §4.3: pages forward, backward, from the end; flipped; complete", async () => {
  await using s = await verona();
  const juliet = await heard(s, 7);
  const page = (rsm: string, rest = "") => ask(juliet, query("1", {}, set(rsm) + rest));
  const { ids } = await ask(juliet, query("1"));
  const forward = await page("<max>3</max>");
  deepEqual([forward.bodies.join(""), forward.fin.attr("complete")], ["012", undefined]);
  const next = await page(`<max>3</max><after>${ids[2]}</after>`);
  deepEqual([next.bodies.join(""), next.fin.attr("complete")], ["345", undefined]);
  const last = await page(`<max>3</max><after>${ids[5]}</after>`);
  deepEqual([last.bodies.join(""), last.fin.attr("complete")], ["6", "true"]);
  const beyond = await page(`<max>3</max><after>${ids[6]}</after>`);
  deepEqual([beyond.bodies.join(""), beyond.fin.attr("complete")], ["", "true"]);
  equal(beyond.fin.child("set", RSM)!.has("first"), false);
  const end = await page("<max>3</max><before/>");
  deepEqual([end.bodies.join(""), end.fin.attr("complete")], ["456", undefined]);
  const back = await page(`<max>3</max><before>${ids[4]}</before>`);
  deepEqual([back.bodies.join(""), back.fin.attr("complete")], ["123", undefined]);
  const start = await page(`<max>3</max><before>${ids[1]}</before>`);
  deepEqual([start.bodies.join(""), start.fin.attr("complete")], ["0", "true"]);
  // Flipping changes the order on the wire, and nothing else (§4.3.4).
  const flipped = await page("<max>3</max><before/>", "<flip-page/>");
  equal(flipped.bodies.join(""), "654");
  equal(flipped.fin.child("set", RSM)!.childText("first"), ids[4]);
  equal(flipped.fin.child("set", RSM)!.childText("last"), ids[6]);
});

Deno.test("XEP-0059: a count alone, a place in the list, an empty max, nonsense", async () => {
  await using s = await verona();
  const juliet = await heard(s, 7);
  const page = (rsm: string, fields: Fields = {}) => ask(juliet, query("1", fields, set(rsm)));
  const count = await page("<max>0</max>");
  deepEqual([count.ids.length, count.fin.child("set", RSM)!.childText("count")], [0, "7"]);
  const some = await page("<max>0</max>", { start: "2026-01-01T12:00:05Z" });
  equal(some.fin.child("set", RSM)!.childText("count"), "2");
  equal(some.fin.attr("complete"), undefined);
  const third = await page("<max>2</max><index>3</index>");
  equal(third.bodies.join(""), "34");
  equal(third.fin.child("set", RSM)!.child("first")!.attr("index"), "3");
  equal((await page("<max/>")).bodies.length, 7);
  for (const bad of ["<max>-1</max>", "<max>x</max>", "<index>1</index><before/>"]) {
    await refused(juliet, query("1", {}, set(bad)), "bad-request");
  }
});

Deno.test("XEP-0313 §4.3.1: pages are as long as the server likes", async () => {
  await using s = await verona({ config: { defaults: { archive: { page: 3, largest_page: 5 } } } });
  const juliet = await heard(s, 7);
  equal((await ask(juliet, query("1"))).bodies.join(""), "012");
  const most = await ask(juliet, query("1", {}, set("<max>1000</max>")));
  deepEqual([most.bodies.join(""), most.fin.attr("complete")], ["01234", undefined]);
});

Deno.test("XEP-0313 §4.3.1: a page of large messages is a short one, from both ends", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  const large = "x".repeat(100_000);
  for (let i = 0; i < 150; i++) {
    await juliet.send(`<message to='r@montague.lit' id='${i}'><body>${large}</body></message>`);
    await s.clock.advance(1000);
  }
  juliet.clear();
  const ids = new Set<string>();
  for (const direction of ["after", "before"]) {
    let cursor = "";
    for (;;) {
      const at = direction === "after" && cursor === "" ? "" : `<${direction}>${cursor}</${direction}>`;
      const page = await ask(juliet, query("1", {}, set(`<max>150</max>${at}`)));
      for (const id of page.ids) ids.add(id);
      const rsm = page.fin.child("set", RSM)!;
      cursor = rsm.childText(direction === "after" ? "last" : "first")!;
      if (page.fin.attr("complete") === "true") break;
      ok(page.ids.length < 150);
    }
  }
  equal(ids.size, 150);
});

Deno.test("XEP-0313 §4.4: metadata", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  const metadata = `<iq type='get' id='jui8921rr9'><metadata xmlns='${MAM}'/></iq>`;
  await juliet.send(metadata);
  equal(juliet.expectNext(`<iq type='result' id='jui8921rr9'/>`).child("metadata", MAM)!.first(), undefined);
  const same = await heard(s, 3);
  const { ids } = await ask(same, query("1"));
  await same.send(metadata);
  same.expectNext(`<iq type='result' id='jui8921rr9'><metadata xmlns='${MAM}'>
    <start id='${ids[0]}' timestamp='2026-01-01T12:00:00Z'/>
    <end id='${ids[2]}' timestamp='2026-01-01T12:00:02Z'/></metadata></iq>`);
});

Deno.test("XEP-0313 §6: what is announced, and to whom", async () => {
  await using s = await verona();
  const juliet = await s.client("juliet/chamber");
  await juliet.send(`<iq type='get' id='disco1' to='juliet@capulet.lit'>
    <query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  juliet.expectNext(`<iq type='result' id='disco1' from='juliet@capulet.lit' to='juliet@capulet.lit/chamber'>
    <query xmlns='http://jabber.org/protocol/disco#info'>
      <feature var='${MAM}'/><feature var='${MAM}#extended'/><feature var='${MAM}#groupchat-field'/>
      <feature var='${SID}'/><feature var='urn:xmpp:message-retract:1#tombstone'/></query></iq>`);
});

Deno.test("XEP-0313 §7.1: the archive of somebody else", async () => {
  await using s = await verona();
  const tybalt = await s.client("tybalt/street");
  for (const payload of ["query", "prefs", "metadata"]) {
    for (const type of ["get", "set"]) {
      await tybalt.send(
        `<iq type='${type}' id='1' to='juliet@capulet.lit'><${payload} xmlns='${MAM}'/></iq>`,
      );
      tybalt.expectNext(`<iq type='error'><error><service-unavailable xmlns='${STANZAS}'/></error></iq>`);
    }
  }
});

Deno.test("XEP-0313 §3.4: ids are unique and cannot be guessed; order is that of arrival", async () => {
  await using s = await verona();
  const romeo = s.remote("montague.lit");
  const juliet = await s.client("juliet/chamber");
  for (let i = 0; i < 20; i++) {
    await romeo.send(
      `<message from='romeo@montague.lit/o' to='juliet@capulet.lit' type='chat'><body>${i}</body></message>`,
    );
  }
  juliet.clear();
  const { ids, bodies } = await ask(juliet, query("1"));
  deepEqual(bodies, Array.from({ length: 20 }, (_, i) => String(i)));
  equal(new Set(ids.map((id) => id.slice(8))).size, 20);
  for (const id of ids) match(id, /^[\w-]{20}$/);
});

Deno.test("XEP-0431: words, where the configuration has it", async () => {
  await using s = await verona({ config: { defaults: { archive: { search: true } } } });
  const juliet = await s.client("juliet/chamber");
  const say = (inner: string) =>
    juliet.send(`<message to='romeo@montague.lit' type='chat'>${inner}</message>`);
  await say("<body>Where arth thou, my Roméo?</body>");
  await say("<body>Parting is such sweet sorrow</body>");
  await say("<subject>Sorrow</subject><body>again</body>");
  await say("<body>sorrow</body><encrypted xmlns='urn:xmpp:omemo:2'/>");
  juliet.clear();
  const found = async (text: string, name = "{urn:xmpp:fulltext:0}fulltext") =>
    (await ask(juliet, query("1", { [name]: text }))).bodies;
  deepEqual(await found("romeo"), ["Where arth thou, my Roméo?"]);
  deepEqual(await found("SORROW"), ["Parting is such sweet sorrow", "again"]);
  deepEqual(await found("sweet sorrow", "withtext"), ["Parting is such sweet sorrow"]);
  deepEqual(await found("sorrow OR romeo"), []);
  equal((await found("")).length, 4);
  await juliet.send(`<iq type='get' id='form1'><query xmlns='${MAM}'/></iq>`);
  juliet.expectNext(`<iq><query xmlns='${MAM}'><x xmlns='jabber:x:data'>
    <field type='text-single' var='{urn:xmpp:fulltext:0}fulltext'/></x></query></iq>`);
});
