import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { parseXml } from "../xml/parse.ts";
import { buildCaps, capsFault, capsOf, capsText, capsVersion, checkCaps } from "./caps.ts";
import { buildDiscoInfo, type DiscoInfo, readDiscoInfo } from "./disco.ts";
import { octetOrder } from "./octet_order.ts";
import { sha1 } from "./sha1.ts";

// XEP-0115 §5.2.
const EXODUS: DiscoInfo = {
  identities: [{ category: "client", type: "pc", name: "Exodus 0.9.1" }],
  features: [
    "http://jabber.org/protocol/muc",
    "http://jabber.org/protocol/caps",
    "http://jabber.org/protocol/disco#items",
    "http://jabber.org/protocol/disco#info",
  ],
  forms: [],
};

// XEP-0115 §5.3.
const PSI = parseXml(`<query xmlns='http://jabber.org/protocol/disco#info'
    node='http://psi-im.org#q07IKJEyjvHSyhy//CH0CxmKi8w='>
  <identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
  <identity xml:lang='el' category='client' name='\u03a8 0.11' type='pc'/>
  <feature var='http://jabber.org/protocol/caps'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/muc'/>
  <x xmlns='jabber:x:data' type='result'>
    <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
    <field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>
    <field var='os'><value>Mac</value></field>
    <field var='os_version'><value>10.5.1</value></field>
    <field var='software'><value>Psi</value></field>
    <field var='software_version'><value>0.11</value></field>
  </x>
</query>`);
const PLAIN = { noNullPrototype: true } as const;
const PSI_CAPS = { node: "http://psi-im.org", ver: "q07IKJEyjvHSyhy//CH0CxmKi8w=", hash: "sha-1" };

Deno.test("capsVersion: the simple example of XEP-0115 §5.2", () => {
  assert.equal(
    capsText(EXODUS),
    "client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<http://jabber.org/protocol/disco#info<" +
      "http://jabber.org/protocol/disco#items<http://jabber.org/protocol/muc<",
  );
  assert.equal(capsVersion(EXODUS), "QgayPKawpkPSDYmwT/WM94uAlu0=");
});

Deno.test("checkCaps: the complex example of XEP-0115 §5.3, in any order", () => {
  assert.equal(checkCaps(PSI, PSI_CAPS), "valid");
  assert.equal(checkCaps(PSI.withChildren([...PSI.children].reverse()), PSI_CAPS), "valid");
  assert.equal(checkCaps(PSI, { ...PSI_CAPS, ver: "QgayPKawpkPSDYmwT/WM94uAlu0=" }), "mismatch");
  assert.equal(checkCaps(PSI, { ...PSI_CAPS, hash: "md5" }), "unknown-hash");
});

Deno.test("checkCaps: ill-formed answers (XEP-0115 §5.4)", () => {
  const bad = (extra: string) => {
    const more = parseXml(`<query xmlns='http://jabber.org/protocol/disco#info'>${extra}</query>`);
    return checkCaps(PSI.plus(...more.elements()), PSI_CAPS);
  };
  assert.equal(bad("<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"), "ill-formed");
  assert.equal(bad("<feature var='http://jabber.org/protocol/muc'/>"), "ill-formed");
  const form = (values: string, type = "type='hidden'") =>
    `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' ${type}>${values}</field><field var='a'/></x>`;
  assert.equal(bad(form("<value>urn:xmpp:dataforms:softwareinfo</value>")), "ill-formed");
  assert.equal(bad(form("<value>a</value><value>b</value>")), "ill-formed");
  assert.equal(bad("<feature var='a&lt;b'/>"), "ill-formed");
  // A form without a hidden FORM_TYPE is passed over and the rest still counts.
  assert.equal(bad(form("<value>a</value>", "")), "valid");
  assert.equal(
    bad("<x xmlns='jabber:x:data' type='result'><field var='a'><value>1</value></field></x>"),
    "valid",
  );
  assert.equal(bad(form("<value>a</value><value>a</value>")), "mismatch");
});

Deno.test("capsOf: what a presence says, and nothing from the legacy format", () => {
  const presence = parseXml("<presence xmlns='jabber:client'/>").plus(buildCaps("http://x.example", "abc="));
  assert.deepEqual(capsOf(presence), { node: "http://x.example", ver: "abc=", hash: "sha-1" });
  const legacy = parseXml(
    "<presence xmlns='jabber:client'><c xmlns='http://jabber.org/protocol/caps' node='n' ver='1' ext='a b'/></presence>",
  );
  assert.equal(capsOf(legacy), undefined);
});

Deno.test("capsVersion: identities are ordered part by part", () => {
  const identity = (lang: string) => ({ category: "client", type: "pc", lang, name: "x" });
  const text = capsText({ identities: [identity("en-GB"), identity("en")], features: [], forms: [] });
  assert.equal(text, "client/pc/en/x<client/pc/en-GB/x<");
});

Deno.test("disco#info: reading what was built gives it back, and the hash survives", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) =>
    !/[<\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)
  );
  const info = fc.record({
    identities: fc.array(fc.record({ category: word, type: word, name: word, lang: word }, PLAIN), {
      maxLength: 3,
    }),
    features: fc.uniqueArray(word, { maxLength: 6 }),
    forms: fc.constant([]),
  }, PLAIN);
  fc.assert(fc.property(info, (given) => {
    const read = readDiscoInfo(parseXml(buildDiscoInfo(given, "n").toString()));
    assert.deepEqual(read, given);
    assert.equal(capsVersion(read), capsVersion({ ...given, features: [...given.features].reverse() }));
    assert.equal(capsFault(given), capsFault(read));
  }));
});

Deno.test("octetOrder: the order of the UTF-8 bytes", () => {
  const encoder = new TextEncoder();
  const text = fc.string({
    unit: fc.constantFrom(
      "a",
      "b",
      "\u00e9",
      "\u20ac",
      "\ud7ff",
      "\ue000",
      "\uffee",
      "\u{10000}",
      "\u{1f600}",
    ),
  });
  fc.assert(fc.property(text, text, (a, b) => {
    const [left, right] = [encoder.encode(a), encoder.encode(b)];
    let expected = left.length - right.length;
    for (let i = Math.min(left.length, right.length) - 1; i >= 0; i--) {
      if (left[i] !== right[i]) expected = (left[i] ?? 0) - (right[i] ?? 0);
    }
    assert.equal(Math.sign(octetOrder(a, b)), Math.sign(expected));
  }));
});

Deno.test("sha1: as the platform's, at every length around a block", () => {
  for (let length = 0; length < 200; length++) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7);
    assert.equal(sha1(data).toHex(), createHash("sha1").update(data).digest("hex"), String(length));
  }
  const long = new Uint8Array(100_000).fill(0xff);
  assert.equal(sha1(long).toHex(), createHash("sha1").update(long).digest("hex"));
});
