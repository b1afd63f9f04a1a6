import assert from "node:assert/strict";
import fc from "fast-check";
import { anonymous } from "./anonymous.ts";
import { external } from "./external.ts";
import { type Credentials, type ExchangeContext, failed, type Mechanism, type Step } from "./mechanism.ts";
import { plain } from "./plain.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const CERTIFICATE = Uint8Array.of(0x30, 0);

function context(backend: Credentials): ExchangeContext {
  return {
    backend,
    domain: "example.org",
    channel: { secure: true, bindings: undefined, certificate: CERTIFICATE },
    decoy: () => ({ secret: bytes("secret"), iterations: 4096 }),
    offered: [],
    peer: "192.0.2.1",
    nonce: () => "nonce",
    username: (name) => /[\s/@]/.test(name) ? undefined : name.toLowerCase(),
  };
}

function only(mechanism: Mechanism, backend: Credentials, message: string | Uint8Array): Step {
  const step = mechanism.start(context(backend)).step(typeof message === "string" ? bytes(message) : message);
  assert.ok(!(step instanceof Promise));
  return step;
}

const juliet: Credentials = { password: (name, password) => name === "juliet" && password === "r0m30 I" };

Deno.test("PLAIN: a right password, with and without authzid, name and password prepared", () => {
  assert.deepEqual(only(plain, juliet, "\0juliet\0r0m30 I"), { success: { username: "juliet" } });
  assert.deepEqual(only(plain, juliet, "\0Juliet\0r0m30\u00a0\u2160"), { success: { username: "juliet" } });
  assert.deepEqual(only(plain, juliet, "Juliet@Example.org\0juliet\0r0m30 I"), {
    success: { username: "juliet", authzid: "Juliet@Example.org" },
  });
});

Deno.test("PLAIN: every fault has its condition", () => {
  const cases: [string | Uint8Array, string][] = [
    ["\0juliet\0wrong", "not-authorized"],
    ["\0romeo\0r0m30 I", "not-authorized"],
    ["\0juliet\0", "malformed-request"],
    ["\0\0r0m30 I", "malformed-request"],
    ["juliet\0r0m30 I", "malformed-request"],
    ["\0juliet\0r0m30 I\0", "malformed-request"],
    ["\0juliet\0r0m30\0I", "malformed-request"],
    [Uint8Array.of(0, 0x6a, 0, 0xff), "malformed-request"],
    ["\0juliet\0" + "x".repeat(5000), "malformed-request"],
    ["\0juliet\0a\u0007b", "not-authorized"],
    ["\0a b\0r0m30 I", "not-authorized"],
    ["romeo@example.org\0juliet\0r0m30 I", "invalid-authzid"],
    ["juliet@example.net\0juliet\0r0m30 I", "invalid-authzid"],
    ["juliet\0juliet\0r0m30 I", "invalid-authzid"],
  ];
  for (const [message, condition] of cases) {
    const step = only(plain, juliet, message);
    assert.equal("failure" in step && step.failure, condition, JSON.stringify(message));
  }
});

Deno.test("PLAIN: asks when there is no initial response, once; one answer an attempt", () => {
  const exchange = plain.start(context(juliet));
  assert.deepEqual(exchange.step(bytes("")), { challenge: new Uint8Array(0) });
  assert.deepEqual(exchange.step(bytes("\0juliet\0r0m30 I")), { success: { username: "juliet" } });
  const again = exchange.step(bytes("\0juliet\0r0m30 I"));
  assert.ok("failure" in again && again.failure === "malformed-request");
});

Deno.test("PLAIN: a provider that waits, fails, or has switched the account off", async () => {
  const login = async (backend: Credentials) =>
    await plain.start(context(backend)).step(bytes("\0juliet\0pw"));
  assert.deepEqual(await login({ password: () => Promise.resolve(true) }), {
    success: { username: "juliet" },
  });
  const down = await login({ password: () => Promise.reject(new Error("down")) });
  assert.ok("failure" in down && down.failure === "temporary-auth-failure");
  const off: Credentials = { password: (_, password) => password === "pw", disabled: () => true };
  assert.deepEqual(await login(off), { failure: "account-disabled" });
  assert.deepEqual(only(plain, off, "\0juliet\0guess"), { failure: "not-authorized" });
});

Deno.test("ANONYMOUS: a guest, a trace, a refusal", () => {
  const seen: (string | undefined)[] = [];
  const backend: Credentials = {
    anonymous(peer, trace) {
      seen.push(peer, trace);
      return "guest-1";
    },
  };
  assert.deepEqual(only(anonymous, backend, ""), { success: { username: "guest-1" } });
  assert.deepEqual(only(anonymous, backend, "sirhc@example.com"), { success: { username: "guest-1" } });
  assert.deepEqual(seen, ["192.0.2.1", undefined, "192.0.2.1", "sirhc@example.com"]);
  for (const trace of ["x".repeat(256), "a\0b", Uint8Array.of(0xff)]) {
    const step = only(anonymous, backend, trace);
    assert.equal("failure" in step && step.failure, "malformed-request");
  }
  assert.ok("success" in only(anonymous, backend, "\u{1f600}".repeat(255)));
  const full: Credentials = { anonymous: () => failed("temporary-auth-failure", "too many guests") };
  assert.deepEqual(only(anonymous, full, ""), { failure: "temporary-auth-failure", text: "too many guests" });
});

Deno.test("EXTERNAL: the certificate decides, the authzid must fit", () => {
  const backend: Credentials = {
    external: (certificate, authzid) => certificate === CERTIFICATE && authzid !== "x" ? "juliet" : undefined,
  };
  assert.deepEqual(only(external, backend, ""), { success: { username: "juliet" } });
  assert.deepEqual(only(external, backend, "juliet@example.org"), {
    success: { username: "juliet", authzid: "juliet@example.org" },
  });
  const condition = (message: string | Uint8Array, of = backend) => {
    const step = only(external, of, message);
    return "failure" in step ? step.failure : "none";
  };
  assert.equal(condition("romeo@example.org"), "invalid-authzid");
  assert.equal(condition("x"), "not-authorized");
  assert.equal(condition("a\0b"), "malformed-request");
  assert.equal(condition(Uint8Array.of(0xff)), "malformed-request");
  assert.equal(condition("", { external: () => undefined }), "not-authorized");
  const server: Credentials = { external: () => "peer.example" };
  assert.deepEqual(only(external, server, "peer.example"), {
    success: { username: "peer.example", authzid: "peer.example" },
  });
  const exchange = external.start({ ...context(backend), channel: { secure: true, bindings: undefined } });
  const bare = exchange.step(bytes(""));
  assert.ok("failure" in bare && bare.failure === "not-authorized");
});

Deno.test("PLAIN, EXTERNAL, ANONYMOUS: hostile bytes never throw", () => {
  const backend: Credentials = { password: () => false, external: () => undefined, anonymous: () => "guest" };
  fc.assert(
    fc.property(
      fc.constantFrom(plain, external, anonymous),
      fc.array(fc.uint8Array({ maxLength: 40 })),
      (mechanism, messages) => {
        const exchange = mechanism.start(context(backend));
        for (const message of messages) {
          const step = exchange.step(message);
          assert.ok(!(step instanceof Promise));
          assert.ok("failure" in step || "challenge" in step || mechanism === anonymous);
        }
      },
    ),
  );
});
