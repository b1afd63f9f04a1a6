import assert from "node:assert/strict";
import { Jid } from "../jid/jid.ts";
import { parseXml } from "../xml/parse.ts";
import { buildAddresses, readAddresses } from "./address.ts";
import { buildDelay, delayOf } from "./delay.ts";
import { buildForwarded, forwardedOf } from "./forward.ts";
import { buildHint, hasHint } from "./hints.ts";
import { buildIdle, idleSince } from "./idle.ts";
import { buildOob, readOob } from "./oob.ts";
import {
  buildStanzaId,
  originId,
  stanzaIdBy,
  stanzaIdText,
  withoutStanzaIds,
  withStanzaId,
} from "./stanza_id.ts";

const message = (inner: string, attrs = "") =>
  parseXml(`<message xmlns='jabber:client' ${attrs}>${inner}</message>`);

Deno.test("delay: the offline message of XEP-0203", () => {
  const got = delayOf(message(
    "<body>O blessed, blessed night!</body><delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2002-09-10T23:08:25Z'>\n  Offline Storage\n</delay>",
  ));
  assert.deepEqual(got, {
    stamp: Date.UTC(2002, 8, 10, 23, 8, 25),
    from: "capulet.com",
    reason: "Offline Storage",
  });
  const built = message("").plus(
    buildDelay(Date.UTC(2002, 8, 10, 23, 8, 25), "capulet.com", "Offline Storage"),
  );
  assert.deepEqual(delayOf(parseXml(built.toString())), got);
});

Deno.test("delay: by whom, broken stamps, the old namespace", () => {
  const two = message(
    "<delay xmlns='urn:xmpp:delay' from='forger.example' stamp='1999-01-01T00:00:00Z'/>" +
      "<delay xmlns='urn:xmpp:delay' from='room@muc.example' stamp='2020-01-01T00:00:00Z'/>",
  );
  assert.equal(delayOf(two, "room@muc.example")?.stamp, Date.UTC(2020, 0, 1));
  assert.equal(delayOf(two, "other.example"), undefined);
  assert.equal(delayOf(message("<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>")), undefined);
  assert.equal(delayOf(message("<delay xmlns='urn:xmpp:delay'/>")), undefined);
  assert.equal(
    delayOf(message("<x xmlns='jabber:x:delay' stamp='20020910T23:08:25'/>"))?.stamp,
    Date.UTC(2002, 8, 10, 23, 8, 25),
  );
});

Deno.test("forward: the example of XEP-0297", () => {
  const inner = message(
    "<body>Yet I should kill thee</body>",
    "from='juliet@capulet.lit/orchard' to='romeo@montague.lit'",
  );
  const outer = message("<body>A most courteous exposition!</body>").plus(
    buildForwarded(inner, Date.UTC(2010, 6, 10, 23, 8, 25)),
  );
  const back = forwardedOf(parseXml(outer.toString()));
  assert.equal(back?.stanza.childText("body"), "Yet I should kill thee");
  assert.equal(back?.stanza.ns, "jabber:client");
  assert.equal(back?.stanza.attr("from"), "juliet@capulet.lit/orchard");
  assert.equal(back?.delay?.stamp, Date.UTC(2010, 6, 10, 23, 8, 25));
  assert.equal(forwardedOf(message("<forwarded xmlns='urn:xmpp:forward:0'/>")), undefined);
  assert.equal(
    forwardedOf(message("<forwarded xmlns='urn:xmpp:forward:0'><message/></forwarded>")),
    undefined,
  );
  const two = "<message xmlns='jabber:client'/><message xmlns='jabber:client'/>";
  assert.equal(forwardedOf(message(`<forwarded xmlns='urn:xmpp:forward:0'>${two}</forwarded>`)), undefined);
});

