import { deepEqual, equal } from "node:assert/strict";
import type { TestClient } from "#testing";
import { mucLimits } from "../../plugins/rooms/limits.ts";
import {
  ask,
  configure,
  type Coven,
  coven,
  enter,
  error,
  MUC,
  owner,
  quietly,
  ROOM,
  USER,
  valuesOf,
} from "./muc_world.ts";

const LIMITS = { limits_enabled: "1", limits_stanzas: "3", limits_seconds: "6" };

function limited(
  fields: Record<string, string> = LIMITS,
  options: Record<string, unknown> = {},
): Promise<Coven> {
  return coven({ plugins: [mucLimits], fields, defaults: { muc_limits: options } });
}

/** Says something so many times, and gives how many errors came back. */
async function shout(client: TestClient, count: number, to = ROOM, type = "groupchat"): Promise<number> {
  client.clear();
  for (let i = 0; i < count; i++) {
    await client.send(`<message to='${to}' type='${type}' id='${i}'><body>${i}</body></message>`);
  }
  return client.inbox.filter((it) => it.attr("type") === "error").length;
}

Deno.test("FEATURES §3.5: rooms have fields of their own for the limits", async () => {
  await using it = await limited({}, { stanzas: 4, seconds: 8 });
  deepEqual(await valuesOf(it.crone, "limits_enabled"), ["0"]);
  deepEqual(await valuesOf(it.crone, "limits_stanzas"), ["4"]);
  deepEqual(await valuesOf(it.crone, "limits_seconds"), ["8"]);
  await it.crone.send(
    `<iq type='set' id='1' to='${ROOM}'>${
      owner(
        `<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_limits_stanzas'><value>0</value></field></x>`,
      )
    }</iq>`,
  );
  it.crone.expect(`<iq type='error' id='1'>${error("bad-request", "*")}</iq>`);
});

Deno.test("FEATURES §1.H H13: what is too much comes back with wait/policy-violation, and later it goes on", async () => {
  await using it = await limited();
  quietly(it.hag, it.wicca);
  equal(await shout(it.wicca, 5), 2);
  const back = it.wicca.inbox.find((one) => one.attr("type") === "error")!;
  equal(back.attr("from"), ROOM);
  equal(back.child("error")!.attr("by"), ROOM);
  it.wicca.expect(
    `<message type='error' id='4' from='${ROOM}'><error type='wait'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>` +
      `<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>at most 3 messages in 6 seconds; try again in 2 s</text></error></message>`,
  );
  equal(it.hag.inbox.filter((one) => one.has("body")).length, 3);
  await it.server.clock.advance("2 s");
  equal(await shout(it.wicca, 2), 1);
  // Private messages are messages; others are not held up by one.
  equal(await shout(it.wicca, 1, `${ROOM}/thirdwitch`, "chat"), 1);
  equal(await shout(it.hag, 3), 0);
});

Deno.test("FEATURES §1.H H13: owners, members and moderators are free", async () => {
  await using it = await limited();
  equal(await shout(it.crone, 20), 0);
  equal(await shout(it.hag, 5), 2);
  await ask(
    it.crone,
    "set",
    `<query xmlns='${MUC}#admin'><item nick='thirdwitch' affiliation='member'/></query>`,
  );
  equal(await shout(it.hag, 20), 0);
  await ask(
    it.crone,
    "set",
    `<query xmlns='${MUC}#admin'><item nick='secondwitch' role='moderator'/></query>`,
  );
  equal(await shout(it.wicca, 20), 0);
});

Deno.test("FEATURES §1.H H13: which affiliations are free, and which servers, is configured", async () => {
  await using it = await limited(LIMITS, { exempt: [], exempt_domains: ["b.test"] });
  await ask(
    it.crone,
    "set",
    `<query xmlns='${MUC}#admin'><item nick='thirdwitch' affiliation='member'/></query>`,
  );
  equal(await shout(it.hag, 5), 2);
  const remote = it.server.remote("b.test");
  await remote.send(`<presence from='bob@b.test/x' to='${ROOM}/bob'><x xmlns='${MUC}'/></presence>`);
  for (let i = 0; i < 9; i++) {
    await remote.send(
      `<message from='bob@b.test/x' to='${ROOM}' type='groupchat'><body>${i}</body></message>`,
    );
  }
  equal(remote.inbox.some((one) => one.attr("type") === "error"), false);
});

Deno.test("FEATURES §1.H H13: changes of presence are limited; going never is", async () => {
  await using it = await limited();
  for (let i = 0; i < 3; i++) {
    await it.wicca.send(`<presence to='${ROOM}/secondwitch'><status>${i}</status></presence>`);
  }
  quietly(it.wicca, it.hag);
  await it.wicca.send(`<presence to='${ROOM}/secondwitch' id='p'><status>3</status></presence>`);
  it.wicca.expect(
    `<presence type='error' id='p' from='${ROOM}/secondwitch'>${
      error("policy-violation", "wait")
    }</presence>`,
  );
  it.hag.quiet();
  // Messages are counted on their own.
  equal(await shout(it.wicca, 3), 0);
  quietly(it.hag);
  await it.wicca.send(`<presence to='${ROOM}/secondwitch' type='unavailable'/>`);
  it.hag.expect(`<presence type='unavailable' from='${ROOM}/secondwitch'/>`);
});

Deno.test("FEATURES §1.H H13: who leaves and comes again is counted; so is everybody who comes, together", async () => {
  await using it = await limited(LIMITS, { newcomers: 5 });
  for (let i = 0; i < 2; i++) {
    await it.wicca.send(`<presence to='${ROOM}/secondwitch' type='unavailable'/>`);
    await enter(it.wicca, "secondwitch");
  }
  await it.wicca.send(`<presence to='${ROOM}/secondwitch' type='unavailable'/>`);
  quietly(it.wicca);
  const join = `<presence to='${ROOM}/secondwitch' id='j'><x xmlns='${MUC}'/></presence>`;
  await it.wicca.send(join);
  it.wicca.expect(
    `<presence type='error' id='j' from='${ROOM}/secondwitch'>${
      error("policy-violation", "wait")
    }</presence>`,
  );
  const [one, two] = await it.server.online("one/x", "two/x");
  await enter(one, "one");
  await two.send(`<presence to='${ROOM}/two' id='j'><x xmlns='${MUC}'/></presence>`);
  two.expect(
    `<presence type='error' id='j'><error type='wait'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
  );
  await it.server.clock.advance("1 min");
  await enter(two, "two");
  await enter(it.wicca, "secondwitch");
});

