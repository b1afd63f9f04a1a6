import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { signatureHash, tlsServerEndPoint } from "./channel_binding.ts";

// The outer shape of a certificate: a to-be-signed part, a signature algorithm, a signature.
function certificate(oid: string, size = 300): Uint8Array {
  const tbs = [0x30, 0x82, size >> 8, size & 255, ...new Array<number>(size).fill(0x42)];
  const identifier = [...Uint8Array.fromHex(oid)];
  const algorithm = [0x30, identifier.length + 4, 0x06, identifier.length, ...identifier, 0x05, 0x00];
  const body = [...tbs, ...algorithm, 0x03, 0x02, 0x00, 0x01];
  return Uint8Array.from([0x30, 0x82, body.length >> 8, body.length & 255, ...body]);
}

Deno.test("tls-server-end-point: the hash of the signature, SHA-256 for the weak ones (RFC 5929 §4.1)", () => {
  const cases: [string, string][] = [
    ["2a864886f70d01010b", "sha256"],
    ["2a864886f70d01010c", "sha384"],
    ["2a864886f70d01010d", "sha512"],
    ["2a864886f70d010105", "sha256"],
    ["2a864886f70d010104", "sha256"],
    ["2a8648ce3d040303", "sha384"],
  ];
  for (const [oid, hash] of cases) {
    const der = certificate(oid);
    assert.deepEqual(tlsServerEndPoint(der)?.toHex(), createHash(hash).update(der).digest("hex"));
  }
});

Deno.test("tls-server-end-point: none for Ed25519 and for what is no certificate", () => {
  assert.equal(tlsServerEndPoint(certificate("2b6570")), undefined);
  assert.equal(tlsServerEndPoint(new Uint8Array(0)), undefined);
  assert.equal(tlsServerEndPoint(Uint8Array.of(0x30, 0x84, 255, 255, 255, 255)), undefined);
});

Deno.test("tls-server-end-point: by the name of a hash or an algorithm", () => {
  const der = Uint8Array.of(1, 2, 3);
  const hex = (name: string) => tlsServerEndPoint(der, name)?.toHex();
  const expected = (hash: string) => createHash(hash).update(der).digest("hex");
  assert.equal(hex("sha384"), expected("sha384"));
  assert.equal(hex("SHA-512"), expected("sha512"));
  assert.equal(hex("ecdsa-with-SHA384"), expected("sha384"));
  assert.equal(hex("sha1WithRSAEncryption"), expected("sha256"));
  assert.equal(hex("md5"), expected("sha256"));
  assert.equal(hex("ED25519"), undefined);
});

Deno.test("signatureHash: any bytes give an answer, not a throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
    signatureHash(Uint8Array.from([0x30, ...tail]));
  }));
});
