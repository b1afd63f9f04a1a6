/**
 * What one login costs the server above the TLS handshake: the classic one (SCRAM-SHA-1, a new stream, a resource) against
 * SASL2 with a token and Bind 2. Only the server's own work is timed, everything in one process.
 *
 *     deno run -A tests/bench/micro/login.ts [logins]
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import plugins from "../../../plugins/mod.ts";
import { TestCarrier } from "../../../src/testing/carrier.ts";
import { PASSWORD, type TestServer, testServer } from "#testing";

const PHONE = "d4565fa7-4d72-4749-b3d3-740edbf87770";
const SASL2 = "urn:xmpp:sasl:2";
const header = "<?xml version='1.0'?><stream:stream from='alice@a.test' to='a.test' version='1.0' " +
  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const encoder = new TextEncoder();

/** One connection; `say` times what the server does with a text and gives back what it answers. */
class Connection {
  spent = 0;
  #heard = "";
  readonly #carrier = new TestCarrier((text) => void (this.#heard += text));

  constructor(private readonly server: TestServer) {
    const start = performance.now();
    server.server.accept(this.#carrier);
    this.spent += performance.now() - start;
  }

  say(text: string): string {
    const bytes = encoder.encode(text);
    this.#heard = "";
    const start = performance.now();
    this.#carrier.feed(bytes);
    this.server.server.streams.flusher.flush();
    this.spent += performance.now() - start;
    return this.#heard;
  }

  close(): void {
    this.#carrier.destroy();
  }
}

const hmac = (key: Uint8Array, text: string) => createHmac("sha1", key).update(text).digest();

/** What a client keeps: it derives the key of its password once. */
interface Kept {
  salted?: Buffer;
}

function classic(server: TestServer, kept: Kept): number {
  const connection = new Connection(server);
  const ns = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  connection.say(header);
  const bare = "n=alice,r=rOprNGfwEbeRWgbNEkqO";
  const first = Buffer.from(`n,,${bare}`).toString("base64");
  const challenge = text(connection.say(`<auth ${ns} mechanism='SCRAM-SHA-1'>${first}</auth>`));
  const [, nonce = "", salt = "", iterations = ""] = /r=([^,]+),s=([^,]+),i=(\d+)/.exec(challenge)!;
  const salted = kept.salted ??= pbkdf2Sync(
    PASSWORD,
    Buffer.from(salt, "base64"),
    Number(iterations),
    20,
    "sha1",
  );
  const unproved = `c=biws,r=${nonce}`;
  const key = hmac(salted, "Client Key");
  const signature = hmac(
    createHash("sha1").update(key).digest(),
    `${bare},${challenge},${unproved}`,
  );
  const proof = Buffer.from(key.map((byte, i) => byte ^ signature[i]!)).toString("base64");
  const final = Buffer.from(`${unproved},p=${proof}`).toString("base64");
  need(connection.say(`<response ${ns}>${final}</response>`), "<success");
  connection.say(header);
  const bound = connection.say(
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>",
  );
  need(bound, "<jid>");
  connection.close();
  return connection.spent;
}

function token(server: TestServer, secret: string): number {
  const connection = new Connection(server);
  connection.say(header);
  const proof = createHmac("sha256", secret).update("Initiator").digest();
  const initial = Buffer.concat([Buffer.from("alice\0"), proof]).toString("base64");
  const said = connection.say(
    `<authenticate xmlns='${SASL2}' mechanism='HT-SHA-256-NONE'><initial-response>${initial}</initial-response>` +
      `<user-agent id='${PHONE}'><software>Bench</software></user-agent><fast xmlns='urn:xmpp:fast:0'/>` +
      "<bind xmlns='urn:xmpp:bind:0'><tag>bench</tag></bind></authenticate>",
  );
  need(said, "<bound");
  connection.close();
  return connection.spent;
}

function text(answer: string): string {
  return Buffer.from(/>([^<]+)</.exec(answer)![1]!, "base64").toString();
}

function need(answer: string, part: string): void {
  if (!answer.includes(part)) throw new Error(`expected ${part}, got ${answer}`);
}

async function secretOf(server: TestServer): Promise<string> {
  const client = server.connect();
  const initial = Buffer.from(`\0alice\0${PASSWORD}`).toString("base64");
  await client.send(
    header +
      `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${initial}</initial-response>` +
      `<user-agent id='${PHONE}'/><request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/></authenticate>`,
  );
  const said = client.expect(`<success xmlns='${SASL2}'/>`);
  await client.cut();
  return said.child("token", "urn:xmpp:fast:0")!.attr("token")!;
}

const logins = Number(Deno.args[0] ?? 5000);
await using server = await testServer({
  plugins: plugins.filter((plugin) => plugin.standard === true || plugin.name === "internal"),
  config: { defaults: { scram_iterations: 10_000 } },
});
await server.host.accounts.create("alice", PASSWORD);
const secret = await secretOf(server);
const ROUNDS = 20;
const kept: Kept = {};
/** The best round of each: a busy machine only ever makes it worse. */
const best = { classic: Infinity, token: Infinity };
for (let round = 0; round < ROUNDS; round++) {
  for (const kind of ["classic", "token"] as const) {
    let sum = 0;
    for (let i = 0; i < logins / ROUNDS; i++) {
      sum += kind === "classic" ? classic(server, kept) : token(server, secret);
    }
    best[kind] = Math.min(best[kind], sum * 1000 * ROUNDS / logins);
    await server.settle();
  }
}
console.log(
  `classic SCRAM-SHA-1: ${best.classic.toFixed(1)} µs, SASL2 + FAST + Bind 2: ${best.token.toFixed(1)} µs, ` +
    `ratio ${(best.token / best.classic).toFixed(3)}`,
);
