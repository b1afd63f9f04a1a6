import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { chooseMechanisms } from "./mechanisms.ts";
import type {
  ChannelFacts,
  Credentials,
  Exchange,
  ExchangeContext,
  ScramHash,
  ScramKeys,
  Step,
} from "./mechanism.ts";
import { scram } from "./scram.ts";
import { deriveScramKeys } from "./scram_keys.ts";

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);
const SECRET = bytes("a secret of the server, 32 bytes!");
const OPEN: ChannelFacts = { secure: false, bindings: undefined };
const BOUND: ChannelFacts = {
  secure: true,
  bindings: new Map([["tls-server-end-point", Uint8Array.of(1, 2, 3, 255)]]),
};

interface Options {
  nonce?: string;
  channel?: ChannelFacts;
  offered?: string[];
  announced?: string[];
  backend?: Credentials;
}

function context(keys: ScramKeys | undefined, options: Options = {}): ExchangeContext {
  return {
    backend: options.backend ?? { scram: (name) => name === "user" ? keys : undefined },
    domain: "example.org",
    channel: options.channel ?? OPEN,
    decoy: () => ({ secret: SECRET, iterations: 4096 }),
    offered: options.offered ?? [],
    ...(options.announced === undefined ? {} : { announced: options.announced }),
    peer: "192.0.2.1",
    nonce: () => options.nonce ?? "3rfcNHYJY1ZVvWVs7j",
    username: (name) => /[\s/@]/.test(name) ? undefined : name.toLowerCase(),
  };
}

function now(step: ReturnType<Exchange["step"]>): Step {
  assert.ok(!(step instanceof Promise), "the step must be synchronous when the provider is");
  return step;
}

function failure(step: ReturnType<Exchange["step"]>): string {
  const done = now(step);
  assert.ok("failure" in done, JSON.stringify(done));
  return done.failure;
}

// The client's side, written from RFC 5802 §3 alone.
function finalOf(
  hash: ScramHash,
  password: string,
  first: string,
  challenge: string,
  bound = new Uint8Array(0),
) {
  const name = hash.replace("-", "").toLowerCase();
  const parts = Object.fromEntries(challenge.split(",").map((part) => [part[0], part.slice(2)]));
  const size = createHash(name).digest().length;
  const salted = pbkdf2Sync(password, atobBytes(parts.s), Number(parts.i), size, name);
  const clientKey = createHmac(name, salted).update("Client Key").digest();
  const header = /^[^,]*,[^,]*,/.exec(first)?.[0] ?? "";
  const without = `c=${btoaBytes(new Uint8Array([...bytes(header), ...bound]))},r=${parts.r}`;
  const message = `${first.slice(header.length)},${challenge},${without}`;
  const signature = createHmac(name, createHash(name).update(clientKey).digest()).update(message).digest();
  const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
  const server = createHmac(name, createHmac(name, salted).update("Server Key").digest()).update(message)
    .digest();
  return { final: `${without},p=${btoaBytes(proof)}`, server: `v=${btoaBytes(server)}` };
}

function atobBytes(value = ""): Uint8Array {
  return Uint8Array.fromBase64(value);
}
function btoaBytes(value: Uint8Array): string {
  return value.toBase64();
}

const SALTS: Record<ScramHash, string> = {
  "SHA-1": "QSXCR+Q6sek8bf92",
  "SHA-256": "W22ZaJ0SNY7soEsUEjb6gQ==",
  "SHA-512": "W22ZaJ0SNY7soEsUEjb6gQ==",
};
const HASHES: ScramHash[] = ["SHA-1", "SHA-256", "SHA-512"];

async function pencil(hash: ScramHash): Promise<ScramKeys> {
  return await deriveScramKeys("pencil", atobBytes(SALTS[hash]), 4096, hash);
}

