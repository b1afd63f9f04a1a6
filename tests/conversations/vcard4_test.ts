/** XEP-0292 and XEP-0172: the newer card and the nickname, in step with the older card. */
import assert from "node:assert/strict";
import { type Element, parseXml } from "#plugin";
import { testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { vcard } from "../../plugins/account/vcard.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { vcard4 } from "../../plugins/profile/vcard4.ts";
import { pep } from "../../plugins/pubsub/pep.ts";
import {
  NICK,
  photo,
  picture,
  profileWorld,
  readCard,
  readItems,
  setCard,
  VCARD4,
  VCARD4_NODE,
} from "./profile_world.ts";
import {
  ask,
  befriend,
  configForm,
  done,
  events,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  refused,
  wants,
} from "./pubsub_world.ts";

/** XEP-0292 §10.2 and §10.3, without the picture and the key. */
const OLD = `<FN>Peter Saint-Andre</FN>
  <N><FAMILY>Saint-Andre</FAMILY><GIVEN>Peter</GIVEN><MIDDLE/></N>
  <NICKNAME>stpeter</NICKNAME><NICKNAME>psa</NICKNAME>
  <BDAY>1966-08-06</BDAY>
  <ADR><WORK/><PREF/><EXTADD>Suite 600</EXTADD><STREET>1899 Wynkoop Street</STREET><LOCALITY>Denver</LOCALITY>
    <REGION>CO</REGION><PCODE>80202</PCODE><CTRY>USA</CTRY></ADR>
  <ADR><HOME/><EXTADD/><STREET/><LOCALITY>Parker</LOCALITY><REGION>CO</REGION><PCODE>80138</PCODE><CTRY>USA</CTRY></ADR>
  <TEL><PREF/><WORK/><VOICE/><NUMBER>+1-303-308-3282</NUMBER></TEL>
  <TEL><WORK/><FAX/><NUMBER>+1-303-308-3219</NUMBER></TEL>
  <TEL><CELL/><VOICE/><TEXT/><NUMBER>+1-720-256-6756</NUMBER></TEL>
  <EMAIL><INTERNET/><USERID>stpeter@jabber.org</USERID></EMAIL>
  <EMAIL><WORK/><USERID>psaintan@cisco.com</USERID></EMAIL>
  <JABBERID>stpeter@jabber.org</JABBERID>
  <TZ>America/Denver</TZ><GEO><LAT>39.59</LAT><LON>-105.01</LON></GEO>
  <TITLE>Executive Director</TITLE><ROLE>Patron Saint</ROLE>
  <ORG><ORGNAME>XMPP Standards Foundation</ORGNAME><ORGUNIT/></ORG>
  <URL>https://stpeter.im/</URL><URL>http://www.saint-andre.com/</URL>
  <DESC>More about me is on my website.</DESC>`;
const NEW = `<vcard xmlns='${VCARD4}'><fn><text>Peter Saint-Andre</text></fn>
  <n><surname>Saint-Andre</surname><given>Peter</given></n>
  <nickname><text>stpeter</text></nickname><nickname><text>psa</text></nickname>
  <bday><date>1966-08-06</date></bday>
  <adr><parameters><type><text>work</text></type><pref><integer>1</integer></pref></parameters>
    <ext>Suite 600</ext><street>1899 Wynkoop Street</street><locality>Denver</locality><region>CO</region>
    <code>80202</code><country>USA</country></adr>
  <adr><parameters><type><text>home</text></type></parameters><locality>Parker</locality><region>CO</region>
    <code>80138</code><country>USA</country></adr>
  <tel><parameters><type><text>work</text><text>voice</text></type><pref><integer>1</integer></pref></parameters>
    <uri>tel:+1-303-308-3282</uri></tel>
  <tel><parameters><type><text>work</text><text>fax</text></type></parameters><uri>tel:+1-303-308-3219</uri></tel>
  <tel><parameters><type><text>voice</text><text>cell</text><text>text</text></type></parameters>
    <uri>tel:+1-720-256-6756</uri></tel>
  <email><text>stpeter@jabber.org</text></email>
  <email><parameters><type><text>work</text></type></parameters><text>psaintan@cisco.com</text></email>
  <impp><uri>xmpp:stpeter@jabber.org</uri></impp>
  <tz><text>America/Denver</text></tz><geo><uri>geo:39.59,-105.01</uri></geo>
  <title><text>Executive Director</text></title><role><text>Patron Saint</text></role>
  <org><text>XMPP Standards Foundation</text></org>
  <url><uri>https://stpeter.im/</uri></url><url><uri>http://www.saint-andre.com/</uri></url>
  <note><text>More about me is on my website.</text></note></vcard>`;

/** As text without the white space between elements, and without what is empty. */
function plain(element: Element): string {
  const strip = (it: Element): Element =>
    it.withChildren(
      it.elements().length === 0
        ? it.children
        : it.elements().map(strip).filter((child) =>
          child.children.length > 0 || child.name === child.name.toUpperCase() && it.name !== "N" &&
            !["ORGUNIT", "EXTADD", "STREET"].includes(child.name)
        ),
    );
  return strip(element).toString();
}

const current = (inner: string) => `<vcard xmlns='${VCARD4}'>${inner}</vcard>`;

Deno.test("XEP-0292 §9: a card in the older form is at the node in the newer one, field by field", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, [VCARD4_NODE]);
  events(romeo);
  await setCard(juliet, OLD);
  const [item] = await readItems(romeo, VCARD4_NODE, "juliet@a.test");
  assert.equal(plain(item!.payload), plain(parseXml(NEW)));
  assert.deepEqual(events(romeo), [`items ${VCARD4_NODE} item current+`]);
  // Another picture means nothing there.
  await setCard(juliet, OLD + photo(picture("one")));
  assert.deepEqual(events(romeo), []);
  // No card, no card.
  await setCard(juliet, "");
  assert.deepEqual(events(romeo), [`items ${VCARD4_NODE} retract current`]);
});

