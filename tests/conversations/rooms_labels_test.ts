import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { type Element, Jid } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { grants } from "../../plugins/rooms/labels_decision.ts";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { secLabels } from "../../plugins/rooms/sec_labels.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import {
  ask,
  configOf,
  type Coven,
  coven,
  DISCO_INFO,
  enter,
  error,
  MUC,
  PLUGINS,
  quietly,
  ROOM,
} from "./muc_world.ts";

const LABEL = "urn:xmpp:sec-label:0";
const CATALOG = "urn:xmpp:sec-label:catalog:2";

function labelled(options: Record<string, unknown> = {}): Promise<Coven> {
  const plugins = [secLabels, mucArchive, subscription];
  return coven({ plugins, defaults: { sec_labels: options }, fields: { persistentroom: "1" } });
}

const mark = (label: string, shown = label) =>
  `<securitylabel xmlns='${LABEL}'><displaymarking>${shown}</displaymarking><label>${label}</label></securitylabel>`;

async function say(
  client: TestClient,
  label: string,
  to = ROOM,
  type = "groupchat",
  id = "1",
): Promise<void> {
  await client.send(`<message to='${to}' type='${type}' id='${id}'><body>hush</body>${label}</message>`);
}

/** Whether it came back because of the label; forgets everything else. */
function wasDenied(client: TestClient): boolean {
  const denied = client.inbox.some((it) =>
    it.attr("type") === "error" &&
    it.child("error")?.has("policy-violation", "urn:ietf:params:xml:ns:xmpp-stanzas")
  );
  client.clear();
  return denied;
}

function got(client: TestClient): boolean {
  const there = client.inbox.some((it) => it.attr("type") !== "error" && it.childText("body") === "hush");
  client.clear();
  return there;
}

const selectors = (catalog: Element) =>
  catalog.elements().map((it) => it.attr("selector")!.split("|").at(-1));
const wanted = (to?: string) => `<catalog xmlns='${CATALOG}'${to === undefined ? "" : ` to='${to}'`}/>`;

Deno.test("XEP-0258 §2, §4: hosts and rooms say that they have labels, and which", async () => {
  await using it = await labelled();
  for (const to of ["a.test", "muc.a.test", ROOM]) {
    const info = (await ask(it.wicca, "get", `<query xmlns='${DISCO_INFO}'/>`, to))!.toString();
    deepEqual([info.includes(`"${LABEL}"`), info.includes(`"${CATALOG}"`)], [true, true], to);
  }
  const own = (await ask(it.wicca, "get", wanted("a.test"), "a.test"))!;
  deepEqual({ ...own.attrs }, { to: "a.test", name: "Metronome" });
  deepEqual(selectors(own), ["Unclassified", "SECRET", "CONTACTS", "LOCAL"]);
  const [first, second] = own.elements();
  equal(first!.attr("default"), "true");
  equal(second!.attr("selector"), "Classified|SECRET");
  const shown = second!.child("securitylabel", LABEL)!;
  equal(shown.child("displaymarking")!.attr("bgcolor"), "blue");
  equal(shown.childText("label"), "Confidential");
});

Deno.test("XEP-0258 §4: the own server knows the catalog of a room, with what one may use there", async () => {
  await using it = await labelled();
  const all = ["Unclassified", "MODERATORS", "MEMBERS", "PRIVATE", "PUBLIC"];
  deepEqual(selectors((await ask(it.crone, "get", wanted(ROOM), "a.test"))!), all);
  deepEqual(selectors((await ask(it.hag, "get", wanted(ROOM), "a.test"))!), [
    "Unclassified",
    "PRIVATE",
    "PUBLIC",
  ]);
  deepEqual(selectors((await ask(it.hag, "get", wanted(), ROOM))!), ["Unclassified", "PRIVATE", "PUBLIC"]);
  deepEqual(selectors((await ask(it.crone, "get", wanted(), "muc.a.test"))!), all);
});

Deno.test("XEP-0258 §4: catalogs of others are asked for, for people of this server only", async () => {
  await using it = await labelled();
  const remote = it.server.remote("b.test");
  await it.wicca.send(`<iq type='get' id='r' to='a.test'>${wanted("bob@b.test")}</iq>`);
  const question = remote.expect(
    `<iq type='get' from='a.test' to='b.test'><catalog xmlns='${CATALOG}' to='bob@b.test' from='wiccarocks@a.test'/></iq>`,
  );
  await remote.send(
    `<iq type='result' id='${
      question.attr("id")
    }' from='b.test' to='a.test'><catalog xmlns='${CATALOG}' name='theirs'/></iq>`,
  );
  it.wicca.expect(
    `<iq type='result' id='r'><catalog xmlns='${CATALOG}' name='theirs' to='bob@b.test'/></iq>`,
  );
  await it.wicca.send(`<iq type='get' id='t' to='a.test'>${wanted("b.test")}</iq>`);
  await it.server.clock.advance("21 s");
  it.wicca.expect(`<iq type='error' id='t'>${error("item-not-found", "cancel")}</iq>`);
  await remote.send(`<iq type='get' id='x' from='bob@b.test/x' to='a.test'>${wanted("c.test")}</iq>`);
  remote.expect(`<iq type='error' id='x'>${error("forbidden", "auth")}</iq>`);
});

