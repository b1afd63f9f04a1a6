import { deepEqual, equal } from "node:assert/strict";
import { roomAccounts } from "../../plugins/muc/accounts.ts";
import {
  affiliation,
  change,
  gone,
  jidsOf,
  listOf,
  occupant,
  reason,
  refusedChange,
  refusedList,
} from "./muc_changes.ts";
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
  ROOM,
  says,
  USER,
} from "./muc_world.ts";

Deno.test("XEP-0045 examples 110 to 114: a ban", async () => {
  await using it = await coven();
  await it.crone.send(
    `<iq type='set' id='ban1' to='${ROOM}'>${
      admin(affiliation("hag66@a.test", "outcast", reason("Treason")))
    }</iq>`,
  );
  const why = `<actor nick='firstwitch'/>${reason("Treason")}`;
  const own = it.hag.expect(gone("thirdwitch", "affiliation='outcast' role='none'", why, 301));
  deepEqual(codesOf(own), [110, 301]);
  it.crone.expectNext(`<iq type='result' id='ban1'/>`);
  const seen = it.wicca.expect(gone("thirdwitch", "affiliation='outcast' role='none'"));
  deepEqual(codesOf(seen), [301]);
  await it.hag.send(`<presence to='${ROOM}/thirdwitch'><x xmlns='${MUC}'/></presence>`);
  it.hag.expect(`<presence type='error'>${error("forbidden", "auth")}</presence>`);
});

Deno.test("XEP-0045 example 115: an admin cannot ban an owner, and nobody themselves", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("wiccarocks@a.test", "admin"));
  await refusedChange(it.wicca, "not-allowed", "cancel", affiliation("crone1@a.test", "outcast"));
  await refusedChange(it.wicca, "conflict", "cancel", affiliation("wiccarocks@a.test", "outcast"));
  await refusedChange(it.crone, "conflict", "cancel", affiliation("crone1@a.test", "outcast"));
  await refusedChange(it.hag, "forbidden", "auth", affiliation("x@a.test", "outcast"));
});

Deno.test("XEP-0045 examples 116 to 119: the list of bans", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("earlofcambridge@b.test", "outcast", reason("Treason")));
  const bans = await listOf(it.crone, "affiliation='outcast'");
  deepEqual(bans.map(({ attrs }) => ({ ...attrs })), [{
    affiliation: "outcast",
    jid: "earlofcambridge@b.test",
  }]);
  equal(bans[0]!.childText("reason"), "Treason");
  await refusedList(it.hag, "affiliation='outcast'");
  await change(
    it.crone,
    affiliation("lordscroop@b.test", "outcast"),
    affiliation("earlofcambridge@b.test", "none"),
  );
  deepEqual(await jidsOf(it.crone, "outcast"), ["lordscroop@b.test"]);
});

Deno.test("XEP-0045 examples 120 to 123: membership is granted, with a nickname", async () => {
  await using it = await coven();
  await change(
    it.crone,
    `<item affiliation='member' jid='hag66@a.test' nick='thirdwitch'><reason>A worthy witch indeed!</reason></item>`,
  );
  it.wicca.expect(
    occupant("thirdwitch", "affiliation='member' role='participant'", reason("A worthy witch indeed!")),
  );
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  await it.wicca.send(`<presence to='${ROOM}/thirdwitch'/>`);
  it.wicca.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
});

Deno.test("XEP-0045 examples 124 to 128: membership is revoked; in a room for members only that is the end (321)", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("hag66@a.test", "member"), affiliation("wiccarocks@a.test", "member"));
  quietly(it.wicca);
  await change(it.crone, affiliation("hag66@a.test", "none"));
  it.wicca.expect(occupant("thirdwitch", "affiliation='none' role='participant'"));
  await change(it.crone, affiliation("hag66@a.test", "member"));
  await configure(it.crone, { membersonly: "1" });
  quietly(it.wicca, it.hag);
  await change(it.crone, affiliation("hag66@a.test", "none"));
  const own = it.hag.expectNext(gone("thirdwitch", "affiliation='none' role='none'", "", 110, 321));
  deepEqual(codesOf(own), [110, 321]);
  // §9.4: only the departure, not the loss before it.
  deepEqual(codesOf(it.wicca.expectNext(`<presence from='${ROOM}/thirdwitch' type='unavailable'/>`)), [321]);
});

