/** Appendix A of RFC 6121, cell by cell: the table against the RFC's own, and the server against the table. */
import assert from "node:assert/strict";
import { Jid, Stanza } from "#plugin";
import { elementOf, type RemotePeer, type TestClient, type TestServer, testServer } from "#testing";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { type RosterBook, rosterBook } from "../../plugins/im/roster_book.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import {
  INBOUND,
  OUTBOUND,
  partsOf,
  seesPresence,
  type State,
  stateOf,
  STATES,
  type SubscriptionType,
  type Table,
} from "../../plugins/im/subscription_table.ts";

const plugins = [roster, subscription, presence];
const TYPES = Object.keys(OUTBOUND) as SubscriptionType[];

/**
 * Tables 2 to 9 of the RFC, written down once more in another way: the states in its order are 1 to 9; each entry is the
 * new state, "." for no change; a capital M or an S stands where the stanza goes on or does not.
 */
const RFC: Record<"out" | "in", Record<SubscriptionType, string>> = {
  out: {
    subscribe: "M2 M. M4 M. M. M. M8 M. M.",
    unsubscribe: "M. M1 M. M3 M1 M3 M. M7 M7",
    subscribed: "S. S. M7 M8 S. M9 S. S. S.",
    unsubscribed: "S. S. M1 M2 S. M5 M1 M2 M5",
  },
  in: {
    subscribe: "M3 M4 S. S. M6 S. S. S. S.",
    unsubscribe: "S. S. M1 M2 S. M5 M1 M2 M5",
    subscribed: "S. M5 S. M6 S. S. S. M9 S.",
    unsubscribed: "S. M1 S. M3 M1 M3 S. M7 M7",
  },
};
const ORDER: readonly State[] = [
  "none",
  "none+out",
  "none+in",
  "none+out+in",
  "to",
  "to+in",
  "from",
  "from+out",
  "both",
];

function compact(table: Table, type: SubscriptionType): string {
  return ORDER.map((state) => {
    const [passes, next] = table[type][state];
    return (passes ? "M" : "S") + (next === state ? "." : ORDER.indexOf(next) + 1);
  }).join(" ");
}

Deno.test("the table is that of RFC 6121 Appendix A", () => {
  assert.deepEqual(STATES, ORDER);
  for (const type of TYPES) {
    assert.equal(compact(OUTBOUND, type), RFC.out[type], `outbound ${type}`);
    assert.equal(compact(INBOUND, type), RFC.in[type], `inbound ${type}`);
  }
});

Deno.test("a state and what a roster keeps of it are the same thing", () => {
  for (const state of STATES) {
    const { subscription, out, in: pending } = partsOf(state);
    assert.equal(stateOf(subscription, out, pending), state);
  }
});

function book(server: TestServer): RosterBook {
  return server.host.fittings.service(rosterBook)!;
}

/** Puts a contact of an account into a state, without a word to that contact. */
async function seed(server: TestServer, local: string, contact: string, state: State): Promise<void> {
  const jid = Jid.parse(contact);
  const rosters = book(server);
  if (partsOf(state).in) {
    const request = elementOf(`<presence type='subscribe' from='${contact}' to='${local}@a.test'/>`);
    rosters.ask(local, Stanza.of(request));
  }
  rosters.change(local, jid, state);
  await server.settle();
}

