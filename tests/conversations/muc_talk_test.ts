import { deepEqual, equal, ok } from "node:assert/strict";
import { blocking } from "../../plugins/privacy/blocking.ts";
import {
  codesOf,
  configOf,
  configure,
  coven,
  enter,
  error,
  inboxOf,
  MUC,
  quietly,
  ROOM,
  says,
  USER,
} from "./muc_world.ts";

const say = (body: string, rest = "") =>
  `<message to='${ROOM}' type='groupchat' id='${body}'><body>${body}</body>${rest}</message>`;

Deno.test("XEP-0045 examples 44 and 45: a message goes to everybody, with the id that it was given", async () => {
  await using it = await coven();
  await it.hag.send(
    `<message to='${ROOM}' type='groupchat' id='hysf1v37' xml:lang='en'><body>Harpier cries.</body>
    <origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>`,
  );
  for (const client of [it.crone, it.wicca, it.hag]) {
    client.expect(`<message from='${ROOM}/thirdwitch' id='hysf1v37' type='groupchat' xml:lang='en'>
      <body>Harpier cries.</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>`);
    client.quiet();
  }
});

Deno.test("XEP-0045 §7.4: a message without an id gets one, the same for all", async () => {
  await using it = await coven();
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>x</body></message>`);
  const [one, two] = [it.crone.expect("<message/>"), it.wicca.expect("<message/>")];
  ok(one.attr("id") !== undefined);
  equal(one.attr("id"), two.attr("id"));
});

Deno.test("XEP-0045 §7.4: who is not in a room cannot speak in it, nor can visitors", async () => {
  await using it = await coven();
  const [stranger] = await it.server.online("stranger/x");
  await stranger.send(say("hello"));
  stranger.expect(
    `<message type='error' id='hello' from='${ROOM}'>${error("not-acceptable", "cancel")}</message>`,
  );
  await configure(it.crone, { moderatedroom: "1" });
  await enter(stranger, "visitor");
  await stranger.send(say("voiceless"));
  stranger.expect(`<message type='error' id='voiceless'>${error("forbidden", "auth")}</message>`);
  it.crone.never("<message><body>voiceless</body></message>");
});

Deno.test("XEP-0045 §17.2, rule 3: a room that is not there", async () => {
  await using it = await coven();
  await it.hag.send(`<message to='nowhere@muc.a.test' type='groupchat' id='1'><body>x</body></message>`);
  it.hag.expect(`<message type='error' id='1'>${error("item-not-found", "cancel")}</message>`);
  await it.hag.send(`<message to='${ROOM}' type='chat' id='2'><body>x</body></message>`);
  it.hag.expect(`<message type='error' id='2'>${error("bad-request", "modify")}</message>`);
});

Deno.test("XEP-0045 example 33: history is stamped, in the name of the room", async () => {
  await using it = await coven();
  const spoken = new Date(it.server.clock.now()).toISOString().replace(".000Z", "Z");
  await it.wicca.send(say("Thrice and once the hedge-pig whined."));
  await it.server.clock.advance("1 minute");
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "fourthwitch");
  const old = hecate.expect(`<message from='${ROOM}/secondwitch' to='hecate@a.test/broom' type='groupchat'>
    <body>Thrice and once the hedge-pig whined.</body><delay xmlns='urn:xmpp:delay' from='${ROOM}' stamp='*'/></message>`);
  equal(
    old.child("delay", "urn:xmpp:delay")!.attr("stamp")!.replace(/\.\d+Z/, "Z"),
    spoken.replace(/\.\d+Z/, "Z"),
  );
  equal(old.elements().filter(({ name }) => name === "occupant-id").length, 1);
});

Deno.test("XEP-0045 §7.9, example 62: prior history keeps its own stamps", async () => {
  await using it = await coven();
  await it.crone.send(
    say("prior", `<delay xmlns='urn:xmpp:delay' from='crone1@a.test/desktop' stamp='2004-09-29T01:54:37Z'/>`),
  );
  it.hag.expect(`<message><body>prior</body>
    <delay xmlns='urn:xmpp:delay' from='crone1@a.test/desktop' stamp='2004-09-29T01:54:37Z'/></message>`);
});

Deno.test("XEP-0045 examples 35 to 39: as much history as somebody wants", async () => {
  await using it = await coven();
  for (let i = 1; i <= 5; i++) {
    await it.hag.send(say(`m${i}`));
    await it.server.clock.advance("60 seconds");
  }
  const [hecate] = await it.server.online("hecate/broom");
  const got = async (history: string) => {
    await enter(hecate, "fourthwitch", history);
    const bodies = inboxOf(hecate).filter((line) => line.startsWith("thirdwitch:m")).map((line) =>
      line.slice(11)
    ).join(",");
    await hecate.send(`<presence to='${ROOM}/fourthwitch' type='unavailable'/>`);
    quietly(hecate);
    return bodies;
  };
  equal(await got(""), "m1,m2,m3,m4,m5");
  equal(await got("<history maxstanzas='2'/>"), "m4,m5");
  equal(await got("<history seconds='150'/>"), "m4,m5");
  equal(await got("<history since='1970-01-01T00:00:00Z'/>"), "m1,m2,m3,m4,m5");
  equal(await got("<history maxchars='0'/>"), "");
  equal(await got("<history maxchars='65000'/>"), "m1,m2,m3,m4,m5");
  const one = 420;
  const some = await got(`<history maxchars='${one * 2}'/>`);
  ok(some === "m4,m5" || some === "m5" || some === "m3,m4,m5", some);
  equal(await got("<history maxstanzas='4' seconds='90'/>"), "m5");
  equal(await got("<history maxstanzas='nonsense'/>"), "m1,m2,m3,m4,m5");
});

Deno.test("XEP-0045 §7.2.13: signs of somebody writing are no history", async () => {
  await using it = await coven();
  await it.hag.send(
    `<message to='${ROOM}' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  );
  it.crone.expect("<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "fourthwitch");
  hecate.never(`<message from='${ROOM}/thirdwitch'/>`);
});

