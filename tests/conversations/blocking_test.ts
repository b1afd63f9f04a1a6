/** XEP-0191: the examples of its use cases, what comes of every kind of stanza, and who learns what. */
import assert from "node:assert/strict";
import { type AnyPlugin, type Element, Stanza } from "#plugin";
import { type TestClient, type TestServer, testServer } from "#testing";
import { lastActivity } from "../../plugins/account/last_activity.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { privacyRecords } from "../../plugins/privacy/rule_store.ts";
import { disco } from "../../plugins/service/disco.ts";

const NS = "urn:xmpp:blocking";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const PLUGINS: readonly AnyPlugin[] = [
  blocking,
  roster,
  presence,
  subscription,
  message,
  offline,
  lastActivity,
  disco,
] as readonly AnyPlugin[];

const server = (plugins = PLUGINS, options = {}) => testServer({ host: "capulet.com", plugins, ...options });

const items = (...jids: string[]) => jids.map((jid) => `<item jid='${jid}'/>`).join("");
const block = (client: TestClient, ...jids: string[]) =>
  ask(client, `<block xmlns='${NS}'>${items(...jids)}</block>`);
const unblock = (client: TestClient, ...jids: string[]) =>
  ask(client, `<unblock xmlns='${NS}'>${items(...jids)}</unblock>`);

async function ask(
  client: TestClient,
  payload: string,
  answer = `<iq type='result' id='q'/>`,
): Promise<void> {
  await client.send(`<iq type='set' id='q'>${payload}</iq>`);
  client.expect(answer);
}

async function listed(client: TestClient): Promise<string[]> {
  await client.send(`<iq type='get' id='blocklist1'><blocklist xmlns='${NS}'/></iq>`);
  const list = client.expect(`<iq type='result' id='blocklist1'><blocklist xmlns='${NS}'/></iq>`).first()!;
  return list.elements().map((item) => item.attr("jid")!);
}

const error = (condition: string, type = "cancel", extra = "") =>
  `<error type='${type}'><${condition} xmlns='${STANZAS}'/>${extra}</error>`;
const BLOCKED = error("not-acceptable", "cancel", "<blocked xmlns='urn:xmpp:blocking:errors'/>");
const UNAVAILABLE = error("service-unavailable");

/** Two that see each other's presence, online. */
async function friends(s: TestServer, one = "juliet/chamber", two = "romeo/orchard"): Promise<TestClient[]> {
  const [juliet, romeo] = await s.online(one, two);
  for (const [from, to] of [[juliet!, romeo!], [romeo!, juliet!]] as const) {
    await from.send(`<presence to='${to.jid!.bare}' type='subscribe'/>`);
    await to.send(`<presence to='${from.jid!.bare}' type='subscribed'/>`);
  }
  for (const client of [juliet!, romeo!]) client.clear();
  return [juliet!, romeo!];
}