Deno.test("FEATURES §1.G G4: by type, by contact, by host", async () => {
  await using it = await labelled();
  const to = it.hag.jid!.toString();
  await say(it.wicca, mark("Confidential"), to, "chat");
  equal(wasDenied(it.wicca), false);
  equal(got(it.hag), true);
  await say(it.wicca, mark("Confidential"), to, "normal");
  equal(wasDenied(it.wicca), true);
  equal(got(it.hag), false);
  await say(it.wicca, mark("Confidential"), ROOM);
  equal(wasDenied(it.wicca), true);
  await say(it.wicca, mark("Just for contacts"), to, "chat");
  equal(wasDenied(it.wicca), true);
  await it.wicca.send("<presence type='subscribe' to='hag66@a.test'/>");
  await it.hag.send("<presence type='subscribed' to='wiccarocks@a.test'/>");
  quietly(it.wicca, it.hag);
  for (const [one, other] of [[it.wicca, it.hag], [it.hag, it.wicca]] as const) {
    await say(one, mark("Just for contacts"), other.jid!.toString(), "chat");
    equal(wasDenied(one), false);
    equal(got(other), true);
  }
  await say(it.wicca, mark("Only for a.test"), to, "chat");
  equal(wasDenied(it.wicca), false);
  await say(it.wicca, mark("Only for a.test"), "bob@b.test", "chat");
  equal(wasDenied(it.wicca), true);
});

Deno.test("FEATURES §1.G G4: what comes from elsewhere is judged, too", async () => {
  await using it = await labelled();
  const remote = it.server.remote("b.test");
  await remote.send(
    `<message type='chat' id='1' from='bob@b.test/x' to='${it.hag.jid}'><body>hush</body>${
      mark("Only for a.test")
    }</message>`,
  );
  remote.expect(`<message type='error' id='1'>${error("policy-violation", "cancel")}</message>`);
  equal(got(it.hag), false);
});

Deno.test("BUG-32: by what marks the message, not by what is shown; and what is shown is what was judged", async () => {
  await using it = await labelled();
  const to = it.hag.jid!.toString();
  await say(it.wicca, mark("Only for a.test", "Unclassified"), "bob@b.test", "chat");
  equal(wasDenied(it.wicca), true);
  await say(it.wicca, mark("Unclassified", "SECRET"), to, "chat");
  it.hag.expect(
    `<message><securitylabel xmlns='${LABEL}'><displaymarking>Unclassified</displaymarking></securitylabel></message>`,
  );
  // Nor are there two, of which one is judged and the other shown.
  await say(it.wicca, mark("Unclassified") + mark("Only for a.test"), to, "chat");
  it.wicca.expect(`<message type='error'>${error("bad-request", "modify")}</message>`);
  equal(got(it.hag), false);
});

Deno.test("BUG-32: every one of the hosts of a policy counts, at both ends, and no other", () => {
  const hosts = ["a.test", "b.test", "c.test"];
  const end = fc.constantFrom("a.test", "b.test", "c.test", "d.test", "muc.a.test").map((it) => ({
    jid: Jid.parse(`x@${it}`),
  }));
  const parentOf = (domain: string) => domain === "muc.a.test" ? "a.test" : undefined;
  fc.assert(fc.property(end, end, fc.boolean(), (from, to, rooms) => {
    const isIn = ({ jid }: { jid: Jid }) =>
      hosts.includes(jid.domain) || (rooms && jid.domain === "muc.a.test");
    const policy = { hosts, rooms, roster: false };
    return grants(policy, from, to, { type: "chat", parentOf }) === (isIn(from) && isIn(to));
  }));
});

Deno.test("XEP-0258 §5.2.2: in a room a labelled message goes to those who may see it, and nobody reads it later", async () => {
  await using it = await labelled();
  await ask(
    it.crone,
    "set",
    `<query xmlns='${MUC}#admin'><item nick='secondwitch' affiliation='member'/></query>`,
  );
  quietly(it.crone, it.wicca, it.hag);
  await say(it.wicca, mark("Just for members"));
  equal(it.wicca.inbox.at(-1)!.has("stanza-id", "urn:xmpp:sid:0"), false);
  deepEqual([got(it.crone), got(it.wicca), got(it.hag)], [true, true, false]);
  await say(it.hag, mark("Just for members"));
  equal(wasDenied(it.hag), true);
  await say(it.wicca, mark("Just for moderators"));
  equal(wasDenied(it.wicca), true);
  deepEqual([got(it.crone), got(it.hag)], [false, false]);
  await say(it.crone, mark("Just for moderators"));
  deepEqual([got(it.crone), got(it.wicca), got(it.hag)], [true, false, false]);
  // §5.2.3: neither who comes later nor who reads the archive.
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "hecate");
  equal(got(hecate), false);
  await hecate.send(`<iq type='set' id='m' to='${ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>`);
  hecate.expect(`<iq type='result' id='m'/>`);
  equal(hecate.inbox.some(({ name }) => name === "message"), false);
});

