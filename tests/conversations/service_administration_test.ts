/** XEP-0133: Service Administration 1.3.1, the commands about accounts, with its own examples. */
import assert from "node:assert/strict";
import { type TestClient, type TestServer, testServer } from "#testing";
import { accountCommands } from "../../plugins/admin/account_commands.ts";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { CommandClient, failureOf, noteOf, valuesOf } from "./command_client.ts";

const ADMIN = "http://jabber.org/protocol/admin";
const PASSWORD = "R0m30andJuliet";

async function begin(): Promise<[TestServer, CommandClient, TestClient]> {
  const server = await testServer({
    host: "shakespeare.lit",
    plugins: [internal, adhoc, accountCommands],
    config: {
      server: { admins: ["will@shakespeare.lit"] },
      host: { "shakespeare.lit": { admins: ["bard@shakespeare.lit"] } },
    },
  });
  const bard = await server.client("bard/globe");
  return [server, new CommandClient(bard, "shakespeare.lit"), bard];
}

const node = (name: string) => `${ADMIN}#${name}`;

Deno.test("XEP-0133 §4.1: add a user", async () => {
  const [server, admin, bard] = await begin();
  await using _ = server;
  await bard.send(`<iq id='add-user-1' to='shakespeare.lit' type='set' xml:lang='en'>
    <command xmlns='http://jabber.org/protocol/commands' action='execute' node='${node("add-user")}'/></iq>`);
  bard.expect(`<iq from='shakespeare.lit' id='add-user-1' to='bard@shakespeare.lit/globe' type='result'>
    <command xmlns='http://jabber.org/protocol/commands' node='${
    node("add-user")
  }' sessionid='*' status='executing'>
      <x xmlns='jabber:x:data' type='form'>
        <title>Adding a User</title>
        <instructions>Fill out this form to add a user.</instructions>
        <field type='hidden' var='FORM_TYPE'><value>${ADMIN}</value></field>
        <field label='The Jabber ID for the account to be added' type='jid-single' var='accountjid'><required/></field>
        <field label='The password for this account' type='text-private' var='password'/>
        <field label='Retype password' type='text-private' var='password-verify'/></x></command></iq>`);
  const fields = {
    "accountjid": "juliet@shakespeare.lit",
    "password": PASSWORD,
    "password-verify": PASSWORD,
  };
  const done = await admin.execute(node("add-user"), {
    ...fields,
    FORM_TYPE: ADMIN,
    email: "juliet@capulet.com",
  });
  assert.equal(done.attr("status"), "completed");
  const juliet = server.connect();
  await juliet.login("juliet", "balcony", PASSWORD);

  const fails = (changed: Record<string, string>) =>
    admin.failure(node("add-user"), { ...fields, ...changed });
  assert.match(await fails({}), /^cancel conflict/);
  assert.match(
    await fails({ "accountjid": "nurse@capulet.com" }),
    /bad-payload: nurse@capulet.com is no account of/,
  );
  assert.match(await fails({ "accountjid": "nurse@shakespeare.lit/x" }), /bad-payload: .* names one device/);
  assert.match(await fails({ "accountjid": "shakespeare.lit" }), /bad-payload/);
  assert.match(await fails({ "accountjid": "@" }), /bad-payload: .*\(accountjid\): is not an address/);
  assert.match(
    await fails({ "password-verify": "other" }),
    /bad-payload: the two passwords are not the same/,
  );
  assert.match(
    await fails({ "accountjid": "nurse@shakespeare.lit", "password": "x", "password-verify": "x" }),
    /^modify not-acceptable: a password must have/,
  );
});

Deno.test("XEP-0133 §4.2: delete users, all of them or none", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const [juliet] = await server.clients("juliet/balcony", "romeo/orchard");
  const accounts = ["juliet@shakespeare.lit", "romeo@shakespeare.lit"];
  assert.match(
    await admin.failure(node("delete-user"), { accountjids: [...accounts, "nobody@shakespeare.lit"] }),
    /^cancel item-not-found: there is no account nobody@shakespeare.lit/,
  );
  assert.ok(server.host.accounts.exists("juliet"));
  const done = await admin.execute(node("delete-user"), { accountjids: accounts });
  assert.equal(noteOf(done), "2 accounts have been deleted.");
  juliet!.expectStreamError("not-authorized");
  assert.deepEqual([...server.host.accounts.list()], ["bard"]);
  assert.match(
    await admin.failure(node("delete-user"), { accountjids: "bard@shakespeare.lit" }),
    /^cancel not-allowed: this is your own/,
  );
  assert.match(await admin.failure(node("delete-user"), {}), /bad-payload: .*must be filled in/);
});