Deno.test("XEP-0045 examples 40 and 41: the subject, stamped; or that there is none", async () => {
  await using it = await coven();
  await it.crone.send(
    `<message to='${ROOM}' type='groupchat'><subject>Fire Burn and Cauldron Bubble!</subject></message>`,
  );
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "fourthwitch");
  hecate.expect(
    `<message from='${ROOM}/firstwitch' type='groupchat'><subject>Fire Burn and Cauldron Bubble!</subject>
    <delay xmlns='urn:xmpp:delay' from='${ROOM}' stamp='*'/></message>`,
  );
});

Deno.test("XEP-0045 examples 46 and 47: a private message, marked as one, from an address in the room", async () => {
  await using it = await coven();
  await it.wicca.send(
    `<message to='${ROOM}/firstwitch' type='chat' id='hgn27af1'><body>I'll give thee a wind.</body></message>`,
  );
  const seen = it.crone.expect(
    `<message from='${ROOM}/secondwitch' to='crone1@a.test/desktop' type='chat' id='hgn27af1'>
    <body>I'll give thee a wind.</body><x xmlns='${USER}'/><occupant-id xmlns='urn:xmpp:occupant-id:0'/></message>`,
  );
  equal(seen.elements().filter(({ ns }) => ns === USER).length, 1);
  it.hag.quiet();
});

Deno.test("XEP-0045 example 48: a private message is not of the type groupchat", async () => {
  await using it = await coven();
  await it.wicca.send(`<message to='${ROOM}/firstwitch' type='groupchat' id='1'><body>x</body></message>`);
  it.wicca.expect(
    `<message type='error' id='1' from='${ROOM}/firstwitch'>${error("bad-request", "modify")}</message>`,
  );
  it.crone.quiet();
});

Deno.test("XEP-0045 §7.5: nobody by that name; nobody who is not here; not where it is not allowed", async () => {
  await using it = await coven();
  await it.wicca.send(`<message to='${ROOM}/nobody' type='chat' id='1'><body>x</body></message>`);
  it.wicca.expect(`<message type='error' id='1'>${error("item-not-found", "cancel")}</message>`);
  const [stranger] = await it.server.online("stranger/x");
  await stranger.send(`<message to='${ROOM}/firstwitch' type='chat' id='2'><body>x</body></message>`);
  stranger.expect(`<message type='error' id='2'>${error("not-acceptable", "cancel")}</message>`);
  await configure(it.crone, { allowpm: "moderators" });
  quietly(it.hag, it.wicca);
  await it.wicca.send(`<message to='${ROOM}/thirdwitch' type='chat' id='3'><body>x</body></message>`);
  it.wicca.expect(`<message type='error' id='3'>${error("forbidden", "cancel")}</message>`);
  it.hag.quiet();
});

Deno.test("XEP-0045: what comes back of a private message is told to who sent it", async () => {
  await using it = await coven();
  await it.wicca.send(`<message to='${ROOM}/thirdwitch' type='chat' id='pm1'><body>x</body></message>`);
  await it.hag.send(
    `<message to='${ROOM}/secondwitch' type='error' id='pm1'>${error("not-acceptable", "modify")}</message>`,
  );
  it.wicca.expect(
    `<message from='${ROOM}/thirdwitch' type='error' id='pm1'>${error("not-acceptable", "modify")}</message>`,
  );
  await it.wicca.send(say("to all"));
  quietly(it.wicca);
  await it.hag.send(
    `<message to='${ROOM}/secondwitch' type='error' id='to all'>${
      error("not-acceptable", "modify")
    }</message>`,
  );
  it.wicca.quiet();
});