Deno.test("XEP-0258 §5.2.4: private messages in a room; §5.2.6: subjects are not judged", async () => {
  await using it = await labelled();
  await say(it.wicca, mark("Only for groupchats"), `${ROOM}/thirdwitch`, "chat");
  equal(wasDenied(it.wicca), true);
  await say(it.wicca, mark("Only for private messages"), `${ROOM}/thirdwitch`, "chat");
  deepEqual([wasDenied(it.wicca), got(it.hag)], [false, true]);
  await say(it.wicca, mark("Only for private messages"));
  equal(wasDenied(it.wicca), true);
  await say(it.crone, mark("Just for moderators"), `${ROOM}/thirdwitch`, "chat");
  deepEqual([wasDenied(it.crone), got(it.hag)], [true, false]);
  await it.crone.send(
    `<message to='${ROOM}' type='groupchat'><subject>Fire</subject>${mark("Just for moderators")}</message>`,
  );
  it.hag.expect(`<message><subject>Fire</subject></message>`);
});

Deno.test("XEP-0258 §5.3: presence with a label is refused", async () => {
  await using it = await labelled();
  await it.wicca.send(`<presence to='${ROOM}/secondwitch' id='p'>${mark("Unclassified")}</presence>`);
  it.wicca.expect(`<presence type='error' id='p'>${error("bad-request", "modify")}</presence>`);
  it.hag.quiet();
});

Deno.test("XEP-0258 §3, §4: labels of one's own: ESS, equivalent ones, people, a default, nothing else", async () => {
  await using it = await labelled({
    restrictive: true,
    labels: [
      { selector: "Open" },
      { selector: "Two", ess: "MQYCAQQGASk=", policy: { people: ["wiccarocks@a.test", "hag66@a.test"] } },
      { selector: "Home", default: true, policy: { hosts: ["a.test"], rooms: true } },
    ],
  });
  const catalog = (await ask(it.wicca, "get", wanted(), "a.test"))!;
  equal(catalog.attr("restrict"), "true");
  equal(catalog.elements().filter((item) => item.attr("default") === "true").length, 1);
  const ess = (name: string) =>
    `<${name}><esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>\n MQYCAQQG\nASk= </esssecuritylabel></${name}>`;
  const two = `<securitylabel xmlns='${LABEL}'>${ess("label")}</securitylabel>`;
  const alike = `<securitylabel xmlns='${LABEL}'><label>theirs</label>${
    ess("equivalentlabel")
  }</securitylabel>`;
  for (const label of [two, alike]) {
    await say(it.wicca, label, it.hag.jid!.toString(), "chat");
    deepEqual([wasDenied(it.wicca), got(it.hag)], [false, true]);
    await say(it.wicca, label, it.crone.jid!.toString(), "chat");
    equal(wasDenied(it.wicca), true);
  }
  // In a room: among the two.
  quietly(it.wicca, it.hag, it.crone);
  await say(it.wicca, two);
  deepEqual([got(it.wicca), got(it.hag), got(it.crone)], [true, true, false]);
  // None, or an empty one, is the default.
  await say(it.wicca, "");
  equal(got(it.hag), true);
  await say(it.wicca, "", "bob@b.test", "chat");
  equal(wasDenied(it.wicca), true);
  await say(it.wicca, `<securitylabel xmlns='${LABEL}'><label/></securitylabel>`, "bob@b.test", "chat");
  equal(wasDenied(it.wicca), true);
  await say(it.wicca, mark("Unheard of"), it.hag.jid!.toString(), "chat");
  equal(wasDenied(it.wicca), true);
});

Deno.test("FEATURES §1.G G4: a label that a room does not have, and that only the room could hold to, does not go there", async () => {
  const own = { labels: [{ selector: "Two", policy: { people: ["wiccarocks@a.test", "hag66@a.test"] } }] };
  const theirs = { labels: [{ selector: "Other" }] };
  await using server = await testServer({
    plugins: [...PLUGINS, secLabels],
    config: {
      ...configOf({ instant: true }, { sec_labels: own }),
      host: { "muc.a.test": { sec_labels: theirs } },
    },
  });
  const [wicca, hag, crone] = await server.online("wiccarocks/x", "hag66/x", "crone1/x");
  for (const client of [wicca, hag, crone]) await enter(client, client.jid!.local);
  quietly(wicca, hag, crone);
  await say(wicca, mark("Two"));
  equal(wasDenied(wicca), true);
  deepEqual([got(hag), got(crone)], [false, false]);
  await say(wicca, mark("Other"));
  deepEqual([got(hag), got(crone)], [true, true]);
});