Deno.test("stanza_id: own ids are set, forged ones go, foreign ones stay (XEP-0359 §3)", () => {
  const room = Jid.parse("room@muc.example.com");
  const account = Jid.parse("juliet@example.com");
  const given = message(
    "<body>x</body><origin-id xmlns='urn:xmpp:sid:0' id='de305d54'/>" +
      "<stanza-id xmlns='urn:xmpp:sid:0' id='5f3dbc5e' by='room@muc.example.com'/>" +
      "<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='Juliet@EXAMPLE.com'/>",
  );
  assert.equal(originId(given), "de305d54");
  assert.equal(stanzaIdBy(given, room), "5f3dbc5e");
  assert.equal(stanzaIdBy(given, account), "forged");
  const cleaned = withoutStanzaIds(given, account);
  assert.equal(stanzaIdBy(cleaned, account), undefined);
  assert.equal(stanzaIdBy(cleaned, room), "5f3dbc5e");
  assert.equal(originId(cleaned), "de305d54");
  assert.equal(withoutStanzaIds(cleaned, account), cleaned, "nothing to take away is the same object");
  const stamped = withStanzaId(given, "true-id", account);
  assert.equal(stanzaIdBy(stamped, account), "true-id");
  assert.equal(stamped.elementsOf("urn:xmpp:sid:0").length, 3);
  assert.equal(buildStanzaId("a", room).attr("by"), "room@muc.example.com");
});

Deno.test("stanza ids: the text is that of the element", () => {
  for (const by of ["a@b.test", "b.test", `a@b.test/<"&'>`]) {
    const jid = Jid.parse(by);
    assert.equal(stanzaIdText(`1"&<`, jid), buildStanzaId(`1"&<`, jid).toString());
  }
});

Deno.test("hints: present, absent, and not in errors (XEP-0334 §5)", () => {
  const inner = "<no-copy xmlns='urn:xmpp:hints'/><no-store xmlns='urn:xmpp:hints'/>";
  assert.ok(hasHint(message(inner), "no-copy"));
  assert.ok(hasHint(message(inner), "no-store"));
  assert.ok(!hasHint(message(inner), "store"));
  assert.ok(!hasHint(message(inner, "type='error'"), "no-store"));
  assert.ok(!hasHint(message("<store xmlns='urn:other'/>"), "store"));
  assert.ok(hasHint(message("").plus(buildHint("store")), "store"));
});

Deno.test("address: the examples of XEP-0033 and its rules", () => {
  const read = (inner: string) =>
    readAddresses(parseXml(`<addresses xmlns='http://jabber.org/protocol/address'>${inner}</addresses>`));
  const two = read(
    "<address type='to' jid='hildjj@jabber.org/Work' desc='Joe Hildebrand'/><address type='cc' jid='jer@jabber.org/Home' delivered='true'/>",
  );
  assert.ok(two);
  assert.deepEqual(two.map((address) => [address.type, address.jid, address.desc, address.delivered]), [
    ["to", "hildjj@jabber.org/Work", "Joe Hildebrand", false],
    ["cc", "jer@jabber.org/Home", undefined, true],
  ]);
  assert.deepEqual(readAddresses(parseXml(buildAddresses(two).toString())), two);
  assert.equal(read("<address type='noreply'/>")?.length, 1);
  assert.equal(
    read("<address type='to' desc='Foo Group'><group xmlns='some:funny:group:ns'>foo</group></address>")
      ?.length,
    1,
  );
  for (
    const bad of [
      "<address jid='a@b'/>",
      "<address type='x' jid='a@b'/>",
      "<address type='to'/>",
      "<address type='to' jid='a@b' uri='sip:a@b'/>",
      "<address type='to' uri='sip:a@b' node='n'/>",
    ]
  ) {
    assert.equal(read(bad), undefined, bad);
  }
});

Deno.test("idle: since when (XEP-0319)", () => {
  const presence = parseXml(
    "<presence xmlns='jabber:client'><idle xmlns='urn:xmpp:idle:1' since='1969-07-21T02:56:15Z'/></presence>",
  );
  assert.equal(idleSince(presence), Date.UTC(1969, 6, 21, 2, 56, 15));
  assert.equal(idleSince(presence.withChildren([])), undefined);
  assert.equal(idleSince(presence.withChildren([buildIdle(5000)])), 5000);
});

Deno.test("oob: the example of XEP-0066, both namespaces", () => {
  const x = parseXml("<x xmlns='jabber:x:oob'><url>http://www.jabber.org/images/psa-license.jpg</url></x>");
  assert.deepEqual(readOob(x), { url: "http://www.jabber.org/images/psa-license.jpg", desc: undefined });
  const query = parseXml(
    "<query xmlns='jabber:iq:oob'><url>http://a</url><desc>A license to Jabber!</desc></query>",
  );
  assert.deepEqual(readOob(query), { url: "http://a", desc: "A license to Jabber!" });
  assert.deepEqual(readOob(buildOob({ url: "http://a", desc: "d" })), { url: "http://a", desc: "d" });
  assert.equal(readOob(parseXml("<x xmlns='jabber:x:oob'><url/></x>")), undefined);
});
