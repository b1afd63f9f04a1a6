/** From nothing to a chat, with the executable alone: what a newcomer does on the first day. */
import { equal, match, ok } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { RawClient, Refused } from "../durability/client.ts";
import { Home, kind } from "./executable.ts";

console.log(`black box: this run is against the ${kind === "compiled" ? "compiled executable" : kind}`);

Deno.test(`${kind}: start in an empty home, register, log in, chat, look, stop, start again`, async (t) => {
  await using home = new Home();
  let server = await home.start();
  try {
    const certificate = () => home.read("data/self-signed/localhost.crt");
    const enter = async (name: string, password: string): Promise<RawClient> => {
      const client = await RawClient.connect(server.ports.c2s);
      await client.startTls(certificate());
      await client.scram(name, password);
      await client.bind("desk");
      return client;
    };

    await t.step("in the clear nothing but STARTTLS is offered", async () => {
      using client = await RawClient.connect(server.ports.c2s);
      ok(client.features?.has("starttls", "urn:ietf:params:xml:ns:xmpp-tls"));
      ok(!client.features?.has("mechanisms", "urn:ietf:params:xml:ns:xmpp-sasl"));
    });

    await t.step("people on this machine register", async () => {
      for (const name of ["alice", "bob"]) {
        using client = await RawClient.connect(server.ports.c2s);
        await client.startTls(certificate());
        await client.register(name, `${name}'s secret`);
      }
    });

    await t.step("two log in with SCRAM over TLS and chat", async () => {
      using alice = await enter("alice", "alice's secret");
      using bob = await enter("bob", "bob's secret");
      await bob.send("<presence/>");
      await bob.iq("get", "<ping xmlns='urn:xmpp:ping'/>", "localhost");
      await alice.send("<message to='bob@localhost' type='chat'><body>Grüße, Bob 🎉</body></message>");
      const message = await bob.expect((element) => element.name === "message");
      equal(message.childText("body"), "Grüße, Bob 🎉");
      equal(message.attr("from"), "alice@localhost/desk");
    });

    await t.step("a wrong password is refused", async () => {
      const refused = await enter("alice", "wrong").then(() => undefined, (error) => error);
      ok(refused instanceof Refused && refused.condition === "not-authorized", String(refused));
    });

    await t.step("status", async () => {
      const { code, stdout } = await home.run(["status", "--json"]);
      equal(code, 0);
      equal(JSON.parse(stdout).pid > 0, true);
      match((await home.run(["status"])).stdout, /is running/);
    });

    await t.step("user add", async () => {
      const { code, stderr } = await home.run(["user", "add", "carol@localhost"], "carol's secret\n");
      equal(code, 0, stderr);
      using carol = await enter("carol", "carol's secret");
      equal(carol.jid, "carol@localhost/desk");
    });

    await t.step("the health pages answer", async () => {
      for (const page of ["healthz", "readyz", "metrics"]) {
        const response = await fetch(`http://127.0.0.1:${server.ports.http}/${page}`);
        equal(response.status, 200, await response.text());
      }
    });

    await t.step("SIGTERM: a word to whoever is there, and exit code 0", async () => {
      using alice = await enter("alice", "alice's secret");
      const ended = server.stop();
      const said = await alice.expect(() => false).catch(String);
      match(String(said), /system-shutdown/);
      equal(await ended, 0, server.output);
      equal((await home.run(["status"])).code, 3);
    });

    await t.step("it has said what it serves and which certificate it made", () => {
      match(server.output, /serves localhost/);
      const { fingerprint256 } = new X509Certificate(certificate());
      ok(server.output.includes(fingerprint256), `${fingerprint256} is not announced:\n${server.output}`);
    });

    await t.step("all accounts are there after a restart", async () => {
      server = await home.start();
      for (const name of ["alice", "bob", "carol"]) (await enter(name, `${name}'s secret`))[Symbol.dispose]();
      const { code, stderr } = await home.run(["stop"]);
      equal(code, 0, stderr);
      equal(await server.ended(), 0, server.output);
    });
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