Deno.test("blocking: the server says that it knows it (examples 1 and 2)", async () => {
  await using s = await server();
  const juliet = await s.client("juliet/chamber");
  await juliet.send(
    `<iq to='capulet.com' type='get' id='disco1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  juliet.expect(
    `<iq id='disco1' type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='${NS}'/></query></iq>`,
  );
});

Deno.test("blocking: list, block, unblock, unblock all, with pushes to whoever asked for the list (examples 3 to 17)", async () => {
  await using s = await server();
  const [chamber, balcony, tomb] = await s.online("juliet/chamber", "juliet/balcony", "juliet/tomb");
  assert.deepEqual(await listed(chamber!), []);
  assert.deepEqual(await listed(balcony!), []);

  await block(chamber!, "Romeo@Montague.net", "iago@shakespeare.lit");
  for (const client of [chamber!, balcony!]) {
    const push = client.expect(`<iq type='set' to='${client.jid}'><block xmlns='${NS}'/></iq>`);
    const jids = push.first()!.elements().map((item) => item.attr("jid"));
    assert.deepEqual(jids, ["romeo@montague.net", "iago@shakespeare.lit"]);
    await client.send(`<iq type='result' id='${push.attr("id")}'/>`);
    client.quiet();
  }
  tomb!.quiet();
  assert.deepEqual(await listed(tomb!), ["romeo@montague.net", "iago@shakespeare.lit"]);

  await unblock(chamber!, "romeo@montague.net");
  for (const client of [chamber!, balcony!, tomb!]) {
    client.expectNext(
      `<iq type='set'><unblock xmlns='${NS}'><item jid='romeo@montague.net'/></unblock></iq>`,
    );
    client.quiet();
  }
  await block(chamber!, "tybalt@capulet.com");
  for (const client of [chamber!, balcony!, tomb!]) client.clear();
  await unblock(balcony!);
  for (const client of [chamber!, balcony!, tomb!]) {
    const push = client.expectNext(`<iq type='set'><unblock xmlns='${NS}'/></iq>`);
    assert.equal(push.first()!.first(), undefined);
    client.quiet();
  }
  assert.deepEqual(await listed(chamber!), []);
});

Deno.test("blocking: what cannot be done is said", async () => {
  await using s = await server(PLUGINS, { config: { defaults: { blocking: { addresses: 2 } } } });
  const juliet = await s.client("juliet/chamber");
  const fails = (payload: string, answer: string) =>
    ask(juliet, payload, `<iq type='error' id='q'>${answer}</iq>`);
  await fails(`<block xmlns='${NS}'/>`, error("bad-request", "modify"));
  await fails(`<block xmlns='${NS}'><thing jid='a@b.test'/></block>`, error("bad-request", "modify"));
  await fails(`<block xmlns='${NS}'><item/></block>`, error("bad-request", "modify"));
  await fails(`<block xmlns='${NS}'><item jid='@'/></block>`, error("jid-malformed", "modify"));
  await fails(`<unblock xmlns='${NS}'><thing/></unblock>`, error("bad-request", "modify"));
  await block(juliet, "a@b.test", "b@b.test");
  await fails(`<block xmlns='${NS}'><item jid='c@b.test'/></block>`, error("resource-constraint", "wait"));
  assert.deepEqual(await listed(juliet), ["a@b.test", "b@b.test"]);
  // Somebody else's is none of one's business.
  await juliet.send(`<iq type='get' id='x' to='romeo@capulet.com'><blocklist xmlns='${NS}'/></iq>`);
  juliet.expect(`<iq type='error' id='x'>${UNAVAILABLE}</iq>`);
});

Deno.test("blocking: what the account sends to a blocked address comes back (example 9)", async () => {
  await using s = await server();
  const montague = s.remote("montague.net");
  const [juliet, tybalt] = await s.online("juliet/chamber", "tybalt/hall");
  await block(juliet!, "romeo@montague.net", "tybalt@capulet.com");
  for (const to of ["romeo@montague.net", "romeo@montague.net/orchard", "tybalt@capulet.com/hall"]) {
    await juliet!.send(`<message to='${to}' id='m'><body>Can you hear me now?</body></message>`);
    juliet!.expectNext(`<message type='error' from='${to}' to='${juliet!.jid}' id='m'>${BLOCKED}</message>`);
    await juliet!.send(`<iq to='${to}' id='i' type='get'><query xmlns='jabber:iq:version'/></iq>`);
    juliet!.expectNext(`<iq type='error' from='${to}' id='i'>${BLOCKED}</iq>`);
    for (const type of ["", "type='subscribe'", "type='probe'", "type='unavailable'"]) {
      await juliet!.send(`<presence to='${to}' ${type}/>`);
      juliet!.expectNext(`<presence type='error' from='${to}'>${BLOCKED}</presence>`);
    }
    // An answer to an answer there is not.
    await juliet!.send(`<iq to='${to}' id='i' type='result'/>`);
  }
  juliet!.quiet();
  tybalt!.quiet();
  montague.quiet();
});

Deno.test("blocking: a local and a remote sender hear what they would hear of nobody (BUG-56)", async () => {
  await using s = await server();
  const remote = s.remote("montague.net");
  const [juliet, tybalt] = await s.online("juliet/chamber", "tybalt/hall");
  await block(juliet!, "romeo@montague.net", "tybalt@capulet.com");
  const stanzas = (to: string) => [
    ...["chat", "normal", "groupchat", "headline", "error"].map((type) =>
      `<message to='${to}' type='${type}' id='s'><body>hear me</body></message>`
    ),
    `<message to='${to}' type='chat' id='s'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
    `<iq to='${to}' type='get' id='s'><query xmlns='jabber:iq:version'/></iq>`,
    `<iq to='${to}' type='get' id='s'><query xmlns='jabber:iq:last'/></iq>`,
    `<iq to='${to}' type='get' id='s'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    `<iq to='${to}' type='set' id='s'><query xmlns='jabber:iq:private'/></iq>`,
    `<iq to='${to}' type='result' id='s'/>`,
    `<iq to='${to}' type='error' id='s'/>`,
    ...["", "type='unavailable'", "type='subscribe'", "type='subscribed'", "type='unsubscribe'"].map((type) =>
      `<presence to='${to}' ${type} id='s'/>`
    ),
  ];
  /** What comes back for each stanza, without the name of the one it was for. */
  const answers = async (
    inbox: Element[],
    send: (xml: string) => Promise<void>,
    account: string,
  ) => {
    const heard: string[][] = [];
    for (const to of [account, `${account}/chamber`, `${account}/nowhere`]) {
      for (const xml of stanzas(to)) {
        await send(xml);
        heard.push(
          inbox.splice(0).map((element) => Stanza.read(element).toText().replaceAll(account, "SOMEBODY")),
        );
      }
    }
    return heard;
  };
  const local = (account: string) => answers(tybalt!.inbox, (xml) => tybalt!.send(xml), account);
  const romeo = "romeo@montague.net/orchard";
  const far = (account: string) =>
    answers(remote.inbox, (xml) => remote.send(xml.replace(" to=", ` from='${romeo}' to=`)), account);
  const ofNobody = await local("nobody@capulet.com");
  assert.deepEqual(await local("juliet@capulet.com"), ofNobody);
  const told = (await far("juliet@capulet.com")).map((each) =>
    each.map((text) => text.replaceAll(romeo, "tybalt@capulet.com/hall"))
  );
  assert.deepEqual(told, ofNobody);
  // It is the answer that the XEP names, and not silence about everything.
  assert.equal(ofNobody.flat().filter((text) => text.includes("service-unavailable")).length, 24);
  juliet!.quiet();
  // Nor does anything wait for her to come back.
  await juliet!.close();
  assert.deepEqual(await local("juliet@capulet.com"), ofNobody);
  const [again] = await s.clients("juliet/balcony");
  await again!.send("<presence/>");
  again!.expectNext(`<presence from='juliet@capulet.com/balcony'/>`);
  again!.quiet();
});

Deno.test("blocking: probes and presence of blocked contacts get no answer", async () => {
  await using s = await server();
  const remote = s.remote("montague.net");
  const [juliet, tybalt] = await friends(s, "juliet/chamber", "tybalt/hall");
  await juliet!.send(`<presence to='romeo@montague.net' type='subscribed'/>`);
  await remote.send(`<presence from='romeo@montague.net' to='juliet@capulet.com' type='subscribe'/>`);
  remote.inbox.length = 0;
  juliet!.clear();
  await block(juliet!, "montague.net", "tybalt@capulet.com");
  remote.expect(`<presence from='juliet@capulet.com/chamber' to='romeo@montague.net' type='unavailable'/>`);
  tybalt!.expectNext(`<presence from='juliet@capulet.com/chamber' type='unavailable'/>`);
  juliet!.expect(`<presence from='tybalt@capulet.com/hall' type='unavailable'/>`);
  juliet!.clear();
  await remote.send(`<presence from='romeo@montague.net/x' to='juliet@capulet.com' type='probe'/>`);
  await remote.send(`<presence from='romeo@montague.net/x' to='juliet@capulet.com'/>`);
  await tybalt!.send(`<presence to='juliet@capulet.com' type='probe'/>`);
  await tybalt!.send(`<presence><show>away</show></presence>`);
  tybalt!.expectNext(`<presence from='tybalt@capulet.com/hall'/>`);
  await juliet!.send("<presence><show>dnd</show></presence>");
  juliet!.expectNext("<presence from='juliet@capulet.com/chamber'/>");
  await juliet!.close();
  tybalt!.quiet();
  juliet!.quiet();
  remote.quiet();
});

Deno.test("blocking: a blocked contact elsewhere is not asked for its presence, by which it would know (§3.3)", async () => {
  await using s = await server();
  const remote = s.remote("montague.net");
  const first = await s.client("juliet/chamber");
  for (const who of ["romeo", "benvolio"]) {
    await first.send(`<presence to='${who}@montague.net' type='subscribe'/>`);
    await remote.send(`<presence from='${who}@montague.net' to='juliet@capulet.com' type='subscribed'/>`);
  }
  await block(first, "romeo@montague.net");
  await first.close();
  remote.inbox.length = 0;
  const juliet = await s.client("juliet/chamber");
  await juliet.send("<presence/>");
  remote.expect("<presence type='probe' from='juliet@capulet.com' to='benvolio@montague.net'/>");
  remote.quiet();
});

Deno.test("blocking: unblocked, both see each other's presence again (§3.4)", async () => {
  await using s = await server();
  const remote = s.remote("montague.net");
  const [juliet, tybalt] = await friends(s, "juliet/chamber", "tybalt/hall");
  for (const type of ["subscribe", "subscribed"]) {
    await juliet!.send(`<presence to='romeo@montague.net' type='${type}'/>`);
  }
  for (const type of ["subscribe", "subscribed"]) {
    await remote.send(`<presence from='romeo@montague.net' to='juliet@capulet.com' type='${type}'/>`);
  }
  await block(juliet!, "romeo@montague.net", "tybalt@capulet.com");
  await juliet!.send("<presence><show>dnd</show></presence>");
  for (const it of [remote, juliet!, tybalt!]) it.inbox.length = 0;
  await unblock(juliet!);
  remote.expect(
    `<presence from='juliet@capulet.com/chamber' to='romeo@montague.net'><show>dnd</show></presence>`,
  );
  remote.expect(`<presence from='juliet@capulet.com' to='romeo@montague.net' type='probe'/>`);
  remote.quiet();
  tybalt!.expectNext("<presence from='juliet@capulet.com/chamber'><show>dnd</show></presence>");
  tybalt!.quiet();
  juliet!.expectNext("<presence from='tybalt@capulet.com/hall'/>");
  juliet!.quiet();
  await tybalt!.send("<message to='juliet@capulet.com'><body>again</body></message>");
  juliet!.expectNext("<message from='tybalt@capulet.com/hall'><body>again</body></message>");
  await juliet!.send("<message to='romeo@montague.net'><body>again</body></message>");
  remote.expect("<message><body>again</body></message>");
});

Deno.test("blocking: who was not to see the presence is told nothing", async () => {
  await using s = await server();
  const remote = s.remote("montague.net");
  const [juliet, tybalt] = await s.online("juliet/chamber", "tybalt/hall");
  await block(juliet!, "romeo@montague.net", "tybalt@capulet.com");
  await unblock(juliet!);
  remote.quiet();
  tybalt!.quiet();
  juliet!.quiet();
});

Deno.test("blocking: presence that was sent to an address itself is taken back, as from a room", async () => {
  await using s = await server();
  const rooms = s.remote("rooms.test");
  const juliet = await s.client("juliet/chamber");
  await juliet.send("<presence to='hall@rooms.test/juliet'/>");
  await juliet.send("<presence to='den@rooms.test/juliet'/>");
  rooms.inbox.length = 0;
  await block(juliet, "hall@rooms.test");
  rooms.expect(
    "<presence type='unavailable' from='juliet@capulet.com/chamber' to='hall@rooms.test/juliet'/>",
  );
  rooms.quiet();
  await rooms.send(
    "<message type='groupchat' from='hall@rooms.test/tybalt' to='juliet@capulet.com/chamber'/>",
  );
  rooms.expect(`<message type='error' to='hall@rooms.test/tybalt'>${UNAVAILABLE}</message>`);
  await juliet.close();
  rooms.expect("<presence type='unavailable' to='den@rooms.test/juliet'/>");
  rooms.quiet();
  juliet.quiet();
});

Deno.test("blocking: one of those in a room is not heard, and the room gets no error that would end the stay (§3.3)", async () => {
  await using s = await server();
  const rooms = s.remote("rooms.test");
  const juliet = await s.client("juliet/chamber");
  await juliet.send(
    "<presence to='hall@rooms.test/juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
  );
  await block(juliet, "hall@rooms.test/tybalt");
  rooms.inbox.length = 0;
  const says = (type: string, nickname: string) =>
    rooms.send(
      `<message type='${type}' from='hall@rooms.test/${nickname}' to='juliet@capulet.com/chamber'><body>x</body></message>`,
    );
  for (const type of ["groupchat", "chat"]) await says(type, "tybalt");
  rooms.quiet();
  juliet.quiet();
  await says("groupchat", "nurse");
  juliet.expectNext("<message type='groupchat' from='hall@rooms.test/nurse'/>");
  // An iq has to have its answer, and who is in no room with her hears what they would hear of nobody.
  await rooms.send(
    "<iq type='get' id='i' from='hall@rooms.test/tybalt' to='juliet@capulet.com/chamber'><ping xmlns='urn:xmpp:ping'/></iq>",
  );
  rooms.expect(`<iq type='error' id='i' to='hall@rooms.test/tybalt'>${UNAVAILABLE}</iq>`);
  await juliet.send("<presence to='hall@rooms.test/juliet' type='unavailable'/>");
  rooms.expect("<presence type='unavailable' to='hall@rooms.test/juliet'/>");
  await says("groupchat", "tybalt");
  rooms.expect(`<message type='error' to='hall@rooms.test/tybalt'>${UNAVAILABLE}</message>`);
});

Deno.test("blocking: addresses match as §6 says", async () => {
  await using s = await server();
  const remote = s.remote("b.test");
  const juliet = await s.client("juliet/chamber");
  const cases: readonly (readonly [blocked: string, hit: readonly string[], miss: readonly string[]])[] = [
    ["u@b.test/r", ["u@b.test/r"], ["u@b.test", "u@b.test/s", "b.test/r", "b.test"]],
    ["u@b.test", ["u@b.test", "u@b.test/r"], ["v@b.test/r", "b.test", "b.test/r"]],
    ["b.test/r", ["b.test/r"], ["b.test", "b.test/s", "u@b.test/r"]],
    ["b.test", ["b.test", "b.test/r", "u@b.test", "u@b.test/r"], []],
  ];
  for (const [blocked, hit, miss] of cases) {
    await block(juliet, blocked);
    for (const [senders, error] of [[hit, true], [miss, false]] as const) {
      for (const from of senders) {
        await remote.send(
          `<message from='${from}' to='juliet@capulet.com/chamber' id='1'><body>x</body></message>`,
        );
        if (error) remote.expect(`<message to='${from}' type='error' id='1'>${UNAVAILABLE}</message>`);
        else juliet.expectNext(`<message from='${from}' id='1'/>`);
        await juliet.send(`<message to='${from}' id='2'><body>x</body></message>`);
        if (error) juliet.expectNext(`<message from='${from}' type='error' id='2'>${BLOCKED}</message>`);
        else remote.expect(`<message to='${from}' id='2'/>`);
      }
    }
    await unblock(juliet, blocked);
  }
  juliet.quiet();
  remote.quiet();
});

Deno.test("blocking: an account and its own server are never blocked from it (§5)", async () => {
  await using s = await server();
  const [chamber, balcony, tybalt] = await s.online("juliet/chamber", "juliet/balcony", "tybalt/hall");
  await block(chamber!, "capulet.com", "juliet@capulet.com", "juliet@capulet.com/balcony");
  await chamber!.send("<message to='juliet@capulet.com/balcony'><body>to myself</body></message>");
  balcony!.expectNext("<message from='juliet@capulet.com/chamber'><body>to myself</body></message>");
  await chamber!.send("<presence><show>away</show></presence>");
  balcony!.expectNext("<presence from='juliet@capulet.com/chamber'/>");
  await chamber!.send(
    `<iq type='get' id='d' to='capulet.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  chamber!.expect("<iq type='result' id='d'/>");
  await chamber!.send(
    "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='tybalt@capulet.com'/></query></iq>",
  );
  chamber!.expect("<iq type='result' id='r'/>");
  await tybalt!.send("<message to='juliet@capulet.com' id='m'><body>hello</body></message>");
  tybalt!.expectNext(`<message type='error' id='m'>${UNAVAILABLE}</message>`);
});

Deno.test("blocking: roster pushes about a blocked contact come as ever", async () => {
  await using s = await server();
  const [juliet] = await friends(s);
  await juliet!.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  await block(juliet!, "romeo@capulet.com");
  juliet!.clear();
  await juliet!.send(
    "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='romeo@capulet.com' name='R'/></query></iq>",
  );
  juliet!.expect("<iq type='set'><query xmlns='jabber:iq:roster'><item name='R'/></query></iq>");
});

Deno.test("blocking: what was kept from before the block is not delivered after it", async () => {
  await using s = await server();
  const [romeo, tybalt] = await s.online("romeo/orchard", "tybalt/hall");
  const juliet = await s.client("juliet/chamber");
  await juliet.send("<presence/>");
  await juliet.send("<presence type='unavailable'/>");
  for (const client of [romeo!, tybalt!]) {
    await client.send("<message to='juliet@capulet.com' type='chat'><body>wait</body></message>");
    await client.send("<presence to='juliet@capulet.com' type='subscribe'/>");
  }
  juliet.clear();
  await block(juliet, "tybalt@capulet.com");
  await juliet.send("<presence/>");
  juliet.expect("<message from='romeo@capulet.com/orchard'><body>wait</body></message>");
  juliet.expect("<presence type='subscribe' from='romeo@capulet.com'/>");
  juliet.never("<message from='tybalt@capulet.com/hall'/>");
  juliet.never("<presence type='subscribe' from='tybalt@capulet.com'/>");
});

Deno.test("blocking: it outlives the session, a reload and the server", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = `${folder}/metronome.db`;
    const plugins = [internal, ...PLUGINS] as readonly AnyPlugin[];
    {
      await using s = await server(plugins, { data });
      const [juliet, romeo] = await s.online("juliet/chamber", "romeo/orchard");
      await block(juliet!, "romeo@capulet.com");
      await s.reload({ config: { defaults: { blocking: { addresses: 7 } } } });
      await romeo!.send("<message to='juliet@capulet.com' id='m'><body>1</body></message>");
      romeo!.expectNext(`<message type='error' id='m'>${UNAVAILABLE}</message>`);
      await juliet!.close();
    }
    await using s = await server(plugins, { data });
    const [romeo] = await s.online("romeo/orchard");
    await romeo!.send("<message to='juliet@capulet.com' id='m'><body>2</body></message>");
    romeo!.expectNext(`<message type='error' id='m'>${UNAVAILABLE}</message>`);
    const juliet = await s.client("juliet/chamber");
    assert.deepEqual(await listed(juliet), ["romeo@capulet.com"]);
    await s.reload({ plugins: plugins.filter((plugin) => plugin !== blocking) });
    await romeo!.send("<message to='juliet@capulet.com/chamber' id='m'><body>3</body></message>");
    juliet.expectNext("<message id='m'/>");
    await s.reload({ plugins });
    await romeo!.send("<message to='juliet@capulet.com/chamber' id='m'><body>4</body></message>");
    romeo!.expectNext(`<message type='error' id='m'>${UNAVAILABLE}</message>`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("blocking: nothing is left of a removed account", async () => {
  await using s = await server([internal, ...PLUGINS] as readonly AnyPlugin[]);
  const juliet = await s.client("juliet/chamber");
  await block(juliet, "romeo@capulet.com");
  const rows = s.server.storage.open(privacyRecords, "capulet.com");
  assert.notEqual(rows.get("juliet"), undefined);
  s.host.accounts.remove("juliet");
  await s.settle();
  assert.equal(rows.get("juliet"), undefined);
  assert.deepEqual([...s.server.storage.owners("capulet.com")], []);
  // Who takes the name next is somebody else.
  const [again, romeo] = await s.online("juliet/chamber", "romeo/orchard");
  assert.deepEqual(await listed(again!), []);
  await romeo!.send("<message to='juliet@capulet.com'><body>hello</body></message>");
  again!.expectNext("<message from='romeo@capulet.com/orchard'/>");
});

Deno.test("blocking: it works on a host without rosters and presence", async () => {
  await using s = await server([blocking, message] as readonly AnyPlugin[]);
  const [juliet, romeo] = await s.clients("juliet/chamber", "romeo/orchard");
  await block(juliet!, "romeo@capulet.com");
  await romeo!.send("<message to='juliet@capulet.com/chamber' id='m'><body>x</body></message>");
  romeo!.expectNext(`<message type='error' id='m'>${UNAVAILABLE}</message>`);
  juliet!.quiet();
});
