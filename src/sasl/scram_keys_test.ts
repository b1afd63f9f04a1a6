import assert from "node:assert/strict";
import fc from "fast-check";
import { saslprep } from "./saslprep.ts";
import { decoyKeys, deriveScramKeys, passwordMatches } from "./scram_keys.ts";

Deno.test("saslprep: the examples of RFC 4013 §3", () => {
  assert.equal(saslprep("I\u00adX"), "IX");
  assert.equal(saslprep("user"), "user");
  assert.equal(saslprep("USER"), "USER");
  assert.equal(saslprep("\u00aa"), "a");
  assert.equal(saslprep("\u2168"), "IX");
  assert.equal(saslprep("\u0007"), undefined);
  assert.equal(saslprep("\u06271"), undefined);
});

Deno.test("saslprep: spaces, directions, newer characters", () => {
  assert.equal(saslprep("a\u3000b\u00a0c"), "a b c");
  assert.equal(saslprep("\u0627\u0031\u0628"), "\u0627\u0031\u0628");
  assert.equal(saslprep("\u05d0a\u05d0"), undefined);
  assert.equal(saslprep("\u{1f40e}\u{1f50b}"), "\u{1f40e}\u{1f50b}");
  assert.equal(saslprep("\ue000"), undefined);
  assert.equal(saslprep("a\u202eb"), undefined);
  assert.equal(saslprep("p\u00e4ss"), saslprep("pa\u0308ss"));
});

Deno.test("saslprep: stable, whatever is thrown at it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
      const once = saslprep(text);
      if (once !== undefined) assert.equal(saslprep(once), once);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("passwordMatches: the password and its other spellings, nothing else", async () => {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const keys = await deriveScramKeys("IX secret", salt, 4096, "SHA-256");
  assert.equal(keys.storedKey.length, 32);
  assert.equal(await passwordMatches("IX secret", keys, "SHA-256"), true);
  assert.equal(await passwordMatches("\u2168\u00a0secret", keys, "SHA-256"), true);
  assert.equal(await passwordMatches("IX Secret", keys, "SHA-256"), false);
  assert.equal(await passwordMatches("", keys, "SHA-256"), false);
});

Deno.test("deriveScramKeys: refuses what no client could send", async () => {
  const salt = new Uint8Array(16);
  await assert.rejects(deriveScramKeys("", salt, 4096, "SHA-1"), RangeError);
  await assert.rejects(deriveScramKeys("\u00ad", salt, 4096, "SHA-1"), RangeError);
  await assert.rejects(deriveScramKeys("a\u0000", salt, 4096, "SHA-1"), RangeError);
});

Deno.test("decoyKeys: one salt a name, another for each name, hash and server", async () => {
  const decoy = { secret: new Uint8Array(32), iterations: 10000 };
  const salt = (name: string, hash: "SHA-1" | "SHA-256" = "SHA-1", of = decoy) =>
    decoyKeys(name, hash, of).salt.toString();
  assert.equal(salt("a"), salt("a"));
  assert.notEqual(salt("a"), salt("b"));
  assert.notEqual(salt("a"), salt("a", "SHA-256"));
  assert.notEqual(salt("a"), salt("a", "SHA-1", { ...decoy, secret: new Uint8Array(32).fill(1) }));
  assert.equal(decoyKeys("a", "SHA-1", { ...decoy, saltBytes: 36 }).salt.length, 36);
  assert.equal(await passwordMatches("guess", decoyKeys("a", "SHA-512", decoy), "SHA-512"), false);
});
