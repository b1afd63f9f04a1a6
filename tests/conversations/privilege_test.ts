/** XEP-0356: what a privileged component may do for accounts, and that it may do nothing else. */
import { equal, throws } from "node:assert/strict";
import { type TestComponent, type TestServer, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { component } from "../../plugins/component/component.ts";
import { delegation } from "../../plugins/component/delegation.ts";
import { privilege } from "../../plugins/component/privilege.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { disco } from "../../plugins/service/disco.ts";
import { ping } from "../../plugins/service/ping.ts";

const SECRET = "between the two of us";
const GW = "gw.a.test";
const NS = "urn:xmpp:privilege:2";
const ROSTER = "jabber:iq:roster";
const PING = "urn:xmpp:ping";
const FORWARD = "urn:xmpp:forward:0";
const ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const PLUGINS = [
  blocking,
  archive,
  carbons,
  message,
  presence,
  roster,
  subscription,
  disco,
  ping,
  component,
  delegation,
  privilege,
];

function config(entity: Record<string, unknown>): Record<string, unknown> {
  return {
    host: {
      "a.test": { privilege: { entities: { [GW]: entity } } },
      [GW]: { kind: "component", component: { secret: SECRET } },
      "other.a.test": { kind: "component", component: { secret: SECRET } },
    },
  };
}

function serverWith(entity: Record<string, unknown>): Promise<TestServer> {
  return testServer({ plugins: PLUGINS, config: config(entity) });
}

/** Connected, with what it was told taken from its inbox. */
async function connected(server: TestServer): Promise<TestComponent> {
  const gateway = await server.component(GW, SECRET);
  gateway.clear();
  return gateway;
}

const forwarded = (message: string): string =>
  `<message from='${GW}' to='a.test' id='p'><privilege xmlns='${NS}'><forwarded xmlns='${FORWARD}'>${message}` +
  `</forwarded></privilege></message>`;

const refused = (kind: string, id: string, condition = "forbidden"): string =>
  `<${kind} type='error' id='${id}'><error><${condition} xmlns='${ERRORS}'/></error></${kind}>`;

Deno.test("XEP-0356 §4.2: permissions are told at connect, in both versions, and again when they change", async () => {
  await using server = await serverWith({ roster: "both", message: "outgoing", iq: { [PING]: "get" } });
  const gateway = await server.component(GW, SECRET);
  gateway.expect(
    `<message from='a.test' to='${GW}'><privilege xmlns='${NS}'>
      <perm access='roster' type='both' push='true'/><perm access='message' type='outgoing'/>
      <perm access='presence' type='none'/>
      <perm access='iq'><namespace ns='${PING}' type='get'/></perm></privilege></message>`,
  );
  const old = gateway.expect(
    `<message from='a.test' to='${GW}'><privilege xmlns='urn:xmpp:privilege:1'>
      <perm access='roster' type='both' push='true'/></privilege></message>`,
  );
  equal(old.toString().includes("namespace"), false);
  gateway.quiet();
  const other = await server.component("other.a.test", SECRET);
  other.quiet();

  await server.reload({ config: config({ roster: "both", message: "outgoing", iq: { [PING]: "get" } }) });
  gateway.quiet();
  await server.reload({ config: config({ roster: "get", push: false }) });
  gateway.expect(
    `<message><privilege xmlns='${NS}'><perm access='roster' type='get' push='false'/>
      <perm access='message' type='none'/></privilege></message>`,
  );
});

Deno.test("XEP-0356 §4.3: a contact list is read and changed as the account itself would", async () => {
  await using server = await serverWith({ roster: "both", push: false });
  const [alice] = await server.online("alice/desk");
  const gateway = await connected(server);
  await alice.send(`<iq type='get' id='r'><query xmlns='${ROSTER}'/></iq>`);
  alice.clear();
  await gateway.send(
    `<iq from='${GW}' to='alice@a.test' type='set' id='1'><query xmlns='${ROSTER}'>
      <item jid='romeo@b.test' name='Romeo'><group>Rivals</group></item></query></iq>`,
  );
  gateway.expect(`<iq from='alice@a.test' to='${GW}' type='result' id='1'/>`);
  alice.expect(
    `<iq type='set'><query xmlns='${ROSTER}'><item jid='romeo@b.test' subscription='none'/></query></iq>`,
  );
  await gateway.send(`<iq from='${GW}' to='alice@a.test' type='get' id='2'><query xmlns='${ROSTER}'/></iq>`);
  gateway.expect(
    `<iq from='alice@a.test' type='result' id='2'><query xmlns='${ROSTER}'>
      <item jid='romeo@b.test' name='Romeo'><group>Rivals</group></item></query></iq>`,
  );
  gateway.quiet();
  await gateway.send(
    `<iq from='${GW}' to='alice@a.test' type='set' id='3'><query xmlns='${ROSTER}'>
      <item jid='romeo@b.test' name='Romeo' subscription='both'/></query></iq>`,
  );
  // Not its own contact: what both sides want is not for it to say.
  alice.expect(
    `<iq type='set'><query xmlns='${ROSTER}'><item jid='romeo@b.test' subscription='none'/></query></iq>`,
  );
  alice.never(`<iq type='set'><query xmlns='${ROSTER}'><item subscription='both'/></query></iq>`);
});

Deno.test("gateways: a contact of the component's own domain gets its subscription with the item", async () => {
  await using server = await serverWith({ roster: "both", push: false });
  const [alice] = await server.online("alice/desk");
  const gateway = await connected(server);
  await alice.send(`<iq type='get' id='r'><query xmlns='${ROSTER}'/></iq>`);
  alice.clear();
  await gateway.send(
    `<iq from='${GW}' to='alice@a.test' type='set' id='1'><query xmlns='${ROSTER}'>
      <item jid='bob@${GW}' name='Bob' subscription='both'/></query></iq>`,
  );
  gateway.expect(`<iq type='result' id='1'/>`);
  alice.expect(
    `<iq type='set'><query xmlns='${ROSTER}'><item jid='bob@${GW}' name='Bob' subscription='both'/></query></iq>`,
  );
  gateway.expect(`<presence type='probe' from='alice@a.test' to='bob@${GW}'/>`);
  await gateway.send(`<presence from='bob@${GW}/phone' to='alice@a.test'/>`);
  alice.expect(`<presence from='bob@${GW}/phone'/>`);
});

Deno.test("XEP-0356 §4.1: what was not granted is forbidden, and for everybody else it is as ever", async () => {
  await using server = await serverWith({ roster: "get", message: "none" });
  await server.clients("alice/desk");
  const gateway = await connected(server);
  await gateway.send(
    `<iq from='${GW}' to='alice@a.test' type='set' id='1'><query xmlns='${ROSTER}'>
      <item jid='romeo@b.test'/></query></iq>`,
  );
  gateway.expect(refused("iq", "1"));
  await gateway.send(
    `<iq from='bob@${GW}' to='alice@a.test' type='get' id='2'><query xmlns='${ROSTER}'/></iq>`,
  );
  gateway.expect(refused("iq", "2", "service-unavailable"));
  await gateway.send(
    forwarded(`<message xmlns='jabber:client' from='alice@a.test' to='b@b.test'><body/></message>`),
  );
  gateway.expect(refused("message", "p"));
  const other = await server.component("other.a.test", SECRET);
  await other.send(
    `<iq from='other.a.test' to='alice@a.test' type='get' id='3'><query xmlns='${ROSTER}'/></iq>`,
  );
  other.expect(refused("iq", "3", "service-unavailable"));
});

Deno.test("XEP-0356 §4.4: roster pushes come from the account", async () => {
  await using server = await serverWith({ roster: "get" });
  const [alice] = await server.online("alice/desk");
  const gateway = await connected(server);
  await alice.send(
    `<iq type='set' id='1'><query xmlns='${ROSTER}'><item jid='nurse@b.test' name='Nurse'/></query></iq>`,
  );
  gateway.expect(
    `<iq type='set' from='alice@a.test' to='${GW}'><query xmlns='${ROSTER}'>
      <item jid='nurse@b.test' name='Nurse' subscription='none'/></query></iq>`,
  );
  await alice.send(
    `<iq type='set' id='2'><query xmlns='${ROSTER}'><item jid='nurse@b.test' subscription='remove'/></query></iq>`,
  );
  gateway.expect(
    `<iq type='set' from='alice@a.test'><query xmlns='${ROSTER}'>
      <item jid='nurse@b.test' subscription='remove'/></query></iq>`,
  );
  gateway.quiet();
});

Deno.test("XEP-0356 §5.3: a message in the name of an account, in its archive and on its devices", async () => {
  await using server = await serverWith({ message: "outgoing" });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await alice.send(`<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>`);
  alice.clear();
  const gateway = await connected(server);
  await gateway.send(forwarded(
    `<message xmlns='jabber:client' from='alice@a.test' to='bob@a.test' id='foo' type='chat'><body>Hi</body></message>`,
  ));
  bob.expect(`<message from='alice@a.test' to='bob@a.test' id='foo' type='chat'><body>Hi</body></message>`);
  alice.expect(
    `<message from='alice@a.test'><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='${FORWARD}'>
      <message xmlns='jabber:client' from='alice@a.test' to='bob@a.test' id='foo'><body>Hi</body></message></forwarded></sent></message>`,
  );
  gateway.quiet();
  await alice.send(`<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2'/></iq>`);
  alice.expect(
    `<message><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='${FORWARD}'>
      <message xmlns='jabber:client' from='alice@a.test' id='foo'><body>Hi</body></message></forwarded></result></message>`,
  );
  await gateway.send(forwarded(
    `<message xmlns='jabber:client' from='a.test' to='bob@a.test' id='s'><body>From the server</body></message>`,
  ));
  bob.expect(`<message from='a.test' id='s'><body>From the server</body></message>`);
});

Deno.test("XEP-0356 §5.1: a message may come from bare addresses of this host only", async () => {
  await using server = await serverWith({ message: "outgoing" });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  const gateway = await connected(server);
  for (const from of ["alice@a.test/desk", "romeo@b.test", "nobody@a.test", `x@${GW}`]) {
    await gateway.send(forwarded(
      `<message xmlns='jabber:client' from='${from}' to='bob@a.test'><body>Hi</body></message>`,
    ));
    gateway.expect(refused("message", "p"));
  }
  await gateway.send(forwarded(`<message xmlns='jabber:client' to='bob@a.test'><body>Hi</body></message>`));
  gateway.expect(refused("message", "p"));
  await gateway.send(forwarded(`<presence xmlns='jabber:client' from='alice@a.test' to='bob@a.test'/>`));
  gateway.expect(refused("message", "p", "bad-request"));
  // A client is no privileged entity.
  await alice.send(
    `<message to='a.test' id='p'><privilege xmlns='${NS}'><forwarded xmlns='${FORWARD}'>
      <message xmlns='jabber:client' from='bob@a.test' to='alice@a.test'><body>I am Bob</body></message>
      </forwarded></privilege></message>`,
  );
  alice.expect(refused("message", "p"));
  bob.quiet();
  alice.quiet();
});

Deno.test("XEP-0356 §9, rule 4: it may not do what the account could not", async () => {
  await using server = await serverWith({ message: "outgoing" });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await alice.send(
    `<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='bob@a.test'/></block></iq>`,
  );
  const gateway = await connected(server);
  bob.clear();
  await gateway.send(forwarded(
    `<message xmlns='jabber:client' from='alice@a.test' to='bob@a.test'><body>Hi</body></message>`,
  ));
  gateway.expect(`<message type='error' id='p'/>`);
  bob.quiet();
});

const request = (inner: string, { type = "get", to = "alice@a.test" } = {}): string =>
  `<iq from='${GW}' to='${to}' type='${type}' id='q'><privileged_iq xmlns='${NS}'>${inner}</privileged_iq></iq>`;

Deno.test("XEP-0356 §6.3: a request in the name of an account, and its answer wrapped", async () => {
  await using server = await serverWith({ iq: { [PING]: "both", "urn:example": "set" } });
  await server.online("alice/desk");
  const b = server.remote("b.test");
  const gateway = await connected(server);
  await gateway.send(
    request(`<iq xmlns='jabber:client' type='set' id='in' to='romeo@b.test'><do xmlns='urn:example'/></iq>`, {
      type: "set",
    }),
  );
  const asked = b.expect(
    `<iq from='alice@a.test' to='romeo@b.test' type='set'><do xmlns='urn:example'/></iq>`,
  );
  gateway.quiet();
  await b.send(
    `<iq from='romeo@b.test' to='alice@a.test' type='result' id='${
      asked.attr("id")
    }'><done xmlns='urn:example'/></iq>`,
  );
  gateway.expect(
    `<iq type='result' from='alice@a.test' to='${GW}' id='q'><privilege xmlns='${NS}'><forwarded xmlns='${FORWARD}'>
      <iq xmlns='jabber:client' type='result' from='romeo@b.test' to='alice@a.test' id='in'><done xmlns='urn:example'/></iq>
      </forwarded></privilege></iq>`,
  );
  // Without a receiver it is for the account itself.
  await gateway.send(request(`<iq xmlns='jabber:client' type='get' id='own'><ping xmlns='${PING}'/></iq>`));
  gateway.expect(
    `<iq type='result' id='q'><privilege xmlns='${NS}'><forwarded xmlns='${FORWARD}'>
      <iq xmlns='jabber:client' type='result' from='alice@a.test' id='own'/></forwarded></privilege></iq>`,
  );
  // An error is an answer too.
  await gateway.send(
    request(`<iq xmlns='jabber:client' type='get' id='no' to='bob@a.test/x'><ping xmlns='${PING}'/></iq>`),
  );
  gateway.expect(
    `<iq type='result' id='q'><privilege xmlns='${NS}'><forwarded xmlns='${FORWARD}'>
      <iq xmlns='jabber:client' type='error' from='bob@a.test/x' id='no'><error><service-unavailable xmlns='${ERRORS}'/></error></iq>
      </forwarded></privilege></iq>`,
  );
});

Deno.test("XEP-0356 §6.3: each condition of the list is forbidden", async () => {
  await using server = await serverWith({ iq: { [PING]: "get" } });
  await server.clients("alice/desk");
  const gateway = await connected(server);
  const ok = `<iq xmlns='jabber:client' type='get' id='i'><ping xmlns='${PING}'/></iq>`;
  const cases = [
    request(ok, { to: "alice@a.test/desk" }),
    request(ok, { to: "a.test" }),
    request(ok, { to: "nobody@a.test" }),
    request(`<iq xmlns='jabber:client' type='get' id='i'><query xmlns='${ROSTER}'/></iq>`),
    request(`<iq xmlns='jabber:client' type='set' id='i'><ping xmlns='${PING}'/></iq>`, { type: "set" }),
    request(`<iq xmlns='urn:example' type='get' id='i'><ping xmlns='${PING}'/></iq>`),
    request(`<iq xmlns='jabber:client' type='get' id='i' from='bob@a.test'><ping xmlns='${PING}'/></iq>`),
    request(ok, { type: "set" }),
    request(`<iq xmlns='jabber:client' type='get' id='i'><x xmlns='constructor'/></iq>`),
  ];
  for (const xml of cases) {
    await gateway.send(xml);
    gateway.expect(refused("iq", "q"));
  }
  gateway.quiet();
});

Deno.test("XEP-0356 §7.1, §8 rule 1: presence of accounts, when it begins and ends, also to who connects later", async () => {
  await using server = await serverWith({ presence: "managed_entity" });
  const [alice] = await server.online("alice/desk");
  const gateway = await server.component(GW, SECRET);
  gateway.expect(`<presence from='alice@a.test/desk' to='${GW}'/>`);
  gateway.clear();
  await alice.send("<presence><show>away</show></presence>");
  gateway.quiet();
  const [bob] = await server.clients("bob/pad");
  await bob.send("<presence><show>chat</show></presence>");
  gateway.expect(`<presence from='bob@a.test/pad' to='${GW}'><show>chat</show></presence>`);
  await bob.cut();
  gateway.expect(`<presence from='bob@a.test/pad' to='${GW}' type='unavailable'/>`);
  gateway.quiet();
});

Deno.test("XEP-0356 §7.4, §8 rule 2: presence of contacts, once each, also to who connects later", async () => {
  await using server = await serverWith({ roster: "get", push: false, presence: "roster" });
  const [alice, nurse] = await server.online("alice/desk", "nurse/desk");
  const b = server.remote("b.test");
  for (const client of [alice, nurse]) {
    const account = client.jid!.bare;
    await client.send(`<presence type='subscribe' to='romeo@b.test'/>`);
    await b.send(`<presence type='subscribed' from='romeo@b.test' to='${account}'/>`);
  }
  const gateway = await connected(server);
  gateway.clear();
  for (const to of ["alice", "nurse"]) {
    await b.send(`<presence from='romeo@b.test/orchard' to='${to}@a.test' id='1'/>`);
  }
  gateway.expect(`<presence from='romeo@b.test/orchard' to='${GW}'/>`);
  gateway.quiet();
  await b.send(`<presence from='stranger@b.test/x' to='alice@a.test'/>`);
  gateway.quiet();
  await gateway.cut();
  const again = await server.component(GW, SECRET);
  again.expect(`<presence from='romeo@b.test/orchard' to='${GW}'/>`);
  again.clear();
  await b.send(`<presence type='unavailable' from='romeo@b.test/orchard' to='alice@a.test'/>`);
  again.expect(`<presence type='unavailable' from='romeo@b.test/orchard' to='${GW}'/>`);
});

Deno.test("XEP-0356 §7.4: presence of contacts without leave to read contact lists is an error of the options", () => {
  throws(
    () => privilege.config.parse({ entities: { [GW]: { presence: "roster", roster: "set" } } }),
    /roster/,
  );
});
