/** XEP-0480: SASL Upgrade Tasks: an account that has keys of one hash only gets the others from its client. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pbkdf2Sync } from "node:crypto";
import { type Element } from "#plugin";
import { PASSWORD, type TestClient, type TestServer, testServer } from "#testing";
import { fast } from "../../plugins/auth/fast.ts";
import { internal, storedCredentials } from "../../plugins/auth/internal.ts";
import {
  answer,
  authenticate,
  bind,
  failure,
  FAST,
  hashedToken,
  named,
  opened,
  plain,
  requestToken,
  SASL2,
  success,
} from "./sasl2_client.ts";
import { ScramClient } from "./scram_client.ts";

const UPGRADE = "urn:xmpp:sasl:upgrade:0";
const SCRAM_UPGRADE = "urn:xmpp:scram-upgrade:0";
const config = { defaults: { scram_iterations: 4096 } };
type Hash = "SHA-1" | "SHA-256" | "SHA-512";

/** A server with the account alice as an older server would have left it: with keys of one hash. */
async function withOldAlice(...kept: Hash[]): Promise<TestServer> {
  const server = await testServer({ plugins: [internal, fast], config });
  const { accounts, storage } = server.host;
  await accounts.create("alice", PASSWORD);
  await accounts.create("bob", PASSWORD);
  const store = storage.open(storedCredentials, "a.test");
  const all = store.get("alice")!;
  store.set("alice", Object.fromEntries(kept.map((hash) => [hash, all[hash]!])));
  return server;
}

const lacking = (server: TestServer) =>
  (["SHA-1", "SHA-256", "SHA-512"] as const).filter((hash) =>
    server.host.storage.open(storedCredentials, "a.test").get("alice")?.[hash] === undefined
  );

const upgrade = (...names: string[]) =>
  names.map((name) => `<upgrade xmlns='${UPGRADE}'>${name}</upgrade>`).join("");

function texts(offered: Element, name: string): string[] {
  return offered.elements().filter((e) => e.name === name).map((e) => e.text);
}

/** Logs in with SCRAM as far as the last message of the exchange; what follows is in the inbox. */
async function scram(client: TestClient, beside: string, hash: Hash = "SHA-1"): Promise<ScramClient> {
  const scram = new ScramClient({ hash, username: "alice", password: PASSWORD });
  await client.send(authenticate({ mechanism: `SCRAM-${hash}`, initial: scram.first, beside }));
  await client.send(answer(scram.final(client.expectNext(`<challenge xmlns='${SASL2}'/>`).text)));
  return scram;
}

/** The salted password for what the server's `<task-data/>` says. */
function salted(taskData: Element, hash: Hash, password = PASSWORD): string {
  const salt = taskData.child("salt", SCRAM_UPGRADE)!;
  const [node, bytes] = hash === "SHA-256" ? ["sha256", 32] : ["sha512", 64] as const;
  const iterations = Number(salt.attr("iterations"));
  return pbkdf2Sync(password, Buffer.from(salt.text, "base64"), iterations, bytes as number, node as string)
    .toString("base64");
}

const taskData = (hash: string) =>
  `<task-data xmlns='${SASL2}'><hash xmlns='${SCRAM_UPGRADE}'>${hash}</hash></task-data>`;

async function next(client: TestClient, task: string): Promise<Element> {
  await client.send(`<next xmlns='${SASL2}' task='${task}'/>`);
  return client.expectNext(`<task-data xmlns='${SASL2}'/>`);
}

const ALL = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];
const TASKS = ["UPGR-SCRAM-SHA-1", "UPGR-SCRAM-SHA-256", "UPGR-SCRAM-SHA-512"];

Deno.test("XEP-0480 §2.1: an account is offered the mechanisms that it can use, and everybody all upgrades", async () => {
  await using server = await withOldAlice("SHA-1");
  const offer = async (from?: string) => {
    const { offered } = await opened(server, undefined, from);
    deepEqual(texts(offered, "upgrade").sort(), TASKS);
    return texts(offered, "mechanism");
  };
  deepEqual(await offer("alice@a.test"), ["SCRAM-SHA-1", "PLAIN"]);
  deepEqual(await offer("bob@a.test"), ALL);
  deepEqual(await offer(), ALL);
  deepEqual(await offer("alice@A.TEST"), ["SCRAM-SHA-1", "PLAIN"]);
});

