/** Who may do what: guest, limited, member, admin, operator, one `may()` for all (issue 2, item 13). */
import assert from "node:assert/strict";
import { definePlugin, Jid, none, type Role, ROLES } from "#plugin";
import { testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { registration } from "../../plugins/stream/registration.ts";

type May = (jid: string, role: Role) => boolean;

/** Hands the `may()` that plugins ask to the test. */
function asking(found: Map<string, May>) {
  return definePlugin({
    name: "asking",
    doc: "Asks who may do what.",
    config: none,
    setup: (host) => void found.set(host.domain, (jid, role) => host.may(Jid.parse(jid), role)),
  });
}

/** The highest role that somebody has. */
function highest(may: May, jid: string): Role | undefined {
  return ROLES.findLast((role) => may(jid, role));
}

const CONFIG = {
  server: { admins: ["root@a.test", "far@elsewhere.test"] },
  host: { "a.test": { admins: ["boss@a.test"] }, "b.test": {} },
};

Deno.test("operators are operators everywhere, admins on their host, and a role includes those below it", async () => {
  const found = new Map<string, May>();
  await using server = await testServer({ plugins: [internal, asking(found)], config: CONFIG });
  const { accounts } = server.host;
  for (const name of ["root", "boss", "alice", "shy"]) await accounts.create(name, "correct horse");
  accounts.setRole("shy", "limited");
  const [a, b] = [found.get("a.test")!, found.get("b.test")!];
  assert.deepEqual(
    [
      "root@a.test",
      "far@elsewhere.test/desk",
      "boss@a.test",
      "alice@a.test",
      "shy@a.test",
      "nobody@a.test",
      "a.test",
    ]
      .map((jid) => highest(a, jid)),
    ["operator", "operator", "admin", "member", "limited", "guest", "guest"],
  );
  // Seen from another host, its accounts are nobody in particular; only operators go everywhere.
  assert.deepEqual(
    ["root@a.test", "boss@a.test", "alice@a.test"].map((jid) => highest(b, jid)),
    ["operator", "guest", "guest"],
  );
  for (const role of ROLES) assert.equal(a("boss@a.test/desk", role), role !== "operator");
});

Deno.test("a role that is given counts at once, and is gone with the account", async () => {
  const found = new Map<string, May>();
  await using server = await testServer({ plugins: [internal, asking(found)] });
  const { accounts } = server.host;
  const may = found.get("a.test")!;
  await accounts.create("alice", "correct horse", "admin");
  assert.equal(highest(may, "alice@a.test"), "admin");
  accounts.setRole("alice", undefined);
  assert.equal(highest(may, "alice@a.test"), "member");
  accounts.setRole("alice", "admin");
  accounts.remove("alice");
  assert.equal(highest(may, "alice@a.test"), "guest");
  await accounts.create("alice", "correct horse");
  assert.equal(highest(may, "alice@a.test"), "member");
});

Deno.test("an address of the configuration is the same in any spelling, and nobody can register it", async () => {
  await using server = await testServer({
    plugins: [internal, registration],
    config: {
      server: { admins: ["Root@A.test"] },
      defaults: { registration: { open: "everybody" } },
      host: { "a.test": { admins: ["Boss@a.test"] } },
    },
  });
  assert.deepEqual(["root", "boss"].map((local) => server.host.accounts.role(Jid.of(local, "a.test"))), [
    "operator",
    "admin",
  ]);
  for (const [name, answer] of [["ROOT", "error"], ["boss", "error"], ["alice", "result"]] as const) {
    const client = server.connect();
    await client.open();
    await client.send(
      `<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>${name}</username>` +
        `<password>wonderland</password></query></iq>`,
    );
    client.expect(`<iq type='${answer}' id='r'/>`);
  }
});

Deno.test("a host that nobody could find is refused with the name it must have", async () => {
  await assert.rejects(
    testServer({ plugins: [], host: "xn--bcher-kva.test" }),
    /host "xn--bcher-kva\.test": write its name as "bücher\.test"/,
  );
  await assert.rejects(
    testServer({ plugins: [], host: "a..test" }),
    /host "a\.\.test": the domain .* empty label/,
  );
});

Deno.test("the configuration's admins follow a reload", async () => {
  const found = new Map<string, May>();
  await using server = await testServer({ plugins: [internal, asking(found)] });
  await server.host.accounts.create("alice", "correct horse");
  const may = found.get("a.test")!;
  assert.equal(highest(may, "alice@a.test"), "member");
  await server.reload({ config: { host: { "a.test": { admins: ["alice@a.test"] } } } });
  assert.equal(highest(may, "alice@a.test"), "admin");
  await server.reload({ config: { server: { admins: ["alice@a.test"] } } });
  assert.equal(highest(may, "alice@a.test"), "operator");
});

Deno.test("who comes without an account is a guest", async () => {
  const found = new Map<string, May>();
  await using server = await testServer({ plugins: [anonymous, asking(found)] });
  assert.equal(server.host.accounts.exists("any"), false);
  assert.equal(highest(found.get("a.test")!, "any@a.test"), "guest");
});