Deno.test("XEP-0045 examples 54 and 55: news of somebody", async () => {
  await using it = await coven();
  await it.hag.send(
    `<presence to='${ROOM}/thirdwitch' id='n1'><show>xa</show><status>gone where the goblins go</status></presence>`,
  );
  it.crone.expect(
    `<presence from='${ROOM}/thirdwitch'><show>xa</show><status>gone where the goblins go</status>
    ${says("affiliation='none' role='participant' jid='hag66@a.test/pda'")}</presence>`,
  );
  const own = it.hag.expect(`<presence from='${ROOM}/thirdwitch' id='n1'><show>xa</show></presence>`);
  deepEqual(codesOf(own), [110]);
});

Deno.test("XEP-0045 examples 80 to 83: going, with words", async () => {
  await using it = await coven();
  await it.hag.send(
    `<presence to='${ROOM}/thirdwitch' type='unavailable'><status>gone where the goblins go</status></presence>`,
  );
  const own = it.hag.expect(`<presence from='${ROOM}/thirdwitch' type='unavailable'>
    ${says("affiliation='none' role='none' jid='hag66@a.test/pda'", 110)}</presence>`);
  deepEqual(codesOf(own), [110]);
  it.crone.expect(
    `<presence from='${ROOM}/thirdwitch' type='unavailable'><status>gone where the goblins go</status>
    ${says("affiliation='none' role='none' jid='hag66@a.test/pda'")}</presence>`,
  );
  it.wicca.expect(`<presence from='${ROOM}/thirdwitch' type='unavailable'>${says("role='none'")}</presence>`);
});

Deno.test("XEP-0045 §7.14: a broken connection is a departure", async () => {
  await using it = await coven();
  await it.hag.cut();
  it.crone.expect(`<presence from='${ROOM}/thirdwitch' type='unavailable'>${says("role='none'")}</presence>`);
});

Deno.test("XEP-0045 §7.14: a room that does not stay goes with the last who leaves", async () => {
  await using it = await coven();
  for (const client of [it.crone, it.wicca, it.hag]) {
    await client.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  }
  await it.hag.send(`<presence to='${ROOM}/hag'><x xmlns='${MUC}'/></presence>`);
  const own = it.hag.expect(
    `<presence from='${ROOM}/hag'>${says("affiliation='owner'", 110, 201)}</presence>`,
  );
  deepEqual(codesOf(own), [110, 201]);
});

Deno.test("XEP-0045 examples 84 to 88: the subject is the moderators' to change", async () => {
  await using it = await coven();
  const subject = (text: string, id: string) =>
    `<message to='${ROOM}' type='groupchat' id='${id}'><subject>${text}</subject></message>`;
  await it.crone.send(subject("Fire Burn and Cauldron Bubble!", "1"));
  for (const client of [it.crone, it.wicca, it.hag]) {
    client.expect(
      `<message from='${ROOM}/firstwitch' type='groupchat' id='1'><subject>Fire Burn and Cauldron Bubble!</subject></message>`,
    );
  }
  await it.wicca.send(subject("no", "2"));
  it.wicca.expect(`<message from='${ROOM}' type='error' id='2'>${error("forbidden", "auth")}</message>`);
  await it.crone.send(`<message to='${ROOM}' type='groupchat' id='3'><subject/></message>`);
  it.hag.expect(`<message from='${ROOM}/firstwitch' id='3'><subject/></message>`);
  await configure(it.crone, { changesubject: "1" });
  await it.wicca.send(subject("mine", "4"));
  it.hag.expect(`<message from='${ROOM}/secondwitch' id='4'><subject>mine</subject></message>`);
});

Deno.test("XEP-0045 §8.1: a subject with a body or a thread is a message like others", async () => {
  await using it = await coven();
  await it.wicca.send(
    `<message to='${ROOM}' type='groupchat' id='1'><subject>s</subject><body>b</body></message>`,
  );
  it.hag.expect(`<message from='${ROOM}/secondwitch' id='1'><subject>s</subject><body>b</body></message>`);
  await it.wicca.send(
    `<message to='${ROOM}' type='groupchat' id='2'><subject>s</subject><thread>t</thread></message>`,
  );
  it.hag.expect(`<message id='2'><subject>s</subject><thread>t</thread></message>`);
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "fourthwitch", "<history maxstanzas='0'/>");
  hecate.expect(`<message from='${ROOM}'><subject/></message>`);
});