Deno.test("XEP-0045 examples 129 to 133 and 136: the list of members, changed as a whole", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("hag66@a.test", "member"));
  const members = await listOf(it.crone, "affiliation='member'");
  deepEqual(members.map(({ attrs }) => ({ ...attrs })), [
    { affiliation: "member", jid: "hag66@a.test", nick: "thirdwitch", role: "participant" },
  ]);
  await change(it.crone, affiliation("hag66@a.test", "none"), affiliation("hecate@a.test/broom", "member"));
  deepEqual(await jidsOf(it.crone, "member"), ["hecate@a.test"]);
});

Deno.test("XEP-0045 §9.5, AC-2.2-5: members of a room with visible addresses read the three lists, as encryption needs", async () => {
  await using it = await coven({ fields: { membersonly: "0", whois: "anyone" } });
  await change(
    it.crone,
    affiliation("hag66@a.test", "member"),
    affiliation("away@a.test", "member"),
    affiliation("wiccarocks@a.test", "admin"),
  );
  await configure(it.crone, { membersonly: "1" });
  const [away, stranger] = await it.server.online("away/x", "stranger/x");
  for (const client of [it.hag, away]) {
    deepEqual(await jidsOf(client, "member"), ["away@a.test", "hag66@a.test"]);
    deepEqual(await jidsOf(client, "admin"), ["wiccarocks@a.test"]);
    deepEqual(await jidsOf(client, "owner"), ["crone1@a.test"]);
    await refusedList(client, "affiliation='outcast'");
  }
  await refusedList(stranger, "affiliation='member'");
  await configure(it.crone, { whois: "moderators" });
  await refusedList(it.hag, "affiliation='member'");
});

Deno.test("XEP-0045: those who may see addresses learn of members who are not there", async () => {
  await using it = await coven({ fields: { whois: "anyone" } });
  await change(it.crone, affiliation("hecate@a.test", "member"));
  it.hag.expect(`<message from='${ROOM}'>${says("affiliation='member' jid='hecate@a.test'")}</message>`);
});

Deno.test("XEP-0045 §18.1, rule 2, 101: who is not there is told of their new affiliation", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await change(it.crone, affiliation("hecate@a.test", "admin"));
  const told = hecate.expect(
    `<message from='${ROOM}' to='hecate@a.test'>${says("affiliation='admin'", 101)}</message>`,
  );
  deepEqual(codesOf(told), [101]);
  it.hag.quiet();
});

Deno.test("XEP-0045 examples 172 to 180: owners are made and unmade", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("hag66@a.test/pda", "owner", reason("A worthy witch indeed!")));
  it.wicca.expect(occupant("thirdwitch", "affiliation='owner' role='moderator'"));
  await change(it.hag, affiliation("crone1@a.test", "admin"));
  it.wicca.expect(occupant("firstwitch", "affiliation='admin' role='moderator'"));
  await refusedChange(it.crone, "forbidden", "auth", affiliation("hecate@a.test", "owner"));
});

Deno.test("XEP-0045 §10.4: the last owner stays one", async () => {
  await using it = await coven();
  await refusedChange(it.crone, "conflict", "cancel", affiliation("crone1@a.test", "none"));
  await refusedChange(
    it.crone,
    "conflict",
    "cancel",
    affiliation("hag66@a.test", "admin"),
    affiliation("crone1@a.test", "member"),
  );
  await change(it.crone, affiliation("hag66@a.test", "owner"), affiliation("crone1@a.test", "member"));
});