/** What a stranger sees of a name: what it is offered, and how its keys for the weakest of it were made. */
async function seen(server: TestServer, local: string): Promise<string> {
  const { client, offered } = await opened(server, undefined, `${local}@a.test`);
  const scram = new ScramClient({ hash: "SHA-1", username: local, password: "guess" });
  await client.send(authenticate({ mechanism: "SCRAM-SHA-1", initial: scram.first }));
  const { salt, iterations } = scram.read(client.expectNext(`<challenge xmlns='${SASL2}'/>`).text);
  await client.cut();
  return `${texts(offered, "mechanism")} ${salt.length} ${iterations}`;
}

Deno.test("a name that nobody has looks like one of the accounts there are, always the same one", async () => {
  await using server = await withOldAlice("SHA-1");
  await server.reload({ plugins: [internal, fast], config: { defaults: { scram_iterations: 5000 } } });
  for (const local of ["bob", "carol", "dave"]) {
    if (local !== "bob") await server.host.accounts.create(local, PASSWORD);
    else await server.host.accounts.setPassword(local, PASSWORD);
  }
  const old = await seen(server, "alice");
  const usual = await seen(server, "bob");
  deepEqual([old, usual], ["SCRAM-SHA-1,PLAIN 16 4096", `${ALL} 16 5000`]);
  const counts = new Map<string, number>();
  for (let i = 0; i < 40; i++) {
    const look = await seen(server, `nobody${i}`);
    equal(await seen(server, `nobody${i}`), look);
    counts.set(look, (counts.get(look) ?? 0) + 1);
  }
  deepEqual([...counts.keys()].sort(), [old, usual].sort());
  // As many as there are: one of four accounts is old.
  ok(counts.get(old)! < counts.get(usual)!);
});

