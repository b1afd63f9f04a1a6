/** XEP-0257: what a login with a certificate may do goes with the login, and not with the session or the device that it is for. */
import { equal, ok } from "node:assert/strict";
import { PASSWORD, type TestClient, type TestServer } from "#testing";
import type { Issued } from "../../src/transport/issue_test_certificate.ts";
import { append, ask, external, LIMITED, own, revoke, serve, showing } from "./certificate_client.ts";
import {
  authenticate,
  bind,
  BIND2,
  FAST,
  hashedToken,
  LAPTOP,
  opened,
  PHONE,
  plain,
  requestToken,
  SM,
  success,
} from "./sasl2_client.ts";

const ENABLE = `<enable xmlns='${SM}' resume='true'/>`;
const BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const CHANGE =
  "<query xmlns='jabber:iq:register'><username>alice</username><password>another one</password></query>";
const resume = (id: string) => `<resume xmlns='${SM}' previd='${id}' h='0'/>`;

/** Alice has registered a certificate for her bot. */
async function withBot(more = ""): Promise<[TestServer, Issued, TestClient]> {
  const server = await serve();
  await server.host.accounts.create("alice", PASSWORD);
  const alice = await server.client("alice/desk");
  const bot = own();
  equal(await ask(alice, "set", append("Bot", bot, more)), "result");
  return [server, bot, alice];
}

/** The id of a session whose connection broke, which can be resumed. */
async function broken(client: TestClient): Promise<string> {
  const enabled = success(client).child("bound", BIND2)!.child("enabled", SM)!;
  await client.cut();
  return enabled.attr("id")!;
}

async function byPassword(server: TestServer): Promise<string> {
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD, { agent: PHONE, beside: bind("X", ENABLE) }));
  return await broken(client);
}

/** Two ways to go on with a session as the bot: within SASL2 and after the old login. */
const WAYS = {
  inline: async (server: TestServer, { der }: Issued, id: string): Promise<TestClient> => {
    const { client } = await opened(server, showing(der));
    await client.send(
      authenticate({ mechanism: "EXTERNAL", initial: "", agent: LAPTOP, beside: resume(id) }),
    );
    ok(success(client).has("resumed", SM));
    return client;
  },
  "after the login": async (server: TestServer, { der }: Issued, id: string): Promise<TestClient> => {
    const client = server.connect(showing(der));
    equal(await external(client), "success");
    await client.open();
    await client.send(resume(id));
    client.expect(`<resumed xmlns='${SM}'/>`);
    return client;
  },
};

for (const [way, resumed] of Object.entries(WAYS)) {
  Deno.test(`XEP-0257 §2.1, §5.2: a certificate that resumes a session of the password may do what it may, ${way}`, async () => {
    const [server, bot] = await withBot(LIMITED);
    await using _ = server;
    const client = await resumed(server, bot, await byPassword(server));
    equal(await ask(client, "set", append("Mine", own())), "forbidden");
    equal(await ask(client, "set", CHANGE), "not-authorized");
  });
}

Deno.test("XEP-0257 §5.2: the password that resumes a session of a certificate may do what it may", async () => {
  const [server, { der }] = await withBot(LIMITED);
  await using _ = server;
  const { client: bot } = await opened(server, showing(der));
  await bot.send(authenticate({ mechanism: "EXTERNAL", initial: "", beside: bind("X", ENABLE) }));
  const id = await broken(bot);
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD, { beside: resume(id) }));
  ok(success(client).has("resumed", SM));
  equal(await ask(client, "set", append("Mine", own())), "result");
  equal(await ask(client, "set", CHANGE), "result");
});

Deno.test("XEP-0257 §2.4: a certificate that is revoked between the login and the resource ends the stream", async () => {
  const [server, { der }, alice] = await withBot();
  await using _ = server;
  const { client } = await opened(server, showing(der));
  await client.send(authenticate({ mechanism: "EXTERNAL", initial: "" }));
  success(client);
  client.clear();
  equal(await ask(alice, "set", revoke("Bot")), "result");
  await client.send(BIND);
  client.expectStreamError("not-authorized");
});

Deno.test("XEP-0257 §2.1, XEP-0484: a token that a device got with the password is no certificate's, whatever it used before", async () => {
  const [server, { der }] = await withBot(LIMITED);
  await using _ = server;
  const { client: bot } = await opened(server, showing(der));
  await bot.send(authenticate({ mechanism: "EXTERNAL", initial: "" }));
  success(bot);
  await bot.cut();
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD, { beside: requestToken() }));
  const token = success(client).child("token", FAST)!.attr("token")!;
  await client.cut();
  const { client: next } = await opened(server);
  await next.send(hashedToken({ username: "alice", token, beside: bind("X") }));
  success(next);
  next.clear();
  equal(await ask(next, "set", append("Mine", own())), "result");
});