Deno.test("XEP-0045 examples 181 to 185 and 196 to 200: the lists of owners and admins", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("hecate@a.test", "owner"), affiliation("wiccarocks@a.test", "admin"));
  deepEqual(await jidsOf(it.crone, "owner"), ["crone1@a.test", "hecate@a.test"]);
  deepEqual(await jidsOf(it.crone, "admin"), ["wiccarocks@a.test"]);
  await refusedList(it.hag, "affiliation='owner'");
  await refusedChange(it.wicca, "forbidden", "auth", affiliation("wiccarocks@a.test", "owner"));
  await refusedChange(it.wicca, "forbidden", "auth", affiliation("x@a.test", "admin"));
  await refusedChange(it.wicca, "forbidden", "auth", affiliation("hecate@a.test", "none"));
});

Deno.test("XEP-0045 examples 186 to 195: admins are made and unmade", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("wiccarocks@a.test", "admin", reason("A worthy witch indeed!")));
  it.hag.expect(occupant("secondwitch", "affiliation='admin' role='moderator'"));
  await change(it.crone, affiliation("wiccarocks@a.test", "none"));
  it.hag.expect(occupant("secondwitch", "affiliation='none' role='participant'"));
  // An admin may step back.
  await change(it.crone, affiliation("wiccarocks@a.test", "admin"));
  await change(it.wicca, affiliation("wiccarocks@a.test", "member"));
});

Deno.test("AC-2.2-3: five changes, or none", async () => {
  await using it = await coven();
  const four = [1, 2, 3, 4].map((i) => affiliation(`m${i}@a.test`, "member"));
  await refusedChange(it.crone, "conflict", "cancel", ...four, affiliation("crone1@a.test", "outcast"));
  deepEqual(await jidsOf(it.crone, "member"), []);
  await change(it.crone, ...four, affiliation("m5@a.test", "member"));
  deepEqual(await jidsOf(it.crone, "member"), [1, 2, 3, 4, 5].map((i) => `m${i}@a.test`));
});

Deno.test("XEP-0045 §9.3: two people cannot have one nickname, also not in one batch", async () => {
  await using it = await coven();
  await refusedChange(
    it.crone,
    "conflict",
    "cancel",
    `<item affiliation='member' jid='a@a.test' nick='n'/>`,
    `<item affiliation='member' jid='b@a.test' nick='n'/>`,
  );
  await refusedChange(it.crone, "jid-malformed", "modify", affiliation("not a jid@@", "member"));
  await refusedChange(it.crone, "bad-request", "modify", affiliation("a@a.test", "witch"));
  await change(it.crone, `<item affiliation='member' nick='thirdwitch'/>`);
  deepEqual(await jidsOf(it.crone, "member"), ["hag66@a.test"]);
});

Deno.test("AC-2.2-4, BUG-24: nobody becomes the owner of a room that has none by coming in", async () => {
  await using it = await coven({ fields: { persistentroom: "1" } });
  await change(it.crone, affiliation("gone@a.test", "owner"));
  await change(it.crone, affiliation("crone1@a.test", "none"));
  for (const client of [it.crone, it.wicca, it.hag]) {
    await client.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  }
  const [newcomer, root] = await it.server.online("newcomer/x", "root/x");
  const own = await enter(newcomer, "newcomer");
  equal(own.child("x", USER)!.child("item")!.attr("affiliation"), "none");
  await refusedChange(root, "forbidden", "auth", affiliation("root@a.test", "owner"));
  // Only an administrator, by asking for it.
  await ask(
    root,
    "set",
    `<command xmlns='http://jabber.org/protocol/commands' node='urn:metronome:rooms#override'/>`,
    "muc.a.test",
  );
  await change(root, affiliation("root@a.test", "owner"));
  deepEqual(await jidsOf(root, "owner"), ["gone@a.test", "root@a.test"]);
});

Deno.test("an account that is removed owns no rooms any more, whoever has its name next", async () => {
  await using it = await coven({ fields: { persistentroom: "1" }, plugins: [roomAccounts] });
  await change(it.crone, affiliation("wiccarocks@a.test", "owner"));
  it.server.host.accounts.remove("crone1");
  await it.server.settle();
  it.hag.expect(`<presence from='${ROOM}/firstwitch' type='unavailable'/>`);
  deepEqual(await jidsOf(it.wicca, "owner"), ["wiccarocks@a.test"]);
});
