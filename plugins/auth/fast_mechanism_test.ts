/** HT-SHA-256-… by itself: a known answer, and nothing that comes from a client makes it throw. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { decodeBase64, encodeBase64, encodeUtf8, type ExchangeContext } from "#plugin";
import type { Token } from "./fast_devices.ts";
import { BINDINGS, hashedToken, type KnownProofs } from "./fast_mechanism.ts";

/** One token for each mechanism, all with the same secret. */
const TOKENS: ReadonlyMap<string, Token> = new Map(
  [...BINDINGS.keys()].map((mechanism) => [mechanism, {
    secret: "WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm",
    mechanism,
    issued: 0,
    expires: 1,
  }]),
);
const ENDP = "HT-SHA-256-ENDP";
const END_POINT = new Uint8Array(32).fill(7);

const context: ExchangeContext = {
  backend: {},
  domain: "a.test",
  channel: { secure: true, bindings: undefined },
  decoy: () => ({ secret: new Uint8Array(1), iterations: 1 }),
  offered: [],
  peer: "",
  nonce: () => "",
  username: (text) => text === "nobody" ? undefined : text,
};

function exchange(name: string, known: KnownProofs = new WeakMap(), endPoint = END_POINT) {
  const tokens = (username: string) => username === "alice" ? [TOKENS.get(name)!] : [];
  return hashedToken(name, { tokens, accept: () => undefined }, known).start({
    ...context,
    channel: { secure: true, bindings: new Map([["tls-server-end-point", endPoint]]) },
  });
}

function message(username: string, proof: string): Uint8Array {
  return new Uint8Array([...encodeUtf8(`${username}\0`), ...decodeBase64(proof)!]);
}

// HMAC-SHA-256 of "Initiator" and "Responder" under the token of the XEP's example, worked out with openssl.
const PROOF = "kJd4dGGhhOD6hOwAwTgRkLbE0WqOxEU8eyrF5/z5Ne0=";
const ANSWER = "TlE0CWMUdIY7mGyfPoweJ8op0derntQJfnr9YAe/nGI=";

Deno.test("HT-SHA-256-NONE: a known answer, the first time and from memory", () => {
  const known: KnownProofs = new WeakMap();
  for (let i = 0; i < 2; i++) {
    const step = exchange("HT-SHA-256-NONE", known).step(message("alice", PROOF));
    ok("success" in step);
    deepEqual(step.success, { username: "alice" });
    equal(encodeBase64(step.data!), ANSWER);
  }
  ok(known.has(TOKENS.get("HT-SHA-256-NONE")!));
});

Deno.test("HT-SHA-256-ENDP: what is remembered of one channel is not taken for another", () => {
  const known: KnownProofs = new WeakMap();
  const proof = createHmac("sha256", TOKENS.get(ENDP)!.secret).update("Initiator").update(END_POINT).digest(
    "base64",
  );
  ok("success" in exchange(ENDP, known).step(message("alice", proof)));
  ok(known.has(TOKENS.get(ENDP)!));
  const renewed = new Uint8Array(32).fill(8);
  const refused = { failure: "not-authorized" };
  deepEqual(exchange(ENDP, known, renewed).step(message("alice", proof)), refused);
  ok("success" in exchange(ENDP, known).step(message("alice", proof)));
});

Deno.test("HT: a wrong proof is not remembered", () => {
  const known: KnownProofs = new WeakMap();
  deepEqual(exchange(ENDP, known).step(message("alice", PROOF)), { failure: "not-authorized" });
  equal(known.has(TOKENS.get(ENDP)!), false);
});

Deno.test("HT: one answer an attempt", () => {
  const attempt = exchange("HT-SHA-256-NONE");
  ok("success" in attempt.step(message("alice", PROOF)));
  ok("failure" in attempt.step(message("alice", PROOF)));
});

Deno.test("HT: hostile bytes are a failure, never a throw", () => {
  fc.assert(fc.property(
    fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.string({ unit: "binary", maxLength: 300 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
        .map(([name, proof]) => new Uint8Array([...encodeUtf8(name), 0, ...proof])),
    ),
    fc.constantFrom("HT-SHA-256-NONE", "HT-SHA-256-ENDP", "HT-SHA-256-EXPR"),
    (bytes, name) => {
      ok("failure" in exchange(name).step(bytes));
    },
  ));
});
