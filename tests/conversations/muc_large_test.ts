import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { el, type Element } from "#plugin";
import { honest, isForged } from "../../plugins/muc/appearance.ts";
import { HATS_NS, MUC_NS, OCCUPANT_ID_NS, USER_NS } from "../../plugins/muc/names.ts";
import { create, error, form, MUC, owner as query, quietly, ROOM, world } from "./muc_world.ts";

Deno.test("fan-out in slices: a large room hears everything, in order, and others are not held up by it", async () => {
  await using server = await world();
  const [owner, chatty, friend] = await server.online("owner/x", "chatty/x", "friend/x");
  await create(owner, "owner", { presencebroadcast: [""] });
  const far = server.remote("far.test");
  for (let i = 0; i < 700; i++) {
    await far.send(`<presence from='u${i}@far.test/x' to='${ROOM}/u${i}'><x xmlns='${MUC}'/></presence>`);
  }
  far.inbox.length = 0;
  quietly(owner);
  // Without waiting in between: the room is busy when the next ones come.
  const text =
    [1, 2, 3].map((i) => `<message to='${ROOM}' type='groupchat'><body>${i}</body></message>`).join("") +
    `<message to='friend@a.test' type='chat'><body>elsewhere</body></message>`;
  await owner.send(text);
  await chatty.send(`<message to='friend@a.test' type='chat'><body>hello</body></message>`);
  friend.expect("<message><body>hello</body></message>");
  friend.expect("<message><body>elsewhere</body></message>");
  equal(far.inbox.length, 2100);
  const heard = new Map<string, string>();
  for (const stanza of far.inbox) {
    const to = stanza.attr("to")!;
    heard.set(to, (heard.get(to) ?? "") + stanza.childText("body"));
  }
  deepEqual([...new Set(heard.values())], ["123"]);
  deepEqual(owner.inbox.map((stanza) => stanza.childText("body")), ["1", "2", "3"]);
});

Deno.test("XEP-0045 §13.6: a large room does not begin to show everybody anew before it is done with the last time", async () => {
  await using server = await world();
  const [owner] = await server.online("owner/x");
  await create(owner, "owner", { presencebroadcast: ["moderator"] });
  const far = server.remote("far.test");
  for (let i = 0; i < 210; i++) {
    await far.send(`<presence from='u${i}@far.test/x' to='${ROOM}/u${i}'><x xmlns='${MUC}'/></presence>`);
  }
  far.inbox.length = 0;
  quietly(owner);
  const showing = (id: string, ...roles: string[]) =>
    `<iq type='set' id='${id}' to='${ROOM}'>${query(form({ presencebroadcast: roles }))}</iq>`;
  // Who speaks is not read before all that has gone out.
  const last = `<message to='${ROOM}' type='groupchat'><body>last</body></message>`;
  await owner.send(showing("1", "moderator", "participant") + showing("2", "moderator") + last);
  owner.expect(`<iq type='result' id='1'/>`);
  owner.expect(`<iq type='error' id='2'>${error("resource-constraint", "wait")}</iq>`);
  equal(owner.inbox.filter(({ name }) => name === "presence").length, 210);
  // Each of them sees all the others, and hears of their own presence.
  equal(far.inbox.filter(({ name }) => name === "presence").length, 210 * 210);
});

Deno.test("AC-2.2-2, BUG-23: what only a room may say is taken out wherever it stands (property)", () => {
  const forged = fc.constantFrom(MUC_NS, USER_NS, `${MUC_NS}#admin`, OCCUPANT_ID_NS, HATS_NS);
  const harmless = fc.constantFrom(
    "jabber:client",
    "urn:xmpp:delay",
    "http://jabber.org/protocol/caps",
    "urn:x",
  );
  const child = fc.oneof(
    forged.map((ns): Element | string => el("x", ns)),
    harmless.map((ns): Element | string => el("x", ns)),
    fc.constantFrom<Element | string>(" ", "text"),
  );
  fc.assert(fc.property(fc.array(child, { maxLength: 12 }), (children) => {
    const source = el("presence", "jabber:client", {}, children);
    const cleaned = honest(source);
    ok(!cleaned.elements().some(isForged));
    const wanted = source.elements().filter((it) => !isForged(it)).map(String);
    deepEqual(cleaned.elements().map(String), wanted);
    if (wanted.length === source.elements().length) equal(cleaned, source);
  }));
});
