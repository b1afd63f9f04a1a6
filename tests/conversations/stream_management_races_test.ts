/** XEP-0198: what happens to a session, or to its account, while somebody is about to resume it. */
import { equal } from "node:assert/strict";
import { definePlugin, encodeUtf8, none, type Plugin } from "#plugin";
import { PASSWORD, type TestClient, type TestServer, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { opened, plain } from "./sasl2_client.ts";
import { arrive, enable, NS } from "./stream_management_client.ts";

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const config = { defaults: { scram_iterations: 4096 } };
const resume = (id: string, h: number) => `<resume xmlns='${NS}' previd='${id}' h='${h}'/>`;

function started(...more: readonly Plugin[]): Promise<TestServer> {
  return testServer({ plugins: [internal, message, streamManagement, ...more], config });
}

/** The id of a session that waits and has acknowledged one stanza. */
async function waiting(server: TestServer): Promise<string> {
  const [alice, bob] = await server.clients("alice/desk", "bob/pad") as [TestClient, TestClient];
  const id = await enable(alice);
  await bob.send("<message to='alice@a.test/desk'><body>1</body></message>");
  await alice.send(`<a xmlns='${NS}' h='1'/>`);
  await alice.cut();
  return id;
}

Deno.test("XEP-0198 §5: nobody is told to go on with a session that another connection has ended meanwhile", async () => {
  await using server = await started();
  const id = await waiting(server);
  const [right, behind] = [await arrive(server, "alice"), await arrive(server, "alice")];
  right.carrier.feed(encodeUtf8(resume(id, 1)));
  behind.carrier.feed(encodeUtf8(resume(id, 0)));
  await server.settle();
  for (const client of [right, behind]) {
    client.expectNext(`<failed xmlns='${NS}'><item-not-found xmlns='${STANZAS}'/></failed>`);
  }
  equal(server.host.registry.of("alice").length, 0);
});

Deno.test("XEP-0198 §5: who logged in before the password was changed resumes nothing", async () => {
  await using server = await started();
  const id = await waiting(server);
  const client = await arrive(server, "alice");
  await server.host.accounts.setPassword("alice", "another password");
  await client.send(resume(id, 1));
  client.expectStreamError("not-authorized");
  client.never(`<resumed xmlns='${NS}'/>`);
});

Deno.test("XEP-0198 §9.2: nor does who logs in while it is changed", async () => {
  const change = definePlugin({
    name: "change",
    doc: "Changes the password in the middle of a login.",
    config: none,
    setup(host) {
      host.inline("sasl2", {
        offer: () => undefined,
        take: () => host.accounts.setPassword("alice", "another password").then(() => undefined),
      });
    },
  });
  await using server = await started(change);
  const id = await waiting(server);
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD, { beside: resume(id, 1) }));
  client.expectStreamError("not-authorized");
  client.never("<success xmlns='urn:xmpp:sasl:2'/>");
});

Deno.test("RFC 6120 §4.7.4: what comes over the stream that resumes is in its language", async () => {
  await using server = await started();
  const id = await waiting(server);
  const [bob] = await server.clients("bob/phone");
  const client = server.connect();
  await client.send(
    `<?xml version='1.0'?><stream:stream to='a.test' version='1.0' xml:lang='de' xmlns='jabber:client' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  await client.send(plain("alice", PASSWORD, { beside: resume(id, 1) }));
  await client.send("<message to='bob@a.test/phone' id='l'><body>hallo</body></message>");
  equal(bob!.expect("<message id='l'/>").attr("xml:lang"), "de");
});
