/**
 * Logins that take their time: what changes between their first message and their last (a password, the account itself) counts,
 * and nobody gets a token for what was true before.
 */
import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pbkdf2Sync } from "node:crypto";
import { PASSWORD, type TestClient, type TestServer, testServer } from "#testing";
import { fast } from "../../plugins/auth/fast.ts";
import { knownDevices } from "../../plugins/auth/fast_devices.ts";
import { internal, storedCredentials } from "../../plugins/auth/internal.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { answer, authenticate, bind, opened, requestToken, SASL2 } from "./sasl2_client.ts";
import { base64, ScramClient } from "./scram_client.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const UPGRADE = "urn:xmpp:sasl:upgrade:0";
const SCRAM_UPGRADE = "urn:xmpp:scram-upgrade:0";
const TASK = "UPGR-SCRAM-SHA-512";
const config = { defaults: { scram_iterations: 4096 } };

async function withAlice(): Promise<TestServer> {
  const server = await testServer({ plugins: [internal, fast, streamManagement], config });
  await server.host.accounts.create("alice", PASSWORD);
  return server;
}

/** What may happen to an account in the middle of a login, after which the login must come to nothing. */
const CHANGES: readonly [what: string, change: (server: TestServer) => void | Promise<void>][] = [
  ["the password is changed", ({ host }) => host.accounts.setPassword("alice", "another password")],
  ["the account is switched off", ({ host }) => host.accounts.setDisabled("alice", true)],
  ["the account is removed", ({ host }) => host.accounts.remove("alice")],
  ["the account is removed and made again by somebody else", async ({ host }) => {
    host.accounts.remove("alice");
    await host.accounts.create("alice", "another password");
  }],
];

/** No session, and no token that anybody could come back with. */
function nothingCame(server: TestServer): void {
  equal(server.host.registry.size, 0);
  deepEqual([...server.host.storage.open(knownDevices, "a.test").owners()], []);
}

for (const [what, change] of CHANGES) {
  Deno.test(`SCRAM: ${what} between the challenge and the proof`, async () => {
    await using server = await withAlice();
    const { client } = await opened(server);
    const scram = new ScramClient({ username: "alice", password: PASSWORD });
    const first = authenticate({
      mechanism: "SCRAM-SHA-1",
      initial: scram.first,
      beside: requestToken() + bind(),
    });
    await client.send(first);
    const proof = scram.final(client.expectNext(`<challenge xmlns='${SASL2}'/>`).text);
    await change(server);
    await client.send(answer(proof));
    equal(client.inbox.shift()?.name, "failure");
    nothingCame(server);
  });

  Deno.test(`SCRAM in the older profile: ${what} between the challenge and the proof`, async () => {
    await using server = await withAlice();
    const client = server.connect();
    await client.open();
    client.expect("<stream:features/>");
    const scram = new ScramClient({ username: "alice", password: PASSWORD });
    await client.send(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>${scram.first}</auth>`);
    const proof = scram.final(client.expectNext(`<challenge xmlns='${SASL}'/>`).text);
    await change(server);
    await client.send(`<response xmlns='${SASL}'>${proof}</response>`);
    equal(client.inbox.shift()?.name, "failure");
  });

  Deno.test(`binding: ${what} between the login and the resource`, async () => {
    await using server = await withAlice();
    const client = server.connect();
    await client.open();
    await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${base64(`\0alice\0${PASSWORD}`)}</auth>`);
    await client.open();
    client.clear();
    await change(server);
    server.host.accounts.setDisabled("alice", false);
    await client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
    client.expectStreamError("not-authorized");
    nothingCame(server);
  });

  Deno.test(`XEP-0480: ${what} in the middle of a task`, async () => {
    await using server = await withAlice();
    const store = server.host.storage.open(storedCredentials, "a.test");
    const { "SHA-512": _gone, ...old } = store.get("alice")!;
    store.set("alice", old);
    const { client } = await opened(server);
    const salt = await begunTask(client);
    await change(server);
    const before = server.host.accounts.exists("alice") ? store.get("alice") : undefined;
    await client.send(
      `<task-data xmlns='${SASL2}'><hash xmlns='${SCRAM_UPGRADE}'>${salted(salt)}</hash></task-data>`,
    );
    equal(client.inbox.shift()?.name, "failure");
    nothingCame(server);
    // A switched off account may learn its keys; another password's are never overwritten.
    if (what !== "the account is switched off") deepEqual(store.get("alice"), before);
  });
}

/** Logs in as far as the task; its salt. */
async function begunTask(client: TestClient): Promise<string> {
  const scram = new ScramClient({ username: "alice", password: PASSWORD });
  const beside = `<upgrade xmlns='${UPGRADE}'>${TASK}</upgrade>${requestToken()}`;
  await client.send(authenticate({ mechanism: "SCRAM-SHA-1", initial: scram.first, beside }));
  await client.send(answer(scram.final(client.expectNext(`<challenge xmlns='${SASL2}'/>`).text)));
  client.expectNext(`<continue xmlns='${SASL2}'/>`);
  await client.send(`<next xmlns='${SASL2}' task='${TASK}'/>`);
  return client.expectNext(`<task-data xmlns='${SASL2}'/>`).childText("salt", SCRAM_UPGRADE)!;
}

function salted(salt: string): string {
  return pbkdf2Sync(PASSWORD, Buffer.from(salt, "base64"), 4096, 64, "sha512").toString("base64");
}