Deno.test("XEP-0045 §18.1.2, examples 205 and 206: who cannot be reached is removed, device by device", async () => {
  await using it = await coven();
  const far = it.server.remote("far.test");
  await far.send(`<presence from='x@far.test/1' to='${ROOM}/far'><x xmlns='${MUC}'/></presence>`);
  await far.send(`<presence from='x@far.test/2' to='${ROOM}/far'><x xmlns='${MUC}'/></presence>`);
  quietly(it.crone, it.hag);
  await it.hag.send(say("one"));
  const bounce = (device: string, condition: string, type: string, name = "message") =>
    `<${name} from='x@far.test/${device}' to='${ROOM}/thirdwitch' type='error' id='one'>${
      error(condition, type)
    }</${name}>`;
  far.inbox.length = 0;
  await far.send(bounce("1", "recipient-unavailable", "wait"));
  it.crone.never("<presence type='unavailable'/>");
  far.expect(`<presence to='x@far.test/1' type='unavailable'>${says("role='none'", 110, 333)}</presence>`);
  await far.send(bounce("2", "remote-server-not-found", "cancel", "presence"));
  const gone = it.crone.expect(
    `<presence type='unavailable' from='${ROOM}/far'>${says("role='none'", 333)}</presence>`,
  );
  deepEqual(codesOf(gone), [333]);
});

Deno.test("XEP-0045 §18.1.2: where it is not sure, the room asks", async () => {
  await using it = await coven();
  const far = it.server.remote("far.test");
  await far.send(`<presence from='x@far.test/1' to='${ROOM}/far'><x xmlns='${MUC}'/></presence>`);
  quietly(it.crone);
  const bounce = `<message from='x@far.test/1' to='${ROOM}/thirdwitch' type='error' id='1'>${
    error("service-unavailable", "cancel")
  }</message>`;
  await far.send(bounce);
  const ping = far.expect(
    `<iq type='get' from='${ROOM}' to='x@far.test/1'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  await far.send(`<iq type='result' from='x@far.test/1' to='${ROOM}' id='${ping.attr("id")}'/>`);
  it.crone.never("<presence type='unavailable'/>");
  await it.server.clock.advance("2 minutes");
  await far.send(bounce);
  const again = far.expect(
    `<iq type='get' from='${ROOM}' to='x@far.test/1'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  await far.send(
    `<iq type='error' from='x@far.test/1' to='${ROOM}' id='${again.attr("id")}'>${
      error("service-unavailable", "cancel")
    }</iq>`,
  );
  it.crone.expect(`<presence type='unavailable' from='${ROOM}/far'>${says("role='none'", 333)}</presence>`);
});

Deno.test("XEP-0045 §15.5.3: presence that is not shown to others", async () => {
  await using it = await coven({ fields: { presencebroadcast: ["moderator"] } });
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "fourthwitch");
  it.crone.quiet();
  it.hag.quiet();
  hecate.expect(`<presence from='${ROOM}/firstwitch'/>`);
  hecate.never(`<presence from='${ROOM}/secondwitch'/>`);
  await it.hag.send(say("still heard"));
  hecate.expect(`<message from='${ROOM}/thirdwitch'><body>still heard</body></message>`);
});

Deno.test("XEP-0191 in rooms: who has blocked somebody is still in the room, and does not hear them", async () => {
  await using it = await coven({ plugins: [blocking] });
  await it.hag.send(
    `<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${ROOM}/secondwitch'/></block></iq>`,
  );
  quietly(it.hag, it.crone);
  await it.wicca.send(say("unheard"));
  const ping = it.hag.inbox.find(({ name }) => name === "iq");
  if (ping !== undefined) await it.hag.send(`<iq type='result' to='${ROOM}' id='${ping.attr("id")}'/>`);
  it.hag.never("<message><body>unheard</body></message>");
  await it.crone.send(say("heard"));
  it.hag.expect("<message><body>heard</body></message>");
  it.crone.never("<presence type='unavailable'/>");
});

Deno.test("XEP-0045 §18.1.2: a room asks who may have gone; a reload does not wait for the answer, which counts all the same", async () => {
  await using it = await coven();
  const far = it.server.remote("far.test");
  await far.send(`<presence from='x@far.test/1' to='${ROOM}/x'><x xmlns='${MUC}'/></presence>`);
  const gone = error("service-unavailable", "cancel");
  await far.send(`<message type='error' from='x@far.test/1' to='${ROOM}'>${gone}</message>`);
  const ping = far.expect(
    `<iq type='get' from='${ROOM}' to='x@far.test/1'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  // The clock stands still meanwhile.
  await it.server.reload({ config: configOf({ history: 5 }) });
  it.hag.never(`<presence type='unavailable'/>`);
  await far.send(`<iq type='error' id='${ping.attr("id")}' from='x@far.test/1' to='${ROOM}'>${gone}</iq>`);
  it.hag.expect(`<presence type='unavailable' from='${ROOM}/x'/>`);
});