Deno.test("FEATURES §1.H H13: who does not stop is removed, and the stream of their server stays", async () => {
  await using it = await limited(LIMITS, { remove_after: 4 });
  const remote = it.server.remote("b.test");
  const join = (who: string) =>
    remote.send(`<presence from='${who}@b.test/x' to='${ROOM}/${who}'><x xmlns='${MUC}'/></presence>`);
  await join("bob");
  await join("eve");
  for (let i = 0; i < 7; i++) {
    await remote.send(
      `<message from='eve@b.test/x' to='${ROOM}' type='groupchat'><body>${i}</body></message>`,
    );
  }
  remote.expect(
    `<presence type='unavailable' from='${ROOM}/eve' to='eve@b.test/x'><x xmlns='${USER}'><status code='307'/></x></presence>`,
  );
  it.hag.expect(`<presence type='unavailable' from='${ROOM}/eve'/>`);
  await remote.send(
    `<message from='bob@b.test/x' to='${ROOM}' type='groupchat'><body>still here</body></message>`,
  );
  it.hag.expect(`<message from='${ROOM}/bob'><body>still here</body></message>`);
  // A session of this server is as it was, too.
  quietly(it.wicca);
  equal(await shout(it.wicca, 7), 4);
  await enter(it.wicca, "secondwitch");
});

Deno.test("FEATURES §3.5: where owners have set no limit, there is a loose one", async () => {
  await using it = await limited({}, { stanzas: 2, seconds: 60, loose: 5 });
  equal(await shout(it.wicca, 12), 2);
  await configure(it.crone, { limits_enabled: "1", limits_stanzas: "4", limits_seconds: "60" });
  equal(await shout(it.wicca, 5), 1);
});
