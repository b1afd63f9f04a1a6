import { deepEqual, equal } from "node:assert/strict";
import { roomAccounts } from "../../plugins/muc/accounts.ts";
import {
  admin,
  ask,
  codesOf,
  configure,
  coven,
  enter,
  error,
  MUC,
  quietly,
  refused,
  ROOM,
  says,
  USER,
} from "./muc_world.ts";

const grant = (jid: string, affiliation: string, inner = "") =>
  admin(`<item jid='${jid}' affiliation='${affiliation}'>${inner}</item>`);
const list = (affiliation: string) => admin(`<item affiliation='${affiliation}'/>`);
const jids = (query: { elements(): { attr(name: string): string | undefined }[] } | undefined) =>
  query!.elements().map((item) => item.attr("jid")).sort();

Deno.test("XEP-0045 examples 110 to 114: a ban", async () => {
  await using it = await coven();
  await it.crone.send(
    `<iq type='set' id='ban1' to='${ROOM}'>${
      grant("hag66@a.test", "outcast", "<reason>Treason</reason>")
    }</iq>`,
  );
  const own = it.hag.expect(`<presence from='${ROOM}/thirdwitch' type='unavailable'><x xmlns='${USER}'>
    <item affiliation='outcast' role='none'><actor nick='firstwitch'/><reason>Treason</reason></item><status code='301'/></x></presence>`);
  deepEqual(codesOf(own), [110, 301]);
  it.crone.expectNext(`<iq type='result' id='ban1'/>`);
  const seen = it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch' type='unavailable'>${
      says("affiliation='outcast' role='none'")
    }</presence>`,
  );
  deepEqual(codesOf(seen), [301]);
  await it.hag.send(`<presence to='${ROOM}/thirdwitch'><x xmlns='${MUC}'/></presence>`);
  it.hag.expect(`<presence type='error'>${error("forbidden", "auth")}</presence>`);
});

Deno.test("XEP-0045 example 115: an admin cannot ban an owner, and nobody themselves", async () => {
  await using it = await coven();
  await ask(it.crone, "set", grant("wiccarocks@a.test", "admin"));
  await refused(it.wicca, "set", grant("crone1@a.test", "outcast"), "not-allowed", "cancel");
  await refused(it.wicca, "set", grant("wiccarocks@a.test", "outcast"), "conflict", "cancel");
  await refused(it.crone, "set", grant("crone1@a.test", "outcast"), "conflict", "cancel");
  await refused(it.hag, "set", grant("x@a.test", "outcast"), "forbidden", "auth");
});

Deno.test("XEP-0045 examples 116 to 119: the list of bans", async () => {
  await using it = await coven();
  await ask(it.crone, "set", grant("earlofcambridge@b.test", "outcast", "<reason>Treason</reason>"));
  const bans = await ask(it.crone, "get", list("outcast"));
  deepEqual(bans!.elements().map(({ attrs }) => ({ ...attrs })), [{
    affiliation: "outcast",
    jid: "earlofcambridge@b.test",
  }]);
  equal(bans!.first()!.childText("reason"), "Treason");
  await refused(it.hag, "get", list("outcast"), "forbidden", "auth");
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='outcast' jid='lordscroop@b.test'/><item affiliation='none' jid='earlofcambridge@b.test'/>`,
    ),
  );
  deepEqual(jids(await ask(it.crone, "get", list("outcast"))), ["lordscroop@b.test"]);
});

Deno.test("XEP-0045 examples 120 to 123: membership is granted, with a nickname", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='member' jid='hag66@a.test' nick='thirdwitch'><reason>A worthy witch indeed!</reason></item>`,
    ),
  );
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'><x xmlns='${USER}'><item affiliation='member' role='participant'>
    <reason>A worthy witch indeed!</reason></item></x></presence>`,
  );
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  await it.wicca.send(`<presence to='${ROOM}/thirdwitch'/>`);
  it.wicca.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
});

Deno.test("XEP-0045 examples 124 to 128: membership is revoked; in a room for members only that is the end (321)", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='member' jid='hag66@a.test'/><item affiliation='member' jid='wiccarocks@a.test'/>`,
    ),
  );
  quietly(it.wicca);
  await ask(it.crone, "set", grant("hag66@a.test", "none"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'>${says("affiliation='none' role='participant'")}</presence>`,
  );
  await ask(it.crone, "set", grant("hag66@a.test", "member"));
  await configure(it.crone, { membersonly: "1" });
  quietly(it.wicca, it.hag);
  await ask(it.crone, "set", grant("hag66@a.test", "none"));
  const own = it.hag.expectNext(
    `<presence from='${ROOM}/thirdwitch' type='unavailable'>${
      says("affiliation='none' role='none'", 110, 321)
    }</presence>`,
  );
  deepEqual(codesOf(own), [110, 321]);
  // §9.4: only the departure, not the loss before it.
  deepEqual(codesOf(it.wicca.expectNext(`<presence from='${ROOM}/thirdwitch' type='unavailable'/>`)), [321]);
});

