/** XEP-0484: what ends tokens, and the sessions of devices, at moments when it is easily missed. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { definePlugin, none, type Plugin } from "#plugin";
import { PASSWORD, type TestServer } from "#testing";
import { devices } from "../../plugins/auth/api.ts";
import { fast } from "../../plugins/auth/fast.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { config, fails, tokenOf, tried, withAlice, works } from "./fast_client.ts";
import {
  answer,
  authenticate,
  bind,
  bound,
  FAST,
  hashedToken,
  LAPTOP,
  opened,
  plain,
  requestToken,
  SM,
  success,
} from "./sasl2_client.ts";

const PLUGINS = [internal, fast, streamManagement];
const BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

/** Logs alice's first device out. */
function revoke(server: TestServer): void {
  const known = server.host.fittings.service(devices)!;
  ok(known.revoke("alice", known.list("alice")[0]!.id));
}

/** A plugin that does something in the middle of every login. */
function inTheMiddle(fn: () => void): Plugin {
  return definePlugin({
    name: "in_the_middle",
    doc: "Adds nothing to logins.",
    config: none,
    setup(host) {
      const take = async (): Promise<undefined> => {
        await Promise.resolve();
        fn();
      };
      host.inline("sasl2", { offer: () => undefined, take });
    },
  });
}

Deno.test("fast: a device that is shut out between its login and its resource does not stay", async () => {
  await using server = await withAlice();
  for (const login of ["token", "password"]) {
    const token = await tokenOf(server);
    const { client } = await opened(server, bound());
    await client.send(
      login === "token" ? hashedToken({ username: "alice", token }) : plain("alice", PASSWORD),
    );
    success(client);
    revoke(server);
    await client.send(BIND);
    client.expect("<iq type='result' id='b'/>");
    client.expectStreamError("not-authorized");
    equal(server.host.registry.size, 0);
  }
});

Deno.test("fast: a device that was shut out and has got a token again stays", async () => {
  await using server = await withAlice();
  const { client } = await tried(server, { token: await tokenOf(server) });
  revoke(server);
  await client.close();
  const { client: again } = await opened(server, bound());
  await again.send(plain("alice", PASSWORD, { beside: requestToken() }));
  success(again);
  await again.send(BIND);
  again.expect("<iq type='result' id='b'/>");
  equal(server.host.registry.size, 1);
});

Deno.test("fast: a device that is shut out while it resumes another one's session does not stay", async () => {
  let middle = (): void => {};
  await using server = await withAlice({ plugins: [...PLUGINS, inTheMiddle(() => middle())] });
  const token = await tokenOf(server);
  const { client } = await opened(server);
  const enable = `<enable xmlns='${SM}' resume='true'/>`;
  await client.send(plain("alice", PASSWORD, { agent: LAPTOP, beside: bind("X", enable) }));
  const id = success(client).child("bound", "urn:xmpp:bind:0")!.child("enabled", SM)!.attr("id")!;
  middle = () => revoke(server);
  const beside = `<resume xmlns='${SM}' previd='${id}' h='0'/>`;
  const { client: next, said } = await tried(server, { token, beside });
  ok(said.has("resumed", SM));
  next.expectStreamError("not-authorized");
  equal(server.host.registry.size, 0);
});

Deno.test("fast: a token that is taken away between its proof and the rest of the login does not come back", async () => {
  let middle = (): void => {};
  await using server = await withAlice({ plugins: [inTheMiddle(() => middle()), ...PLUGINS] });
  const token = await tokenOf(server);
  middle = () => revoke(server);
  const { client } = await opened(server);
  await client.send(hashedToken({ username: "alice", token, beside: requestToken() + bind() }));
  client.expectStreamError("not-authorized");
  middle = () => {};
  equal(server.host.registry.size, 0);
  deepEqual(server.host.fittings.service(devices)!.list("alice"), []);
});

for (
  const [what, change] of [
    ["a password that is set", ({ host }) => host.accounts.setPassword("alice", PASSWORD)],
    ["an account that is switched off", ({ host: { accounts } }) => {
      accounts.setDisabled("alice", true);
      accounts.setDisabled("alice", false);
      return Promise.resolve();
    }],
  ] satisfies [string, (server: TestServer) => Promise<void>][]
) {
  Deno.test(`fast: ${what} while there are no tokens takes those of before`, async () => {
    await using server = await withAlice();
    const token = await tokenOf(server);
    await server.clock.advance("1 s");
    await server.reload({ plugins: PLUGINS.filter((plugin) => plugin !== fast) });
    await change(server);
    await server.reload({ plugins: PLUGINS });
    await fails(server, { token }, "credentials-expired");
    await works(server, { token: await tokenOf(server) });
  });
}

Deno.test("fast: a login that began before a reload knows what has become of its token since", async () => {
  await using server = await withAlice();
  const token = await tokenOf(server);
  const [, proof] = /<initial-response>([^<]*)/.exec(hashedToken({ username: "alice", token }))!;
  const begun = async (count: number) => {
    const { client } = await opened(server, bound());
    const beside = `<fast xmlns='${FAST}' count='${count}'/>`;
    await client.send(authenticate({ mechanism: "HT-SHA-256-NONE", beside }));
    client.expectNext("<challenge xmlns='urn:xmpp:sasl:2'/>");
    return client;
  };
  const [first, second, third] = [await begun(5), await begun(6), await begun(7)];
  const lifetime = { defaults: { ...config.defaults, fast: { lifetime: "3 days" } } };
  await server.reload({ plugins: PLUGINS, config: lifetime });
  await works(server, { token, fast: "count='5'" });
  await first.send(answer(proof!));
  first.expectNext("<failure xmlns='urn:xmpp:sasl:2'/>");
  await second.send(answer(proof!));
  success(second);
  await fails(server, { token, fast: "count='6'" });
  revoke(server);
  await third.send(answer(proof!));
  third.expectNext("<failure xmlns='urn:xmpp:sasl:2'/>");
});

Deno.test("fast: a device that is still here when its token has expired can be logged out", async () => {
  const defaults = { ...config.defaults, fast: { lifetime: "2 h" } };
  await using server = await withAlice({ config: { defaults } });
  const { client } = await tried(server, { token: await tokenOf(server), beside: bind() });
  const known = server.host.fittings.service(devices)!;
  for (let i = 0; i < 30; i++) {
    await client.send(" ");
    await server.clock.advance("5 min");
  }
  deepEqual(known.list("alice").map(({ connected }) => connected), [true]);
  revoke(server);
  await server.settle();
  client.expectStreamError("not-authorized");
  deepEqual(known.list("alice"), []);
});