/** A client that gets pushes and requests, with nothing in its inbox. */
async function interested(server: TestServer, spec: string): Promise<TestClient> {
  const client = await server.client(spec);
  await client.send(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`);
  await client.send("<presence/>");
  client.clear();
  return client;
}

/** The one push for a contact, as an item; undefined where there was none. */
function pushed(client: TestClient, contact: string): string | undefined {
  const pushes = client.inbox.flatMap((stanza) => {
    const item = stanza.child("query", "jabber:iq:roster")?.child("item");
    return item?.attr("jid") === contact ? [item] : [];
  });
  assert.ok(pushes.length <= 1, `${pushes.length} pushes for ${contact}`);
  const item = pushes[0];
  return item && said(item.attr("subscription"), item.attr("ask"), item.attr("approved"));
}

/** What a push must say of a change, if there must be one. */
function expectedPush(before: State, after: State, approved: boolean): string | undefined {
  const [old, now] = [partsOf(before), partsOf(after)];
  if (old.subscription === now.subscription && old.out === now.out && !approved) return undefined;
  return said(now.subscription, now.out ? "subscribe" : undefined, approved ? "true" : undefined);
}

function said(...attributes: (string | undefined)[]): string {
  return attributes.map((value) => value ?? "-").join(" ");
}

function types(peer: RemotePeer, contact: string): string[] {
  return peer.inbox.filter((s) => s.attr("to") === contact).map((s) => s.attr("type") ?? "available");
}

for (const type of TYPES) {
  Deno.test(`outbound "${type}" in each state`, async () => {
    await using server = await testServer({ plugins });
    const peer = server.remote("b.test");
    const alice = await interested(server, "alice/desk");
    for (const state of STATES) {
      const contact = `${state.replaceAll("+", "-")}@b.test`;
      await seed(server, "alice", contact, state);
      peer.inbox.length = 0;
      alice.clear();
      await alice.send(`<presence type='${type}' id='x' to='${contact}/somewhere'/>`);

      const [routed, next] = OUTBOUND[type][state];
      const approved = type === "subscribed" && !routed && !seesPresence(state);
      assert.equal(book(server).state("alice", Jid.parse(contact)), next, `${state}: the new state`);
      assert.equal(pushed(alice, contact), expectedPush(state, next, approved), `${state}: the push`);
      const expected = !routed
        ? []
        : type === "subscribed"
        ? ["subscribed", "available"]
        : type === "unsubscribed" && seesPresence(state)
        ? ["unavailable", "unsubscribed"]
        : [type];
      assert.deepEqual(types(peer, contact), expected, `${state}: what the contact's server gets`);
      if (routed) peer.expect(`<presence type='${type}' id='x' from='alice@a.test' to='${contact}'/>`);
    }
  });

  Deno.test(`inbound "${type}" in each state`, async () => {
    await using server = await testServer({ plugins });
    const peer = server.remote("b.test");
    const alice = await interested(server, "alice/desk");
    for (const state of STATES) {
      const contact = `${state.replaceAll("+", "-")}@b.test`;
      await seed(server, "alice", contact, state);
      peer.inbox.length = 0;
      alice.clear();
      await peer.send(`<presence type='${type}' id='x' from='${contact}' to='alice@a.test'/>`);

      const [delivered, next] = INBOUND[type][state];
      assert.equal(book(server).state("alice", Jid.parse(contact)), next, `${state}: the new state`);
      assert.equal(pushed(alice, contact), expectedPush(state, next, false), `${state}: the push`);
      const got = alice.inbox.filter((s) => s.name === "presence" && s.attr("from") === contact);
      assert.deepEqual(
        got.map((s) => s.attr("type")),
        delivered ? [type] : [],
        `${state}: what the client gets`,
      );
      // RFC 6121 §3.1.6: before the push.
      if (delivered) assert.equal(alice.inbox[0]?.attr("type"), type);
      const answers = type === "subscribe" && seesPresence(state)
        ? ["subscribed", "available"]
        : type === "unsubscribe" && delivered
        ? seesPresence(state) ? ["unavailable", "unsubscribed"] : ["unsubscribed"]
        : [];
      assert.deepEqual(types(peer, contact), answers, `${state}: the answers`);
    }
  });

  Deno.test(`"${type}" between two accounts of one server leaves both sides in agreement`, async () => {
    await using server = await testServer({ plugins });
    const alice = await interested(server, "alice/desk");
    for (const state of STATES) {
      const name = state.replaceAll("+", "-");
      const contact = `${name}@a.test`;
      const other = await interested(server, `${name}/pad`);
      await seed(server, "alice", contact, state);
      await seed(server, name, "alice@a.test", mirrored(state));
      alice.clear();
      other.clear();
      await alice.send(`<presence type='${type}' to='${contact}'/>`);
      const mine = book(server).state("alice", Jid.parse(contact));
      const theirs = book(server).state(name, Jid.parse("alice@a.test"));
      assert.equal(theirs, mirrored(mine), `${state}: after ${type}, alice has ${mine}`);
      assert.equal(mine, OUTBOUND[type][state][1], state);
      const [routed] = OUTBOUND[type][state];
      const delivered = routed && INBOUND[type][mirrored(state)][0];
      if (delivered) other.expect(`<presence type='${type}' from='alice@a.test' to='${contact}'/>`);
      else other.never(`<presence type='${type}'/>`);
    }
  });
}

/** The same relation as the other side has it. */
function mirrored(state: State): State {
  const { subscription, out, in: pending } = partsOf(state);
  const other = subscription === "to" ? "from" : subscription === "from" ? "to" : subscription;
  return stateOf(other, pending, out);
}