Deno.test("XEP-0292 §9: a card in the newer form is there in the older one, and what only one of them can have stays", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await setCard(juliet, `<FN>J</FN>${photo(picture("one"))}<SORT-STRING>Cap</SORT-STRING>`);
  await publish(juliet, VCARD4_NODE, "current", NEW, "");
  const card = await readCard(romeo, "juliet@a.test");
  const without = card!.without(({ name }) => name === "PHOTO" || name === "SORT-STRING");
  const marks = (text: string) => text.replace(/<\/?(INTERNET|PREF|WORK|HOME|VOICE|CELL|FAX|TEXT)\/>/g, "");
  const expected = parseXml(`<vCard xmlns='vcard-temp'>${OLD}</vCard>`);
  assert.equal(marks(plain(without)), marks(plain(expected)));
  assert.ok(card!.has("PHOTO"));
  assert.equal(card!.childText("SORT-STRING"), "Cap");
  const office = card!.elements().find((it) => it.name === "TEL")!;
  assert.ok(office.has("WORK") && office.has("VOICE") && office.has("PREF") && !office.has("HOME"));
  // An older client changes a field: what it cannot know of stays in the newer one.
  await publish(
    juliet,
    VCARD4_NODE,
    "current",
    current(
      `<fn><text>Juliet</text></fn><gender><sex><text>F</text></sex></gender><impp><uri>sip:j@a.test</uri></impp>`,
    ),
    "",
  );
  await setCard(
    juliet,
    `<FN>Juliet Capulet</FN><TEL><HOME/><NUMBER>555 12</NUMBER></TEL><BDAY>long ago</BDAY>`,
  );
  const [item] = await readItems(juliet, VCARD4_NODE);
  assert.equal(
    plain(item!.payload),
    plain(parseXml(current(
      `<fn><text>Juliet Capulet</text></fn><tel><parameters><type><text>home</text></type></parameters><text>555 12</text></tel><bday><text>long ago</text></bday><gender><sex><text>F</text></sex></gender><impp><uri>sip:j@a.test</uri></impp>`,
    ))),
  );
});

Deno.test("XEP-0292: whoever asks for the newer card directly gets it, as far as he may", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const query = `<vcard xmlns='${VCARD4}'/>`;
  await refused(juliet, "get", query, "item-not-found", undefined, "");
  for (const to of ["juliet@a.test", "nobody@a.test"]) {
    await refused(romeo, "get", query, "service-unavailable", undefined, to);
  }
  await done(juliet, "set", current("<fn><text>Juliet</text></fn>"), "");
  const shown = await done(romeo, "get", query, "juliet@a.test");
  assert.equal(shown!.child("fn")!.childText("text"), "Juliet");
  assert.equal((await readCard(romeo, "juliet@a.test"))!.childText("FN"), "Juliet");
  assert.equal((await readItems(juliet, VCARD4_NODE)).length, 1);
  await refused(
    romeo,
    "set",
    current("<fn><text>R</text></fn>"),
    "service-unavailable",
    undefined,
    "juliet@a.test",
  );
});

Deno.test("XEP-0292, XEP-0223: a newer card for contacts only is not in the older one, and is not changed by it", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const secret = current("<fn><text>Secret</text></fn>");
  await done(juliet, "set", publishing(VCARD4_NODE, "current", secret, { access_model: "whitelist" }), "");
  assert.equal(await readCard(juliet), undefined);
  const query = `<vcard xmlns='${VCARD4}'/>`;
  await refused(romeo, "get", query, "service-unavailable", undefined, "juliet@a.test");
  await setCard(juliet, "<FN>Public</FN><NOTE>n</NOTE>");
  assert.equal((await readItems(juliet, VCARD4_NODE))[0]!.payload.child("fn")!.childText("text"), "Secret");
  assert.equal((await done(romeo, "get", query, "juliet@a.test"))!.child("fn")!.childText("text"), "Public");
  const access = (model: string) =>
    done(
      juliet,
      "set",
      ownerOf(`<configure node='${VCARD4_NODE}'>${configForm({ access_model: model })}</configure>`),
      "",
    );
  await access("open");
  assert.equal((await readCard(juliet))!.childText("FN"), "Secret");
  await access("presence");
  assert.equal(await readCard(juliet), undefined);
  // What is deleted was not for everybody: it says nothing of the other.
  await setCard(juliet, "<FN>Public</FN>");
  await done(juliet, "set", ownerOf(`<delete node='${VCARD4_NODE}'/>`), "");
  assert.equal((await readCard(juliet))!.childText("FN"), "Public");
});