Deno.test("SCRAM-SHA-1: the conversation of RFC 5802 §5", async () => {
  const exchange = scram("SHA-1", false).start(context(await pencil("SHA-1")));
  const first = now(exchange.step(bytes("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")));
  assert.ok("challenge" in first);
  assert.equal(
    text(first.challenge),
    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
  );
  const last = now(exchange.step(
    bytes("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
  ));
  assert.ok("success" in last, JSON.stringify(last));
  assert.deepEqual(last.success, { username: "user" });
  assert.equal(text(last.data), "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
});

Deno.test("SCRAM-SHA-256: the conversation of RFC 7677 §3", async () => {
  const nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const exchange = scram("SHA-256", false).start(context(await pencil("SHA-256"), { nonce }));
  const first = now(exchange.step(bytes("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")));
  assert.ok("challenge" in first);
  assert.equal(text(first.challenge), `r=rOprNGfwEbeRWgbNEkqO${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  const last = now(exchange.step(
    bytes(`c=biws,r=rOprNGfwEbeRWgbNEkqO${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`),
  ));
  assert.ok("success" in last, JSON.stringify(last));
  assert.equal(text(last.data), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

for (const hash of HASHES) {
  for (const plus of [false, true]) {
    Deno.test(`SCRAM-${hash}${plus ? "-PLUS" : ""}: a whole login, and one with a wrong password`, async () => {
      const keys = await pencil(hash);
      const first = `${plus ? "p=tls-server-end-point" : "n"},a=user@example.org,n=User,r=abc`;
      for (const [password, good] of [["pencil", true], ["Pencil", false]] as const) {
        const exchange = scram(hash, plus).start(context(keys, { channel: BOUND }));
        const challenge = now(exchange.step(bytes(first)));
        assert.ok("challenge" in challenge, JSON.stringify(challenge));
        const bound = plus ? Uint8Array.of(1, 2, 3, 255) : undefined;
        const sent = finalOf(hash, password, first, text(challenge.challenge), bound);
        const last = now(exchange.step(bytes(sent.final)));
        if (good) {
          assert.ok("success" in last, JSON.stringify(last));
          assert.deepEqual(last.success, { username: "user", authzid: "user@example.org" });
          assert.equal(text(last.data), sent.server);
        } else assert.equal("failure" in last && last.failure, "not-authorized");
        assert.equal(
          failure(exchange.step(bytes(sent.final))),
          "malformed-request",
          "an attempt cannot be replayed",
        );
      }
    });
  }
}

Deno.test("SCRAM: an unknown name goes the way of a wrong password (BUG-03)", async () => {
  for (const hash of HASHES) {
    const salt = new Uint8Array(16).fill(7);
    const keys = await deriveScramKeys("pencil", salt, 4096, hash);
    const transcripts = ["user", "nobody", "nobody"].map((name) => {
      const exchange = scram(hash, false).start(context(keys));
      const first = `n,,n=${name},r=abc`;
      const challenge = now(exchange.step(bytes(first)));
      assert.ok("challenge" in challenge);
      const sent = finalOf(hash, "guess", first, text(challenge.challenge));
      return [text(challenge.challenge), now(exchange.step(bytes(sent.final)))] as const;
    });
    const [known, unknown, again] = transcripts;
    assert.ok(known && unknown && again);
    const shape = (message: string) => message.replace(/s=[A-Za-z0-9+/]{22}==/, "s=SALT");
    assert.equal(shape(unknown[0]), shape(known[0]));
    assert.deepEqual(unknown[1], known[1]);
    assert.deepEqual(unknown[1], { failure: "not-authorized" });
    assert.equal(again[0], unknown[0], "the fake salt is the same each time");
    assert.notEqual(known[0], unknown[0]);
  }
});

Deno.test("SCRAM: gs2 flags n, y and p (BUG-04)", async () => {
  const keys = await pencil("SHA-1");
  const begin = (plus: boolean, message: string, options: Options) =>
    now(scram("SHA-1", plus).start(context(keys, options)).step(bytes(message)));
  const plusOffered = { channel: BOUND, offered: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"] };
  assert.ok("challenge" in begin(false, "y,,n=user,r=abc", { offered: ["SCRAM-SHA-1"] }));
  assert.ok(
    "challenge" in begin(false, "y,,n=user,r=abc", { channel: BOUND, offered: ["SCRAM-SHA-1", "PLAIN"] }),
  );
  assert.ok("challenge" in begin(false, "n,,n=user,r=abc", plusOffered));
  const downgrade = begin(false, "y,,n=user,r=abc", plusOffered);
  assert.ok(
    "failure" in downgrade && downgrade.failure === "not-authorized" && downgrade.uncounted === undefined,
  );
  assert.match(downgrade.text ?? "", /server-does-support-channel-binding/);
  const wrong = (plus: boolean, message: string) => {
    const step = begin(plus, message, plusOffered);
    return "failure" in step ? step.failure : "none";
  };
  assert.equal(wrong(false, "p=tls-server-end-point,,n=user,r=abc"), "malformed-request");
  assert.equal(wrong(true, "n,,n=user,r=abc"), "malformed-request");
  assert.equal(wrong(true, "y,,n=user,r=abc"), "malformed-request");
  for (const type of ["tls-unique", "tls-exporter"]) {
    const other = begin(true, `p=${type},,n=user,r=abc`, plusOffered);
    assert.ok("failure" in other && other.uncounted === true);
    assert.match(other.text ?? "", /unsupported-channel-binding-type/);
  }
});

Deno.test("SCRAM: flag y confirmed in c= logs in, and c= that differs does not", async () => {
  const keys = await pencil("SHA-1");
  const first = "y,,n=user,r=abc";
  for (const [confirmed, good] of [["y,,", true], ["n,,", false]] as const) {
    const exchange = scram("SHA-1", false).start(context(keys, { offered: ["SCRAM-SHA-1"] }));
    const challenge = now(exchange.step(bytes(first)));
    assert.ok("challenge" in challenge);
    const sent = finalOf("SHA-1", "pencil", confirmed + first.slice(3), text(challenge.challenge));
    const last = now(exchange.step(bytes(sent.final)));
    assert.equal("success" in last, good);
    if ("failure" in last) {
      assert.deepEqual(last, { failure: "not-authorized", text: "channel-bindings-dont-match" });
    }
  }
});

Deno.test("SCRAM: binding data of another connection does not log in", async () => {
  const first = "p=tls-server-end-point,,n=user,r=abc";
  const exchange = scram("SHA-1", true).start(context(await pencil("SHA-1"), { channel: BOUND }));
  const challenge = now(exchange.step(bytes(first)));
  assert.ok("challenge" in challenge);
  const sent = finalOf("SHA-1", "pencil", first, text(challenge.challenge), Uint8Array.of(1, 2, 3, 254));
  assert.equal(failure(exchange.step(bytes(sent.final))), "not-authorized");
});

Deno.test("SCRAM: the lists are confirmed as in the example of XEP-0474 §5.3, and part of what is signed", async () => {
  const keys = await pencil("SHA-1");
  const offered = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"];
  const first = "n,,n=user,r=abc";
  const begin = (announced: string[]) => {
    const exchange = scram("SHA-1", false).start(context(keys, { channel: BOUND, offered, announced }));
    const challenge = now(exchange.step(bytes(first)));
    assert.ok("challenge" in challenge);
    return [exchange, text(challenge.challenge)] as const;
  };
  const [exchange, challenge] = begin(["tls-server-end-point", "tls-exporter"]);
  assert.ok(challenge.endsWith(",i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08="), challenge);
  assert.ok("success" in now(exchange.step(bytes(finalOf("SHA-1", "pencil", first, challenge).final))));
  const alone = createHash("sha1").update("SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS").digest("base64");
  assert.ok(begin([])[1].endsWith(`,h=${alone}`));
});

const BAD_FIRST: [string, string][] = [
  ["", "malformed-request"],
  ["n", "malformed-request"],
  ["x,,n=user,r=abc", "malformed-request"],
  ["n,n=user,r=abc", "malformed-request"],
  ["n,b=user,n=user,r=abc", "malformed-request"],
  ["n,a=,n=user,r=abc", "malformed-request"],
  ["p=,,n=user,r=abc", "malformed-request"],
  ["n,,r=abc", "malformed-request"],
  ["n,,n=,r=abc", "malformed-request"],
  ["n,,n=user", "malformed-request"],
  ["n,,n=user,r=", "malformed-request"],
  ["n,,n=user,r=a\u00e9", "malformed-request"],
  ["n,,n=user,r=a b", "malformed-request"],
  ["n,,n=us=er,r=abc", "malformed-request"],
  ["n,,n=us=2cer,r=abc", "malformed-request"],
  ["n,,n=us\0er,r=abc", "malformed-request"],
  ["n,,n=user,r=abc,", "malformed-request"],
  ["n,,n=user,r=abc,xyz", "malformed-request"],
  ["n,,m=x,n=user,r=abc", "malformed-request"],
  ["n,,n=user,r=abc,m=x", "malformed-request"],
  ["n,,n=us@er,r=abc", "malformed-request"],
  ["n,,n=user\u0007,r=abc", "malformed-request"],
  ["n,a=other@example.org,n=user,r=abc", "invalid-authzid"],
  ["n,a=user@example.net,n=user,r=abc", "invalid-authzid"],
  ["n,a=user,n=user,r=abc", "invalid-authzid"],
];

Deno.test("SCRAM: every fault of the first message has its condition", async () => {
  const keys = await pencil("SHA-1");
  for (const [message, condition] of BAD_FIRST) {
    const exchange = scram("SHA-1", false).start(context(keys));
    if (message === "") assert.deepEqual(exchange.step(bytes("")), { challenge: new Uint8Array(0) });
    assert.equal(failure(exchange.step(bytes(message))), condition, JSON.stringify(message));
  }
  const broken = scram("SHA-1", false).start(context(keys));
  assert.equal(failure(broken.step(Uint8Array.of(0x6e, 0x2c, 0x2c, 0xff))), "malformed-request");
});

Deno.test("SCRAM: =2C and =3D in names, optional extensions ignored", () => {
  const asked: string[] = [];
  const backend: Credentials = {
    scram(name) {
      asked.push(name);
      return undefined;
    },
  };
  const step = now(
    scram("SHA-1", false).start(context(undefined, { backend })).step(bytes("n,,n=a=2Cb=3Dc=3D2C,r=abc,x=1")),
  );
  assert.ok("challenge" in step);
  assert.deepEqual(asked, ["a,b=c=2c"]);
});

Deno.test("SCRAM: every fault of the final message has its condition", async () => {
  const keys = await pencil("SHA-1");
  const nonce = "abc3rfcNHYJY1ZVvWVs7j";
  const proof = btoaBytes(new Uint8Array(20));
  const cases: [string, string][] = [
    ["", "malformed-request"],
    [`c=biws,r=${nonce}`, "malformed-request"],
    [`r=${nonce},c=biws,p=${proof}`, "malformed-request"],
    [`c=biws,r=${nonce},p=${proof},x=1`, "malformed-request"],
    [`c=biws,r=${nonce},m=1,p=${proof}`, "malformed-request"],
    [`c=biws,r=${nonce},xy,p=${proof}`, "malformed-request"],
    [`c=bi ws,r=${nonce},p=${proof}`, "incorrect-encoding"],
    [`c=biws,r=${nonce},p=A`, "incorrect-encoding"],
    [`c=biws,r=${nonce},p=AAAA`, "malformed-request"],
    [`c=biws,r=abc,p=${proof}`, "malformed-request"],
    [`c=biws,r=${nonce}x,p=${proof}`, "malformed-request"],
    [`c=eSws,r=${nonce},p=${proof}`, "not-authorized"],
    [`c=biws,r=${nonce},p=${proof}`, "not-authorized"],
  ];
  for (const [message, condition] of cases) {
    const exchange = scram("SHA-1", false).start(context(keys));
    assert.ok("challenge" in now(exchange.step(bytes("n,,n=user,r=abc"))));
    assert.equal(failure(exchange.step(bytes(message))), condition, JSON.stringify(message));
  }
});

Deno.test("SCRAM: a provider that waits, fails, or has switched the account off", async () => {
  const keys = await pencil("SHA-1");
  const first = "n,,n=user,r=abc";
  const login = async (backend: Credentials) => {
    const exchange = scram("SHA-1", false).start(context(keys, { backend }));
    const challenge = await exchange.step(bytes(first));
    if (!("challenge" in challenge)) return challenge;
    return await exchange.step(bytes(finalOf("SHA-1", "pencil", first, text(challenge.challenge)).final));
  };
  assert.ok("success" in await login({ scram: () => Promise.resolve(keys) }));
  for (
    const scramOf of [() => Promise.reject(new Error("down")), () => {
      throw new Error("down");
    }]
  ) {
    const step = await login({ scram: scramOf });
    assert.ok("failure" in step && step.failure === "temporary-auth-failure" && step.cause instanceof Error);
  }
  const off = await login({ scram: () => keys, disabled: () => true });
  assert.ok("failure" in off && off.failure === "account-disabled");
});

Deno.test("SCRAM: hostile bytes give a failure or a challenge, and never a throw", async () => {
  const keys = await pencil("SHA-1");
  const piece = fc.constantFrom(
    "n,",
    "y,",
    "p=tls-server-end-point,",
    ",",
    "a=user@example.org,",
    "n=user,",
    "r=abc",
    "=2C",
    "m=1,",
    "c=biws,",
    "p=",
    "v0X8",
    "\0",
    "é",
  );
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(piece, { maxLength: 9 }).map((pieces) => bytes(pieces.join(""))),
  );
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), fc.boolean(), (messages, plus) => {
      const exchange = scram("SHA-1", plus).start(context(keys, { channel: BOUND }));
      for (const input of messages) {
        const step = now(exchange.step(input));
        assert.ok("failure" in step || "challenge" in step);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("mechanisms: offered only where they can be carried through (BUG-05)", () => {
  const backend: Credentials = { scram: () => undefined, password: () => false };
  const names = (channel: ChannelFacts, choice = {}, of = backend) =>
    chooseMechanisms(channel, of, choice).map((mechanism) => mechanism.name);
  assert.deepEqual(names(OPEN), ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"]);
  assert.deepEqual(names({ secure: true, bindings: undefined }), [
    "SCRAM-SHA-512",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "PLAIN",
  ]);
  assert.deepEqual(names(BOUND).slice(0, 4), [
    "SCRAM-SHA-512-PLUS",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-512",
  ]);
  assert.ok(names(OPEN, { allowPlaintext: true }).includes("PLAIN"));
  assert.deepEqual(names(BOUND, {}, { scram: () => undefined, hashes: ["SHA-1"] }), [
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
  ]);
  assert.deepEqual(names(BOUND, {}, { anonymous: () => "guest" }), ["ANONYMOUS"]);
  const shown = { ...BOUND, certificate: Uint8Array.of(1) };
  assert.deepEqual(names(shown, {}, { external: () => undefined }), ["EXTERNAL"]);
  assert.deepEqual(names(BOUND, {}, { external: () => undefined }), []);
});