Deno.test("XEP-0133 §4.3, §4.4: disable a user, and re-enable it", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const juliet = await server.client("juliet/balcony");
  await admin.execute(node("disable-user"), { accountjids: "juliet@shakespeare.lit" });
  juliet.expectStreamError("not-authorized");
  await assert.rejects(server.client("juliet/balcony"));
  assert.deepEqual(valuesOf(await admin.start(node("get-disabled-users-num")), "disabledusersnum"), ["1"]);
  assert.deepEqual(
    valuesOf(await admin.execute(node("get-disabled-users-list"), {}), "disableduserjids"),
    ["juliet@shakespeare.lit"],
  );
  const done = await admin.execute(node("reenable-user"), { accountjids: "juliet@shakespeare.lit" });
  assert.equal(noteOf(done), "juliet@shakespeare.lit has been re-enabled.");
  await server.client("juliet/balcony");
});

Deno.test("XEP-0133 §4.5: end sessions, one or all, never one's own", async () => {
  const [server, admin, bard] = await begin();
  await using _ = server;
  const [balcony, chamber, phone] = await server.clients("juliet/balcony", "juliet/chamber", "bard/phone");
  await admin.execute(node("end-user-session"), { accountjids: "juliet@shakespeare.lit/balcony" });
  balcony!.expectStreamError("policy-violation");
  assert.ok(!chamber!.closed);
  const done = await admin.execute(node("end-user-session"), {
    accountjids: ["juliet@shakespeare.lit", "bard@shakespeare.lit"],
  });
  assert.equal(noteOf(done), "2 sessions have been ended.");
  assert.ok(chamber!.closed && phone!.closed && !bard.closed);
  assert.match(
    await admin.failure(node("end-user-session"), { accountjids: "bard@shakespeare.lit/globe" }),
    /^cancel not-allowed/,
  );
  assert.match(
    await admin.failure(node("end-user-session"), { accountjids: "juliet@shakespeare.lit/gone" }),
    /^cancel item-not-found/,
  );
});

Deno.test("XEP-0133 §4.7: change a password", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  await server.client("juliet/balcony");
  await admin.execute(node("change-user-password"), {
    accountjid: "juliet@shakespeare.lit",
    password: PASSWORD,
  });
  await server.connect().login("juliet", "balcony", PASSWORD);
  assert.match(
    await admin.failure(node("change-user-password"), {
      accountjid: "no@shakespeare.lit",
      password: PASSWORD,
    }),
    /^cancel item-not-found/,
  );
});

Deno.test("XEP-0133: numbers and lists of users", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  for (let i = 0; i < 30; i++) await server.host.accounts.create(`user${i}`, PASSWORD);
  await server.clients("juliet/balcony", "juliet/chamber");
  assert.deepEqual(valuesOf(await admin.start(node("get-registered-users-num")), "registeredusersnum"), [
    "32",
  ]);
  assert.deepEqual(valuesOf(await admin.start(node("get-online-users-num")), "onlineusersnum"), ["2"]);
  const online = await admin.execute(node("get-online-users-list"), { max_items: "100" });
  assert.deepEqual(valuesOf(online, "onlineuserjids").sort(), [
    "bard@shakespeare.lit",
    "juliet@shakespeare.lit",
  ]);
  assert.equal(noteOf(online), "");
  const some = await admin.execute(node("get-registered-users-list"), { max_items: "25" });
  assert.equal(valuesOf(some, "registereduserjids").length, 25);
  assert.equal(noteOf(some), "There are 32; these are 25 of them.");
  const all = await admin.execute(node("get-registered-users-list"), { max_items: "none" });
  assert.equal(valuesOf(all, "registereduserjids").length, 32);
  assert.match(
    await admin.failure(node("get-registered-users-list"), { max_items: "1000" }),
    /bad-payload: .*is none of/,
  );
});

Deno.test("XEP-0133: for administrators only, and nobody reaches above", async () => {
  const [server, admin] = await begin();
  await using _ = server;
  const juliet = new CommandClient(await server.client("juliet/balcony"), "shakespeare.lit");
  assert.match(await juliet.failure(node("add-user")), /^cancel forbidden/);
  const remote = server.remote("capulet.com");
  await remote.send(`<iq id='1' from='bard@capulet.com/x' to='shakespeare.lit' type='set'>
    <command xmlns='http://jabber.org/protocol/commands' node='${node("add-user")}'/></iq>`);
  assert.match(failureOf(remote.expect("<iq id='1'/>")), /^cancel forbidden/);

  // The operator has no account yet: who makes it would be one.
  const will = { "accountjid": "will@shakespeare.lit", "password": PASSWORD, "password-verify": PASSWORD };
  assert.match(
    await admin.failure(node("add-user"), will),
    /^cancel forbidden: will@shakespeare.lit is above you/,
  );
  await server.host.accounts.create("will", PASSWORD);
  for (const name of ["delete-user", "disable-user", "reenable-user", "end-user-session"]) {
    assert.match(
      await admin.failure(node(name), { accountjids: "will@shakespeare.lit" }),
      /^cancel forbidden: will@shakespeare.lit is above you/,
      name,
    );
  }
  assert.match(
    await admin.failure(node("change-user-password"), {
      accountjid: "will@shakespeare.lit",
      password: "stolen it",
    }),
    /^cancel forbidden/,
  );
});