Deno.test("XEP-0292: what is deleted is gone from the older card, but for what only that has", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  await setCard(juliet, `<FN>J</FN>${photo(picture("one"))}`);
  await done(juliet, "set", pubsubOf(`<retract node='${VCARD4_NODE}'><item id='current'/></retract>`), "");
  const card = await readCard(juliet);
  assert.deepEqual(card!.elements().map(({ name }) => name), ["PHOTO"]);
});

Deno.test("XEP-0292 §9: what is too large for the older card is not in it, and neither is what it replaces", async () => {
  await using server = await profileWorld({ config: { vcard: { size: "1 KiB" } } });
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await setCard(juliet, `<FN>J</FN><TEL><NUMBER>555 12</NUMBER></TEL>${photo(picture("one"))}`);
  const note = `<note><text>${"x".repeat(2000)}</text></note>`;
  await publish(juliet, VCARD4_NODE, "current", current(`<fn><text>J</text></fn>${note}`), "");
  assert.deepEqual((await readCard(romeo, "juliet@a.test"))!.elements().map(({ name }) => name), ["PHOTO"]);
  assert.ok((await readItems(romeo, VCARD4_NODE, "juliet@a.test"))[0]!.payload.has("note"));
  await publish(juliet, VCARD4_NODE, "current", current("<fn><text>J</text></fn>"), "");
  assert.equal((await readCard(romeo, "juliet@a.test"))!.childText("FN"), "J");
});

Deno.test("XEP-0172: a nickname is the same at its node and in both cards, whoever sets it", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, [NICK, VCARD4_NODE]);
  const seen = async () => [
    (await readItems(romeo, NICK, "juliet@a.test"))[0]?.payload.text,
    (await readCard(romeo, "juliet@a.test"))?.childText("NICKNAME"),
    (await readItems(romeo, VCARD4_NODE, "juliet@a.test"))[0]?.payload.child("nickname")?.childText("text"),
  ];
  const nick = (text: string) => publish(juliet, NICK, undefined, `<nick xmlns='${NICK}'>${text}</nick>`, "");
  await setCard(juliet, "<FN>Juliet</FN>");
  events(romeo);
  await nick("JC");
  assert.deepEqual(await seen(), ["JC", "JC", "JC"]);
  assert.equal(events(romeo).length, 2);
  await setCard(juliet, "<FN>Juliet</FN><NICKNAME>Julie</NICKNAME><NICKNAME>Jules</NICKNAME>");
  assert.deepEqual(await seen(), ["Julie", "Julie", "Julie"]);
  assert.equal(events(romeo).length, 2);
  await publish(juliet, VCARD4_NODE, "current", current("<nickname><text>J4</text></nickname>"), "");
  assert.deepEqual(await seen(), ["J4", "J4", "J4"]);
  assert.equal(events(romeo).length, 2);
  // A card without one, which is how a client sets a picture, takes none back.
  await setCard(juliet, "<FN>Juliet</FN>");
  assert.deepEqual(await seen(), ["J4", undefined, undefined]);
  await nick("");
  assert.deepEqual(await seen(), ["", undefined, undefined]);
});

Deno.test("XEP-0292: a card from before is at the node after the next login", async () => {
  const folder = await Deno.makeTempDir();
  const base = { data: `${folder}/data.sqlite` };
  const old = [internal, roster, presence, vcard];
  try {
    {
      await using server = await testServer({ ...base, plugins: old });
      const juliet = await server.client("juliet/chamber");
      await setCard(juliet, "<FN>Juliet</FN>");
    }
    await using server = await testServer({ ...base, plugins: [...old, pep, vcard4] });
    const [juliet, romeo] = await server.clients("juliet/chamber", "romeo/orchard");
    const [item] = await readItems(romeo, VCARD4_NODE, "juliet@a.test");
    assert.equal(item!.payload.child("fn")!.childText("text"), "Juliet");
    assert.equal((await ask(juliet, "get", pubsubOf(`<items node='${NICK}'/>`), "")).attr("type"), "error");
    server.host.accounts.remove("juliet");
    await server.settle();
    assert.deepEqual([...server.host.storage.owners("a.test")].filter((it) => it === "juliet"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