Deno.test("XEP-0480 §3: SCRAM-SHA-1, the task, its data, the success; then SCRAM-SHA-256 works", async () => {
  await using server = await withOldAlice("SHA-1");
  const { client } = await opened(server, undefined, "alice@a.test");
  const exchange = await scram(client, upgrade("UPGR-SCRAM-SHA-256") + bind("X") + requestToken());
  const said = client.expectNext(`<continue xmlns='${SASL2}'/>`);
  ok(exchange.verified(said.childText("additional-data")!));
  deepEqual(said.child("tasks")!.elements().map((e) => e.text), ["UPGR-SCRAM-SHA-256"]);
  client.quiet();
  // Nothing is done before the last task is.
  equal(server.host.registry.size, 0);
  const data = await next(client, "UPGR-SCRAM-SHA-256");
  equal(data.child("salt", SCRAM_UPGRADE)!.attr("iterations"), "4096");
  await client.send(taskData(salted(data, "SHA-256")));
  const last = success(client);
  equal(last.has("additional-data"), false);
  equal(named(last).startsWith("alice@a.test/X/"), true);
  ok(last.has("token", FAST));
  client.expectNext("<stream:features/>");
  deepEqual(lacking(server), ["SHA-512"]);

  const { client: again, offered } = await opened(server, undefined, "alice@a.test");
  deepEqual(texts(offered, "mechanism"), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
  const better = await scram(again, "", "SHA-256");
  ok(better.verified(success(again).childText("additional-data")!));
});

Deno.test("XEP-0480 §2.2: several tasks, one after another", async () => {
  await using server = await withOldAlice("SHA-1");
  const { client } = await opened(server);
  await scram(client, upgrade("UPGR-SCRAM-SHA-512", "UPGR-BLOOP", "UPGR-SCRAM-SHA-256"));
  const done: string[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const task = client.expectNext(`<continue xmlns='${SASL2}'/>`).child("tasks")!.childText("task")!;
    const data = await next(client, task);
    await client.send(taskData(salted(data, task.slice("UPGR-SCRAM-".length) as Hash)));
    done.push(task);
  }
  success(client);
  deepEqual(done.sort(), ["UPGR-SCRAM-SHA-256", "UPGR-SCRAM-SHA-512"]);
  deepEqual(lacking(server), []);
});

Deno.test("XEP-0480: what the account has is not asked for, nor of whom did not ask", async () => {
  await using server = await withOldAlice("SHA-1", "SHA-256");
  for (const beside of [upgrade("UPGR-SCRAM-SHA-256"), upgrade("UPGR-SCRAM-SHA-512-PLUS"), ""]) {
    const { client } = await opened(server);
    await scram(client, beside);
    success(client);
  }
});

Deno.test("XEP-0480: only who has shown the password may change what it is", async () => {
  await using server = await withOldAlice("SHA-1");
  const { client } = await opened(server);
  await scram(client, requestToken());
  const token = success(client).child("token", FAST)!.attr("token")!;
  const { client: thief } = await opened(server);
  await thief.send(hashedToken({ username: "alice", token, beside: upgrade("UPGR-SCRAM-SHA-256") }));
  success(thief);
  deepEqual(lacking(server), ["SHA-256", "SHA-512"]);
});

const WRONG: readonly [what: string, sent: string, condition: string][] = [
  ["another task", `<next xmlns='${SASL2}' task='UPGR-SCRAM-SHA-512'/>`, "malformed-request"],
  ["no task", `<next xmlns='${SASL2}'/>`, "malformed-request"],
  ["data before the task", taskData("x"), "malformed-request"],
  ["a response", answer("eA=="), "malformed-request"],
  ["an abort", `<abort xmlns='${SASL2}'/>`, "aborted"],
];

for (const [what, sent, condition] of WRONG) {
  Deno.test(`XEP-0480: ${what} instead of what is due is ${condition}, and no login`, async () => {
    await using server = await withOldAlice("SHA-1");
    const { client } = await opened(server);
    await scram(client, upgrade("UPGR-SCRAM-SHA-256") + bind());
    client.clear();
    await client.send(sent);
    failure(client, condition);
    equal(server.host.registry.size, 0);
    await client.send(plain("alice", PASSWORD));
    success(client);
  });
}

const NO_HASH: readonly [what: string, sent: string, condition: string][] = [
  ["no hash", `<task-data xmlns='${SASL2}'/>`, "malformed-request"],
  ["an empty hash", taskData(""), "malformed-request"],
  ["a hash that is not base64", taskData("!"), "incorrect-encoding"],
  ["a hash of the wrong length", taskData("eA=="), "malformed-request"],
  ["the same task again", `<next xmlns='${SASL2}' task='UPGR-SCRAM-SHA-256'/>`, "malformed-request"],
];

for (const [what, sent, condition] of NO_HASH) {
  Deno.test(`XEP-0480 §3: ${what} is ${condition}, nothing is kept, and it is no login`, async () => {
    await using server = await withOldAlice("SHA-1");
    const { client } = await opened(server);
    await scram(client, upgrade("UPGR-SCRAM-SHA-256") + bind());
    client.clear();
    await next(client, "UPGR-SCRAM-SHA-256");
    await client.send(sent);
    failure(client, condition);
    deepEqual(lacking(server), ["SHA-256", "SHA-512"]);
    equal(server.host.registry.size, 0);
  });
}

Deno.test("XEP-0480: in the middle of a task everything else ends the stream, another login too", async () => {
  for (const sent of [plain("alice", PASSWORD), "<presence/>"]) {
    await using server = await withOldAlice("SHA-1");
    const { client } = await opened(server);
    await scram(client, upgrade("UPGR-SCRAM-SHA-256"));
    client.clear();
    await client.send(sent);
    client.expectStreamError("policy-violation");
  }
});

Deno.test("a password in the clear is checked with whatever keys there are, and brings the others by itself", async () => {
  await using server = await withOldAlice("SHA-1");
  const { client } = await opened(server);
  await client.send(plain("alice", "wrong"));
  failure(client, "not-authorized");
  deepEqual(lacking(server), ["SHA-256", "SHA-512"]);
  await client.send(plain("alice", PASSWORD));
  success(client);
  for (let i = 0; i < 200 && lacking(server).length > 0; i++) await server.settle();
  deepEqual(lacking(server), []);
  const { client: again } = await opened(server);
  await scram(again, "", "SHA-512");
  success(again);
});