Deno.test("XEP-0045 examples 129 to 133 and 136: the list of members, changed as a whole", async () => {
  await using it = await coven();
  await ask(it.crone, "set", grant("hag66@a.test", "member"));
  const members = await ask(it.crone, "get", list("member"));
  deepEqual(members!.elements().map(({ attrs }) => ({ ...attrs })), [
    { affiliation: "member", jid: "hag66@a.test", nick: "thirdwitch", role: "participant" },
  ]);
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='none' jid='hag66@a.test'/><item affiliation='member' jid='hecate@a.test/broom'/>`,
    ),
  );
  deepEqual(jids(await ask(it.crone, "get", list("member"))), ["hecate@a.test"]);
});

Deno.test("XEP-0045 §9.5, AC-2.2-5: members of a room with visible addresses read the three lists, as encryption needs", async () => {
  await using it = await coven({ fields: { membersonly: "0", whois: "anyone" } });
  await ask(
    it.crone,
    "set",
    admin(`<item affiliation='member' jid='hag66@a.test'/><item affiliation='member' jid='away@a.test'/>
    <item affiliation='admin' jid='wiccarocks@a.test'/>`),
  );
  await configure(it.crone, { membersonly: "1" });
  const [away, stranger] = await it.server.online("away/x", "stranger/x");
  for (const client of [it.hag, away]) {
    deepEqual(jids(await ask(client, "get", list("member"))), ["away@a.test", "hag66@a.test"]);
    deepEqual(jids(await ask(client, "get", list("admin"))), ["wiccarocks@a.test"]);
    deepEqual(jids(await ask(client, "get", list("owner"))), ["crone1@a.test"]);
    await refused(client, "get", list("outcast"), "forbidden", "auth");
  }
  await refused(stranger, "get", list("member"), "forbidden", "auth");
  await configure(it.crone, { whois: "moderators" });
  await refused(it.hag, "get", list("member"), "forbidden", "auth");
});

Deno.test("XEP-0045: those who may see addresses learn of members who are not there", async () => {
  await using it = await coven({ fields: { whois: "anyone" } });
  await ask(it.crone, "set", grant("hecate@a.test", "member"));
  it.hag.expect(`<message from='${ROOM}'>${says("affiliation='member' jid='hecate@a.test'")}</message>`);
});

Deno.test("XEP-0045 §18.1, rule 2, 101: who is not there is told of their new affiliation", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await ask(it.crone, "set", grant("hecate@a.test", "admin"));
  const told = hecate.expect(
    `<message from='${ROOM}' to='hecate@a.test'>${says("affiliation='admin'", 101)}</message>`,
  );
  deepEqual(codesOf(told), [101]);
  it.hag.quiet();
});

Deno.test("XEP-0045 examples 172 to 180: owners are made and unmade", async () => {
  await using it = await coven();
  await ask(it.crone, "set", grant("hag66@a.test/pda", "owner", "<reason>A worthy witch indeed!</reason>"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'>${says("affiliation='owner' role='moderator'")}</presence>`,
  );
  await ask(it.hag, "set", grant("crone1@a.test", "admin"));
  it.wicca.expect(
    `<presence from='${ROOM}/firstwitch'>${says("affiliation='admin' role='moderator'")}</presence>`,
  );
  await refused(it.crone, "set", grant("hecate@a.test", "owner"), "forbidden", "auth");
});

Deno.test("XEP-0045 §10.4: the last owner stays one", async () => {
  await using it = await coven();
  await refused(it.crone, "set", grant("crone1@a.test", "none"), "conflict", "cancel");
  await refused(
    it.crone,
    "set",
    admin(`<item affiliation='admin' jid='hag66@a.test'/><item affiliation='member' jid='crone1@a.test'/>`),
    "conflict",
    "cancel",
  );
  await ask(
    it.crone,
    "set",
    admin(`<item affiliation='owner' jid='hag66@a.test'/><item affiliation='member' jid='crone1@a.test'/>`),
  );
});

