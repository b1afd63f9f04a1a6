import assert from "node:assert/strict";
import fc from "fast-check";
import * as bytes from "./bytes.ts";

const anyBytes = fc.uint8Array({ maxLength: 200 });

Deno.test("every decoder undoes its encoder", () => {
  fc.assert(fc.property(anyBytes, (value) => {
    assert.deepEqual(bytes.decodeBase64(bytes.encodeBase64(value)), value);
    assert.deepEqual(Uint8Array.fromHex(bytes.encodeHex(value)), value);
    assert.match(bytes.encodeBase64Url(value), /^[A-Za-z0-9_-]*$/);
  }));
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(bytes.decodeUtf8(bytes.encodeUtf8(text)), text);
    assert.equal(bytes.decodeUtf8Strict(bytes.encodeUtf8(text)), text);
  }));
});

Deno.test("the length in UTF-8 is known without encoding", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(bytes.utf8Length(text), bytes.encodeUtf8(text).length);
  }));
  // Lone surrogates become U+FFFD, three bytes.
  for (const text of ["\ud800", "a\udc00b", "\ud800\ud800\udc00", "é€😀"]) {
    assert.equal(bytes.utf8Length(text), bytes.encodeUtf8(text).length);
  }
});

Deno.test("strict UTF-8 refuses what is none, and keeps a byte order mark", () => {
  for (const bad of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
    assert.equal(bytes.decodeUtf8Strict(Uint8Array.from(bad)), undefined);
    assert.match(bytes.decodeUtf8(Uint8Array.from(bad)), /\ufffd/);
  }
  assert.equal(bytes.decodeUtf8Strict(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), "\ufeffa");
});

Deno.test("base64 is read strictly", () => {
  assert.deepEqual(bytes.decodeBase64(""), new Uint8Array());
  assert.deepEqual(bytes.decodeBase64("AGE="), Uint8Array.from([0, 97]));
  // White space, missing or misplaced padding, unused bits set, the other alphabet.
  for (const bad of ["AG E=", "AGE=\n", "AGE", "AG==E", "=", "AGF=", "QQ=", "A", "_-__", "AGE==", "ÄGE="]) {
    assert.equal(bytes.decodeBase64(bad), undefined, bad);
  }
});

Deno.test("bytes are joined and compared", () => {
  const abc = bytes.encodeUtf8("abc");
  assert.deepEqual(bytes.concat(), new Uint8Array());
  assert.deepEqual(
    bytes.concat(abc, new Uint8Array(), Uint8Array.from([1])),
    Uint8Array.from([97, 98, 99, 1]),
  );
  const copy = bytes.concat(abc);
  copy[0] = 0;
  assert.equal(abc[0], 97);
  for (const same of [bytes.equal, bytes.timingSafeEqual]) {
    assert.equal(same(abc, bytes.encodeUtf8("abc")), true);
    assert.equal(same(abc, bytes.encodeUtf8("abd")), false);
    assert.equal(same(abc, bytes.encodeUtf8("ab")), false);
    assert.equal(same(new Uint8Array(), new Uint8Array()), true);
  }
});
