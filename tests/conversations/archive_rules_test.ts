/** XEP-0313 §5, XEP-0359, XEP-0334: which messages are kept, where, and under which ids. */
import { deepEqual, equal, notEqual } from "node:assert/strict";
import { arriving, definePlugin, departing, none, StanzaError } from "#plugin";
import { type TestOptions, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { ask, forwarded, kept, MAM, query, RSM, set, SID, STANZAS } from "./archive_client.ts";

const verona = (options: TestOptions = {}) =>
  testServer({ host: "a.test", plugins: [roster, presence, message, archive], ...options });

const LASTING = [
  "<body>hello</body>",
  "<subject>only</subject>",
  "<body/>",
  "<encrypted xmlns='eu.siacs.conversations.axolotl'><payload/></encrypted>",
  "<encrypted xmlns='urn:xmpp:omemo:2'/>",
  "<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>",
  "<received xmlns='urn:xmpp:receipts' id='1'/>",
  "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>",
  "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>",
  "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions>",
  "<replace xmlns='urn:xmpp:message-correct:0' id='1'/><body>better</body>",
  "<reply xmlns='urn:xmpp:reply:0' id='1'/><body>so</body>",
  "<x xmlns='jabber:x:conference' jid='r@c.test'/>",
  "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b.test'/></x>",
  "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/><store xmlns='urn:xmpp:hints'/>",
  "<body>x</body><no-copy xmlns='urn:xmpp:hints'/>",
  // XEP-0280 §9, and what only looks like a copy.
  "<body>x</body><private xmlns='urn:xmpp:carbons:2'/><no-copy xmlns='urn:xmpp:hints'/>",
  "<sent xmlns='urn:xmpp:carbons:2'/><body>x</body>",
  "<body>x</body><x xmlns='urn:xmpp:mam:0'/>",
  "<result xmlns='urn:xmpp:mam:2' id='1'/><store xmlns='urn:xmpp:hints'/>",
];

const PASSING = [
  "",
  "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
  "<active xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread>",
  "<request xmlns='urn:xmpp:receipts'/>",
  "<markable xmlns='urn:xmpp:chat-markers:0'/>",
  "<x xmlns='http://jabber.org/protocol/muc#user'/>",
  "<body>x</body><no-store xmlns='urn:xmpp:hints'/>",
  "<body>x</body><store xmlns='urn:xmpp:hints'/><no-permanent-store xmlns='urn:xmpp:hints'/>",
  "<body>x</body><no-permanent-storage xmlns='urn:xmpp:hints'/>",
  "<body>?OTR:AAMC</body>",
  "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></sent>",
  "<result xmlns='urn:xmpp:mam:2' id='1'><forwarded xmlns='urn:xmpp:forward:0'/></result>",
];

Deno.test("XEP-0313 §5.1.1, XEP-0334: what is kept at both ends, and what is not", async () => {
  await using s = await verona();
  const [alice, bob] = await s.online("alice/desk", "bob/pad");
  const count = async () => {
    const both = [await kept(alice!), await kept(bob!)];
    equal(both[0]!.length, both[1]!.length);
    return both[0]!.length;
  };
  for (const [contents, each] of [[LASTING, 1], [PASSING, 0]] as const) {
    for (const content of contents) {
      const before = await count();
      await alice!.send(`<message to='bob@a.test' type='chat' id='m'>${content}</message>`);
      const got = bob!.expect("<message id='m'/>");
      equal(await count() - before, each, content);
      equal(got.has("stanza-id", SID), each === 1, content);
    }
  }
});

Deno.test("XEP-0313 §5.1.1: types of messages; one without a type is normal (BUG-53)", async () => {
  await using s = await verona();
  const [alice, bob] = await s.online("alice/desk", "bob/pad");
  for (const type of ["chat", "normal", "headline", "groupchat", "error"]) {
    await alice!.send(`<message to='bob@a.test/pad' type='${type}'><body>${type}</body></message>`);
  }
  await alice!.send(`<message to='bob@a.test/pad'><body>untyped</body></message>`);
  await alice!.send(
    `<message to='bob@a.test/pad' type='headline'><body>news</body><store xmlns='urn:xmpp:hints'/></message>`,
  );
  for (const client of [alice!, bob!]) deepEqual(await kept(client), ["chat", "normal", "untyped", "news"]);
});

Deno.test("XEP-0313 §5.1.1: one copy an archive, however many devices; to oneself once", async () => {
  await using s = await verona();
  const [alice, phone, bob] = await s.online("alice/desk", "alice/phone", "bob/pad");
  await bob!.send("<message to='alice@a.test' type='chat'><body>all</body></message>");
  const ids = [alice!, phone!].map((client) =>
    client.expect("<message/>").child("stanza-id", SID)!.attr("id")
  );
  equal(ids[0], ids[1]);
  await alice!.send("<message to='alice@a.test' type='chat'><body>note</body></message>");
  await alice!.send("<message to='alice@a.test/phone' type='chat'><body>to the phone</body></message>");
  deepEqual(await kept(phone!), ["all", "note", "to the phone"]);
});

Deno.test("XEP-0313 §5.1: what an account refuses is not in its archive, what nobody gets is in no other", async () => {
  const guard = definePlugin({
    name: "guard",
    doc: "Refuses.",
    config: none,
    setup(host) {
      host.at(arriving).guard(
        { kind: "message" },
        ({ stanza }) => stanza.id === "no" ? new StanzaError("not-acceptable") : undefined,
      );
      host.at(departing).guard(
        { kind: "message" },
        ({ stanza }) => stanza.id === "never" ? new StanzaError("not-acceptable") : undefined,
      );
    },
  });
  await using s = await verona({ plugins: [guard, message, archive] });
  const [alice, bob] = await s.online("alice/desk", "bob/pad");
  for (const id of ["yes", "no", "never"]) {
    await alice!.send(`<message to='bob@a.test' id='${id}' type='chat'><body>${id}</body></message>`);
  }
  await alice!.send(`<message to='nobody@a.test' id='x' type='chat'><body>x</body></message>`);
  alice!.expect(
    `<message type='error' id='x'><error><service-unavailable xmlns='${STANZAS}'/></error></message>`,
  );
  deepEqual(await kept(bob!), ["yes"]);
  deepEqual(await kept(alice!), ["yes", "no", "x"]);
});

Deno.test("XEP-0359: forged ids of ours go, at both ends; those of others and origin ids stay", async () => {
  await using s = await verona();
  const remote = s.remote("b.test");
  const [alice, bob] = await s.online("alice/desk", "bob/pad");
  const ids = (by: readonly string[]) =>
    by.map((it) => `<stanza-id xmlns='${SID}' id='forged' by='${it}'/>`).join("");
  const content = `<body>x</body><origin-id xmlns='${SID}' id='o1'/>${
    ids(["bob@a.test", "BOB@A.test", "alice@a.test", "a.test", "room@muc.b.test"])
  }`;
  const check = (
    element: { elementsOf(ns: string): { attr(name: string): string | undefined; name: string }[] },
  ) => {
    const found = element.elementsOf(SID);
    deepEqual(found.filter((it) => it.attr("id") === "forged").map((it) => it.attr("by")), [
      "room@muc.b.test",
    ]);
    deepEqual(found.filter((it) => it.name === "origin-id").map((it) => it.attr("id")), ["o1"]);
    return found.find((it) => it.attr("by") === "bob@a.test")?.attr("id");
  };
  await remote.send(`<message from='c@b.test/x' to='bob@a.test/pad' type='chat'>${content}</message>`);
  const first = check(bob!.expect("<message/>"));
  await alice!.send(`<message to='bob@a.test/pad' type='chat'>${content}</message>`);
  const second = check(bob!.expect("<message/>"));
  notEqual(first, undefined);
  notEqual(first, second);
  // Also where nothing is kept.
  await alice!.send(
    `<message to='bob@a.test/pad' type='chat'>${content}<no-store xmlns='urn:xmpp:hints'/></message>`,
  );
  equal(check(bob!.expect("<message/>")), undefined);
  await alice!.send(`<message to='d@b.test' type='chat'>${content}</message>`);
  check(remote.expect("<message/>"));
  bob!.clear();
  const page = await ask(bob!, query("1"));
  deepEqual(page.ids, [first, second]);
});

Deno.test("XEP-0203 §6: forged stamps of ours go, at both ends, with an archive and without; those of others stay", async () => {
  for (const plugins of [[roster, presence, message], [roster, presence, archive, message]]) {
    await using s = await verona({ plugins });
    const remote = s.remote("b.test");
    const [alice, bob] = await s.online("alice/desk", "bob/pad");
    const delays = ["a.test", "A.test", "bob@a.test", "muc.b.test"].map((from) =>
      `<delay xmlns='urn:xmpp:delay' from='${from}' stamp='2001-01-01T00:00:00Z'/>`
    ).join("");
    const content =
      `<body>x</body>${delays}<x xmlns='jabber:x:delay' from='a.test' stamp='20010101T00:00:00'/>`;
    await alice!.send(`<message to='bob@a.test' type='chat'>${content}</message>`);
    await alice!.send(`<message to='c@b.test' type='chat'>${content}</message>`);
    await remote.send(`<message from='c@b.test/x' to='bob@a.test/pad' type='chat'>${content}</message>`);
    for (const client of [bob!, remote, bob!]) {
      const got = client.expect("<message><body>x</body></message>");
      deepEqual(got.elementsOf("urn:xmpp:delay").map((it) => it.attr("from")), ["bob@a.test", "muc.b.test"]);
      equal(got.has("x", "jabber:x:delay"), false);
    }
  }
});

Deno.test("XEP-0313 §3.5, XEP-0280: the id of a sent message is for the sender's devices only", async () => {
  for (
    const plugins of [
      [roster, presence, message, archive, carbons],
      [carbons, roster, presence, message, archive],
    ]
  ) {
    await using s = await verona({ plugins });
    const remote = s.remote("b.test");
    const [alice, phone] = await s.online("alice/desk", "alice/phone");
    await phone!.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    phone!.clear();
    await alice!.send("<message to='c@b.test' type='chat'><body>x</body></message>");
    equal(remote.expect("<message/>").has("stanza-id", SID), false);
    const copy = forwarded(phone!.expectNext("<message/>").child("sent", "urn:xmpp:carbons:2")!);
    await remote.send(
      "<message from='c@b.test/r' to='alice@a.test/desk' type='chat'><body>y</body></message>",
    );
    const answer = forwarded(phone!.expectNext("<message/>").child("received", "urn:xmpp:carbons:2")!);
    const ids = [copy, answer].map((it) => it.elementsOf(SID).map((id) => id.attr("id")));
    alice!.clear();
    deepEqual(ids.flat(), (await ask(alice!, query("1"))).ids);
    equal(copy.child("stanza-id", SID)!.attr("by"), "alice@a.test");
  }
});

Deno.test("XEP-0359: between accounts of a host one id, which each of them gives and can remove for itself", async () => {
  await using s = await verona({ plugins: [roster, presence, message, archive, carbons] });
  const [alice, phone, bob] = await s.online("alice/desk", "alice/phone", "bob/pad");
  await phone!.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  for (const client of [alice, phone, bob]) client!.clear();
  const said = "<body>&lt;&amp;\"</body><x xmlns='u' a='&lt;'/>";
  await alice!.send(`<message to='bob@a.test/pad' type='chat' id='"&lt;' xml:lang='fr'>${said}</message>`);
  const copy = forwarded(phone!.expectNext("<message/>").child("sent", "urn:xmpp:carbons:2")!);
  const live = bob!.expectNext(
    `<message from='alice@a.test/desk' id='"&lt;' xml:lang='fr'>${said}</message>`,
  );
  // Neither learns who else keeps it: the id is said to be the own account's.
  deepEqual(live.elementsOf(SID).map((it) => it.attr("by")), ["bob@a.test"]);
  deepEqual(copy.elementsOf(SID).map((it) => it.attr("by")), ["alice@a.test"]);
  const id = live.child("stanza-id", SID)!.attr("id")!;
  equal(copy.child("stanza-id", SID)!.attr("id"), id);
  for (const client of [alice!, bob!]) {
    client.clear();
    deepEqual((await ask(client, query("1"))).ids, [id]);
  }
  await alice!.send("<iq type='set' id='all'><purge xmlns='http://metronome.im/protocol/mam-purge'/></iq>");
  alice!.expectNext("<iq type='result' id='all'/>");
  deepEqual(await kept(alice!), []);
  deepEqual(await kept(bob!), ['<&"']);
});

Deno.test("an id goes with a message that waited, or that a later plugin changed", async () => {
  const slow = definePlugin({
    name: "slow",
    doc: "Waits, and adds.",
    config: none,
    after: ["archive"],
    setup(host) {
      host.at(arriving).amend(
        { kind: "message" },
        ({ stanza }) => stanza.containing(stanza.source.plus("\n")),
      );
      host.at(arriving).claim({ kind: "message" }, async ({ stanza }) => {
        if (stanza.id === "late") await new Promise<void>((resolve) => void host.clock.after(1000, resolve));
        return undefined;
      });
    },
  });
  await using s = await verona({ plugins: [roster, presence, archive, slow, message] });
  const remote = s.remote("b.test");
  const [bob] = await s.online("bob/pad");
  const late = remote.send(
    "<message from='c@b.test' to='bob@a.test' type='chat' id='late'><body>late</body></message>",
  );
  await remote.send(
    "<message from='d@b.test' to='bob@a.test' type='chat' id='soon'><body>soon</body></message>",
  );
  const soon = bob!.expect("<message id='soon'/>").child("stanza-id", SID)!.attr("id");
  await s.clock.advance(1000);
  await late;
  const held = bob!.expect("<message id='late'/>").child("stanza-id", SID)!.attr("id");
  deepEqual((await ask(bob!, query("1"))).ids, [held, soon]);
});

Deno.test("XEP-0313 §5.1.1, XEP-0160: kept for old clients, given once to those that know archives", async () => {
  await using s = await verona({ plugins: [roster, presence, message, offline, archive] });
  const alice = await s.client("alice/desk");
  const say = (body: string, more = "") =>
    alice.send(`<message to='bob@a.test' type='chat'><body>${body}</body>${more}</message>`);
  await say("one");
  await say("secret", "<no-permanent-store xmlns='urn:xmpp:hints'/>");
  // A client that never asks: as ever, and named.
  const old = await s.client("bob/old");
  await old.send("<presence/>");
  const [one, secret] = ["one", "secret"].map((body) =>
    old.expect(`<message><body>${body}</body></message>`)
  );
  equal(one!.has("stanza-id", SID), true);
  equal(secret!.has("stanza-id", SID), false);
  await old.close();
  await say("two");
  await say("secret two", "<no-permanent-store xmlns='urn:xmpp:hints'/>");
  const pad = await s.client("bob/pad");
  await s.clock.advance("1 s");
  deepEqual(await kept(pad), ["one", "two"]);
  await s.clock.advance("1 s");
  await say("three");
  await pad.send("<presence/>");
  pad.never("<message><body>two</body></message>");
  pad.expect("<message><body>secret two</body></message>");
  // It came between the question and the presence: only offline storage brings it.
  pad.expect("<message><body>three</body></message>");
  await pad.close();
  // Who looks up one conversation has not heard what others said.
  await say("four");
  const again = await s.client("bob/again");
  await s.clock.advance("1 s");
  deepEqual(await kept(again, { with: "carol@a.test" }), []);
  await again.send("<presence/>");
  again.expect("<message><body>four</body></message>");
  // Neither comes again.
  const next = await s.client("bob/next");
  await next.send("<presence/>");
  next.never("<message/>");
  alice.quiet();
});

Deno.test("XEP-0313 §5.1.1: what a device was not shown of its archive comes from offline storage, what it was shown does not", async () => {
  const page = (inner: string) => set(`${inner}<max>2</max>`);
  const questions: readonly [string, boolean][] = [
    // What failed, and what ends before it or begins after it.
    [query("q", {}, set("<after>gone</after>")), false],
    [query("q", { end: "2026-01-01T12:00:03Z" }, page("<before/>")), false],
    [query("q", { start: "2027-01-01T00:00:00Z" }), false],
    // Scrolling back, and the first pages of many.
    [query("q", {}, page("<before>ID</before>")), false],
    [query("q", { "before-id": "ID" }), false],
    [query("q", {}, page("")), false],
    // The last page, as the first or as the last that is read.
    [query("q", {}, page("<before/>")), true],
    [query("q", {}, page("<after>ID</after>")), true],
    [query("q", { start: "2026-01-01T12:00:03Z" }), true],
    [query("q"), true],
  ];
  for (const [question, spares] of questions) {
    for (const isAtOnce of [false, true]) {
      await using s = await verona({ plugins: [roster, presence, message, offline, archive] });
      const [old, bob] = await s.online("alice/old", "bob/x");
      const say = async (id: string) => {
        await bob!.send(`<message to='alice@a.test' type='chat' id='${id}'><body>${id}</body></message>`);
        await s.clock.advance(1000);
      };
      for (const id of ["0", "1", "2"]) await say(id);
      old!.clear();
      const { ids } = await ask(old!, query("q"));
      await old!.close();
      await s.clock.advance(1000);
      await say("new");
      const desk = await s.client("alice/desk");
      const asking = question.replace("ID", ids[2]!);
      if (isAtOnce) await desk.send(`${asking}<presence/>`);
      else for (const sent of [asking, "<presence/>"]) await desk.send(sent);
      await s.settle();
      const came = desk.inbox.filter((it) => it.attr("id") === "new").length;
      equal(came, spares ? 0 : 1, `${asking} ${isAtOnce}`);
    }
  }
});

Deno.test("no error where the archive has it: no offline store, a full one, a device that went", async () => {
  for (
    const [plugins, config] of [
      [[message, archive], {}],
      [[roster, presence, message, offline, archive], { defaults: { offline: { messages: 1 } } }],
      [[archive, roster, presence, offline, message], { defaults: { offline: { messages: 1 } } }],
    ] as const
  ) {
    await using s = await verona({ plugins, config });
    const alice = await s.client("alice/desk");
    for (const to of ["bob@a.test", "bob@a.test/gone", "bob@a.test"]) {
      await alice.send(`<message to='${to}' type='chat'><body>x</body></message>`);
    }
    alice.quiet();
    await alice.send(
      `<message to='bob@a.test' type='chat' id='no'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>`,
    );
    alice.expect("<message type='error' id='no'/>");
    deepEqual(await kept(await s.client("bob/pad")), ["x", "x", "x"]);
  }
});

Deno.test("an archive goes with its account, and its preferences too", async () => {
  await using s = await verona({ plugins: [internal, message, archive] });
  const [alice, bob] = await s.online("alice/desk", "bob/pad");
  await alice!.send("<message to='bob@a.test' type='chat'><body>x</body></message>");
  await bob!.send(`<iq type='set' id='1'><prefs xmlns='${MAM}' default='never'/></iq>`);
  s.host.accounts.remove("bob");
  await s.settle();
  const again = await s.client("bob/pad");
  deepEqual(await kept(again), []);
  await alice!.send("<message to='bob@a.test/pad' type='chat'><body>y</body></message>");
  deepEqual(await kept(again), ["y"]);
  deepEqual(await kept(alice!), ["x", "y"]);
});

Deno.test("messages older than they may be leave in slices, oldest first", async () => {
  await using s = await verona({ config: { defaults: { archive: { keep: "20 min" } } } });
  const remote = s.remote("b.test");
  for (let i = 0; i < 450; i++) {
    if (i === 421) await s.clock.advance("15 min");
    await remote.send(`<message from='c@b.test' to='bob@a.test' type='chat'><body>${i}</body></message>`);
  }
  const bob = await s.client("bob/pad");
  const count = async () => {
    const page = await ask(bob, query("1", {}, set("<max>0</max>")));
    return page.fin.child("set", RSM)!.childText("count");
  };
  equal(await count(), "450");
  await s.clock.advance("16 min");
  for (let i = 0; i < 5; i++) await s.settle();
  bob.clear();
  equal(await count(), "29");
  equal((await kept(bob))[0], "421");
  await s.clock.advance("10 min");
  for (let i = 0; i < 5; i++) await s.settle();
  bob.clear();
  equal(await count(), "0");
});

Deno.test("what was answered with is still there after the server has gone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = `${folder}/data.sqlite`;
    let ids: string[];
    {
      await using s = await verona({ data });
      const [alice] = await s.online("alice/desk");
      await alice!.send("<message to='bob@b.test' type='chat'><body>x</body></message>");
      alice!.clear();
      ({ ids } = await ask(alice!, query("1")));
    }
    await using s = await verona({ data });
    const page = await ask(await s.client("alice/desk"), query("1"));
    deepEqual([page.ids, page.bodies], [ids, ["x"]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the original's purge: by id, by address, between times, everything", async () => {
  await using s = await verona();
  const remote = s.remote("b.test");
  const bob = await s.client("bob/pad");
  for (let i = 0; i < 8; i++) {
    await remote.send(
      `<message from='c${i % 2}@b.test/r' to='bob@a.test' type='chat'><body>${i}</body></message>`,
    );
    await s.clock.advance(1000);
  }
  bob.clear();
  const { ids } = await ask(bob, query("1"));
  const purge = async (inner: string) => {
    await bob.send(
      `<iq type='set' id='p'><purge xmlns='http://metronome.im/protocol/mam-purge'>${inner}</purge></iq>`,
    );
    bob.expectNext("<iq type='result' id='p'/>");
    return (await kept(bob)).join("");
  };
  equal(await purge(`<id>${ids[0]}</id>`), "1234567");
  equal(await purge("<jid>c1@b.test</jid>"), "246");
  equal(await purge("<jid>c0@b.test/other</jid>"), "246");
  equal(await purge("<start>2026-01-01T12:00:03Z</start><end>2026-01-01T12:00:05Z</end>"), "26");
  for (const bad of ["<id/>", "<start>now</start>", "<jid>@</jid>"]) {
    await bob.send(
      `<iq type='set' id='p'><purge xmlns='http://metronome.im/protocol/mam-purge'>${bad}</purge></iq>`,
    );
    bob.expectNext("<iq type='error' id='p'/>");
  }
  equal(await purge(""), "");
  const eve = await s.client("eve/desk");
  await eve.send(
    `<iq type='set' id='p' to='bob@a.test'><purge xmlns='http://metronome.im/protocol/mam-purge'/></iq>`,
  );
  eve.expectNext(`<iq type='error'><error><service-unavailable xmlns='${STANZAS}'/></error></iq>`);
});

Deno.test("purging can be forbidden", async () => {
  await using s = await verona({ config: { defaults: { archive: { purge: false } } } });
  const bob = await s.client("bob/pad");
  await bob.send(`<iq type='set' id='p'><purge xmlns='http://metronome.im/protocol/mam-purge'/></iq>`);
  bob.expectNext(`<iq type='error'><error><not-allowed xmlns='${STANZAS}'/></error></iq>`);
});

Deno.test("a stored message is given back as it came, character for character", async () => {
  await using s = await verona();
  const [alice] = await s.online("alice/desk");
  const inner =
    `<body>a &amp; b &lt;c&gt; "'é\u{1f600}</body><x xmlns='urn:x' y="&quot;'"><p:z xmlns:p='urn:p' p:q='1'/></x>`;
  await alice!.send(`<message to='c@b.test' type='chat' xml:lang='it'>${inner}</message>`);
  alice!.clear();
  await alice!.send(query("1"));
  const result = alice!.expectNext("<message/>").child("result", MAM)!;
  const copy = forwarded(result);
  equal(copy.attr("xml:lang"), "it");
  equal(copy.childText("body"), `a & b <c> "'é\u{1f600}`);
  equal(copy.child("x", "urn:x")!.child("z", "urn:p")!.attr("{urn:p}q"), "1");
});