Deno.test("XEP-0045 examples 181 to 185 and 196 to 200: the lists of owners and admins", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='owner' jid='hecate@a.test'/><item affiliation='admin' jid='wiccarocks@a.test'/>`,
    ),
  );
  deepEqual(jids(await ask(it.crone, "get", list("owner"))), ["crone1@a.test", "hecate@a.test"]);
  deepEqual(jids(await ask(it.crone, "get", list("admin"))), ["wiccarocks@a.test"]);
  await refused(it.hag, "get", list("owner"), "forbidden", "auth");
  await refused(it.wicca, "set", grant("wiccarocks@a.test", "owner"), "forbidden", "auth");
  await refused(it.wicca, "set", grant("x@a.test", "admin"), "forbidden", "auth");
  await refused(it.wicca, "set", grant("hecate@a.test", "none"), "forbidden", "auth");
});

Deno.test("XEP-0045 examples 186 to 195: admins are made and unmade", async () => {
  await using it = await coven();
  await ask(it.crone, "set", grant("wiccarocks@a.test", "admin", "<reason>A worthy witch indeed!</reason>"));
  it.hag.expect(
    `<presence from='${ROOM}/secondwitch'>${says("affiliation='admin' role='moderator'")}</presence>`,
  );
  await ask(it.crone, "set", grant("wiccarocks@a.test", "none"));
  it.hag.expect(
    `<presence from='${ROOM}/secondwitch'>${says("affiliation='none' role='participant'")}</presence>`,
  );
  // An admin may step back.
  await ask(it.crone, "set", grant("wiccarocks@a.test", "admin"));
  await ask(it.wicca, "set", grant("wiccarocks@a.test", "member"));
});

Deno.test("AC-2.2-3: five changes, or none", async () => {
  await using it = await coven();
  const items = (last: string) =>
    admin([1, 2, 3, 4].map((i) => `<item affiliation='member' jid='m${i}@a.test'/>`).join("") + last);
  await refused(
    it.crone,
    "set",
    items(`<item affiliation='outcast' jid='crone1@a.test'/>`),
    "conflict",
    "cancel",
  );
  deepEqual(jids(await ask(it.crone, "get", list("member"))), []);
  await ask(it.crone, "set", items(`<item affiliation='member' jid='m5@a.test'/>`));
  deepEqual(jids(await ask(it.crone, "get", list("member"))), [1, 2, 3, 4, 5].map((i) => `m${i}@a.test`));
});

Deno.test("XEP-0045 §9.3: two people cannot have one nickname, also not in one batch", async () => {
  await using it = await coven();
  await refused(
    it.crone,
    "set",
    admin(
      `<item affiliation='member' jid='a@a.test' nick='n'/><item affiliation='member' jid='b@a.test' nick='n'/>`,
    ),
    "conflict",
    "cancel",
  );
  await refused(
    it.crone,
    "set",
    admin(`<item affiliation='member' jid='not a jid@@'/>`),
    "jid-malformed",
    "modify",
  );
  await refused(
    it.crone,
    "set",
    admin(`<item affiliation='witch' jid='a@a.test'/>`),
    "bad-request",
    "modify",
  );
  await ask(it.crone, "set", admin(`<item affiliation='member' nick='thirdwitch'/>`));
  deepEqual(jids(await ask(it.crone, "get", list("member"))), ["hag66@a.test"]);
});

Deno.test("AC-2.2-4, BUG-24: nobody becomes the owner of a room that has none by coming in", async () => {
  await using it = await coven({ fields: { persistentroom: "1" } });
  await ask(it.crone, "set", grant("gone@a.test", "owner"));
  await ask(it.crone, "set", grant("crone1@a.test", "none"));
  for (const client of [it.crone, it.wicca, it.hag]) {
    await client.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  }
  const [newcomer, root] = await it.server.online("newcomer/x", "root/x");
  const own = await enter(newcomer, "newcomer");
  equal(own.child("x", USER)!.child("item")!.attr("affiliation"), "none");
  await refused(root, "set", grant("root@a.test", "owner"), "forbidden", "auth");
  // Only an administrator, by asking for it.
  await ask(
    root,
    "set",
    `<command xmlns='http://jabber.org/protocol/commands' node='urn:metronome:rooms#override'/>`,
    "muc.a.test",
  );
  await ask(root, "set", grant("root@a.test", "owner"));
  deepEqual(jids(await ask(root, "get", list("owner"))), ["gone@a.test", "root@a.test"]);
});

Deno.test("an account that is removed owns no rooms any more, whoever has its name next", async () => {
  await using it = await coven({ fields: { persistentroom: "1" }, plugins: [roomAccounts] });
  await ask(it.crone, "set", grant("wiccarocks@a.test", "owner"));
  it.server.host.accounts.remove("crone1");
  await it.server.settle();
  it.hag.expect(`<presence from='${ROOM}/firstwitch' type='unavailable'/>`);
  deepEqual(jids(await ask(it.wicca, "get", list("owner"))), ["wiccarocks@a.test"]);
});
