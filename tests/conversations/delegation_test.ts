/** XEP-0355: requests that a component answers in place of the server, without anybody noticing. */
import { equal, throws } from "node:assert/strict";
import { type TestComponent, TestNetwork, type TestServer, testServer } from "#testing";
import { component } from "../../plugins/component/component.ts";
import { delegation } from "../../plugins/component/delegation.ts";
import { federation } from "../../plugins/federation/federation.ts";
import { privilege } from "../../plugins/component/privilege.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { disco } from "../../plugins/service/disco.ts";
import { ping } from "../../plugins/service/ping.ts";
import { trusted } from "./federation_world.ts";

const SECRET = "between the two of us";
const PEP = "pep.a.test";
const NS = "urn:xmpp:delegation:2";
const PUBSUB = "http://jabber.org/protocol/pubsub";
const ROSTER = "jabber:iq:roster";
const PING = "urn:xmpp:ping";
const FORWARD = "urn:xmpp:forward:0";
const DISCO_INFO = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
const ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const PLUGINS = [message, presence, roster, disco, ping, component, delegation, privilege];

function config(namespaces: Record<string, unknown>, entity: Record<string, unknown> = {}) {
  return {
    host: {
      "a.test": { delegation: { namespaces }, privilege: { entities: { [PEP]: entity } } },
      [PEP]: { kind: "component", component: { secret: SECRET } },
    },
  };
}

const TO = { to: PEP };

function serverWith(
  namespaces: Record<string, unknown>,
  entity?: Record<string, unknown>,
): Promise<TestServer> {
  return testServer({ plugins: PLUGINS, config: config(namespaces, entity) });
}

/** Connected, with the questions of the server answered by "I do not know". */
async function connected(server: TestServer): Promise<TestComponent> {
  const pep = await server.component(PEP, SECRET);
  await answerAll(pep, {});
  pep.clear();
  return pep;
}

/** Answers the server's questions of disco until there are no more: by node, "" for none. */
async function answerAll(pep: TestComponent, known: Record<string, string>): Promise<void> {
  for (let asked = true; asked;) {
    const questions = pep.inbox.filter((it) => it.name === "iq" && it.has("query", DISCO_INFO));
    for (const question of questions) {
      pep.inbox.splice(pep.inbox.indexOf(question), 1);
      const node = question.child("query", DISCO_INFO)!.attr("node") ?? "";
      const id = question.attr("id");
      await pep.send(
        known[node] === undefined
          ? `<iq type='error' id='${id}' to='a.test'><error type='cancel'><item-not-found xmlns='${ERRORS}'/></error></iq>`
          : `<iq type='result' id='${id}' to='a.test'><query xmlns='${DISCO_INFO}' node='${node}'>${
            known[node]
          }</query></iq>`,
      );
    }
    asked = questions.length > 0;
  }
}

/** Takes the delegated request from the component's inbox: the outer id, and what is inside. */
function delegated(pep: TestComponent, inner: string) {
  const outer = pep.expect(
    `<iq from='a.test' to='${PEP}' type='set'><delegation xmlns='${NS}'><forwarded xmlns='${FORWARD}'>${inner}` +
      `</forwarded></delegation></iq>`,
  );
  return outer.attr("id")!;
}

const answer = (id: string, inner: string): string =>
  `<iq from='${PEP}' to='a.test' id='${id}' type='result'><delegation xmlns='${NS}'><forwarded xmlns='${FORWARD}'>` +
  `${inner}</forwarded></delegation></iq>`;

const publish = (id: string): string =>
  `<iq type='set' id='${id}'><pubsub xmlns='${PUBSUB}'><publish node='mood'/></pubsub></iq>`;

Deno.test("XEP-0355 §4.2: what is delegated is told at connect, in both versions, and again when it changes", async () => {
  await using server = await serverWith({
    [PUBSUB]: TO,
    "urn:xmpp:mam:2": { to: PEP, attributes: ["node"] },
  });
  const pep = await server.component(PEP, SECRET);
  for (const ns of [NS, "urn:xmpp:delegation:1"]) {
    pep.expect(
      `<message from='a.test' to='${PEP}'><delegation xmlns='${ns}'>
        <delegated namespace='urn:xmpp:mam:2'><attribute name='node'/></delegated>
        <delegated namespace='${PUBSUB}'/></delegation></message>`,
    );
  }
  await server.reload({ config: config({ [PUBSUB]: TO }) });
  const told = pep.expect(
    `<message><delegation xmlns='${NS}'><delegated namespace='${PUBSUB}'/></delegation></message>`,
  );
  equal(told.toString().includes("mam"), false);
});

Deno.test("XEP-0355 §4.3: a request is forwarded, its answer given back in the server's name", async () => {
  await using server = await serverWith({ [PUBSUB]: TO });
  const [alice] = await server.online("alice/desk");
  const pep = await connected(server);
  await alice.send(publish("pep1"));
  const id = delegated(
    pep,
    `<iq xmlns='jabber:client' from='alice@a.test/desk' id='pep1' type='set'><pubsub xmlns='${PUBSUB}'>
      <publish node='mood'/></pubsub></iq>`,
  );
  alice.quiet();
  await pep.send(answer(
    id,
    `<iq xmlns='jabber:client' to='alice@a.test/desk' id='pep1' type='result'><pubsub xmlns='${PUBSUB}'/></iq>`,
  ));
  alice.expect(`<iq from='alice@a.test' id='pep1' type='result'><pubsub xmlns='${PUBSUB}'/></iq>`);
  alice.quiet();

  const b = server.remote("b.test");
  await b.send(
    `<iq from='romeo@b.test/x' to='alice@a.test' type='get' id='r'><pubsub xmlns='${PUBSUB}'/></iq>`,
  );
  const second = delegated(
    pep,
    `<iq xmlns='jabber:client' from='romeo@b.test/x' to='alice@a.test' id='r' type='get'/>`,
  );
  await pep.send(answer(
    second,
    `<iq xmlns='jabber:client' to='romeo@b.test/x' id='r' type='error'><error type='auth'>
      <forbidden xmlns='${ERRORS}'/></error></iq>`,
  ));
  b.expect(
    `<iq from='alice@a.test' id='r' type='error'><error type='auth'><forbidden xmlns='${ERRORS}'/></error></iq>`,
  );
});

Deno.test("XEP-0355 §4.3: to full addresses, of other namespaces, and other stanzas: as ever", async () => {
  await using server = await serverWith({ [PUBSUB]: TO });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  const pep = await connected(server);
  await alice.send(`<iq type='get' to='bob@a.test/pad' id='1'><pubsub xmlns='${PUBSUB}'/></iq>`);
  bob.expect(`<iq type='get' from='alice@a.test/desk' id='1'/>`);
  await alice.send(`<iq type='get' to='a.test' id='2'><ping xmlns='${PING}'/></iq>`);
  alice.expect(`<iq type='result' id='2'/>`);
  await alice.send(`<iq type='get' to='nobody@a.test' id='3'><pubsub xmlns='${PUBSUB}'/></iq>`);
  alice.expect(`<iq type='error' id='3'/>`);
  pep.quiet();
});

Deno.test("XEP-0355 §4.3: an answer that does not fit becomes service-unavailable", async () => {
  await using server = await serverWith({ [PUBSUB]: TO });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  const pep = await connected(server);
  const wrong = [
    `<iq xmlns='jabber:client' to='bob@a.test/pad' id='x' type='result'/>`,
    `<iq xmlns='jabber:client' to='alice@a.test/desk' id='y' type='result'/>`,
    `<iq xmlns='jabber:client' to='alice@a.test/desk' from='bob@a.test' id='x' type='result'/>`,
    `<iq xmlns='jabber:client' to='alice@a.test/desk' id='x' type='set'><a xmlns='b'/></iq>`,
    `<message xmlns='jabber:client' to='alice@a.test/desk' id='x' type='result'/>`,
  ];
  for (const inner of wrong) {
    await alice.send(publish("x"));
    await pep.send(answer(delegated(pep, `<iq xmlns='jabber:client' id='x'/>`), inner));
    alice.expect(`<iq type='error' id='x'><error><service-unavailable xmlns='${ERRORS}'/></error></iq>`);
  }
  bob.quiet();
  alice.quiet();
});

Deno.test("XEP-0355 §4.3, N.B. 1 and 2: an entity that is away, fails, or says nothing: service-unavailable", async () => {
  await using server = await serverWith({ [PUBSUB]: TO });
  const [alice] = await server.online("alice/desk");
  const unavailable = (id: string): string =>
    `<iq type='error' id='${id}'><error><service-unavailable xmlns='${ERRORS}'/></error></iq>`;
  await alice.send(publish("1"));
  alice.expect(unavailable("1"));
  const pep = await connected(server);
  await alice.send(publish("2"));
  const id = delegated(pep, `<iq xmlns='jabber:client' id='2'/>`);
  await pep.send(
    `<iq type='error' id='${id}' to='a.test'><error type='wait'><internal-server-error xmlns='${ERRORS}'/></error></iq>`,
  );
  alice.expect(unavailable("2"));
  await alice.send(publish("3"));
  await server.clock.advance("2 min");
  alice.expect(unavailable("3"));
});

Deno.test("XEP-0355 §4.3, N.B. 3: without the filtering attributes the server answers itself", async () => {
  await using server = await serverWith({ [PING]: { to: PEP, attributes: ["node", "kind"] } });
  const [alice] = await server.online("alice/desk");
  const pep = await connected(server);
  await alice.send(`<iq type='get' id='1' to='a.test'><ping xmlns='${PING}' node='x'/></iq>`);
  alice.expect(`<iq type='result' id='1'/>`);
  pep.quiet();
  await alice.send(`<iq type='get' id='2' to='a.test'><ping xmlns='${PING}' node='x' kind='y'/></iq>`);
  delegated(pep, `<iq xmlns='jabber:client' id='2'/>`);
});

Deno.test("XEP-0355 §4.3.1: what the managing entity asks is answered by the server, also with XEP-0356", async () => {
  await using server = await serverWith({ [ROSTER]: TO, [PING]: TO }, { roster: "both", push: false });
  const [alice] = await server.online("alice/desk");
  const pep = await connected(server);
  await pep.send(`<iq type='get' id='p' from='${PEP}' to='a.test'><ping xmlns='${PING}'/></iq>`);
  pep.expect(`<iq type='result' id='p' from='a.test'/>`);

  await alice.send(`<iq type='set' id='1'><query xmlns='${ROSTER}'><item jid='romeo@b.test'/></query></iq>`);
  const id = delegated(pep, `<iq xmlns='jabber:client' id='1' type='set'/>`);
  await pep.send(answer(id, `<iq xmlns='jabber:client' to='alice@a.test/desk' id='1' type='result'/>`));
  alice.expect(`<iq type='result' id='1'/>`);
  await pep.send(
    `<iq to='alice@a.test' from='${PEP}' id='2' type='set'><query xmlns='${ROSTER}'>
      <item jid='romeo@b.test'><group>Rivals</group></item></query></iq>`,
  );
  pep.expect(`<iq from='alice@a.test' type='result' id='2'/>`);
  await pep.send(`<iq to='alice@a.test' from='${PEP}' id='3' type='get'><query xmlns='${ROSTER}'/></iq>`);
  pep.expect(
    `<iq type='result' id='3'><query xmlns='${ROSTER}'><item jid='romeo@b.test'><group>Rivals</group></item></query></iq>`,
  );
});

Deno.test("XEP-0355 §7.1, §7.2: the entity's features in place of the server's own", async () => {
  await using server = await serverWith({ [PING]: TO, [PUBSUB]: TO });
  const [alice] = await server.online("alice/desk");
  const ask = (id: string, to: string) =>
    alice.send(`<iq type='get' id='${id}' to='${to}'><query xmlns='${DISCO_INFO}'/></iq>`);
  await ask("1", "a.test");
  const before = alice.expect(
    `<iq id='1' type='result'><query xmlns='${DISCO_INFO}'><feature var='${NS}'/></query></iq>`,
  );
  equal(before.toString().includes(PING), false);

  const pep = await server.component(PEP, SECRET);
  await answerAll(pep, {
    "": `<identity category='component' type='generic'/><feature var='${NS}'/>`,
    [`${NS}::${PUBSUB}`]: `<feature var='${PUBSUB}'/><feature var='${PUBSUB}#publish-options'/>`,
    [`${NS}:bare:${PUBSUB}`]: `<identity category='pubsub' type='pep'/><feature var='${PUBSUB}#auto-create'/>
      <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:example</value></field></x>`,
  });
  await ask("2", "a.test");
  alice.expect(
    `<iq id='2' type='result'><query xmlns='${DISCO_INFO}'>
      <feature var='${PUBSUB}'/><feature var='${PUBSUB}#publish-options'/></query></iq>`,
  );
  await ask("3", "alice@a.test");
  const account = alice.expect(
    `<iq id='3' type='result'><query xmlns='${DISCO_INFO}'>
      <identity category='account' type='registered'/><identity category='pubsub' type='pep'/>
      <feature var='${PUBSUB}#auto-create'/>
      <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:example</value></field></x></query></iq>`,
  );
  equal(account.toString().includes("publish-options"), false);
});

Deno.test("an entity of version 1 is spoken to in that version", async () => {
  await using server = await serverWith({ [PUBSUB]: TO });
  const [alice] = await server.online("alice/desk");
  const pep = await server.component(PEP, SECRET);
  await answerAll(pep, {
    "": `<feature var='urn:xmpp:delegation:1'/>`,
    [`urn:xmpp:delegation:1::${PUBSUB}`]: `<feature var='${PUBSUB}#old'/>`,
  });
  await alice.send(`<iq type='get' id='1' to='a.test'><query xmlns='${DISCO_INFO}'/></iq>`);
  alice.expect(`<iq id='1'><query xmlns='${DISCO_INFO}'><feature var='${PUBSUB}#old'/></query></iq>`);
  await alice.send(publish("2"));
  const id = pep.expect(
    `<iq type='set'><delegation xmlns='urn:xmpp:delegation:1'><forwarded xmlns='${FORWARD}'/></delegation></iq>`,
  ).attr("id");
  await pep.send(
    `<iq to='a.test' type='result' id='${id}'><delegation xmlns='urn:xmpp:delegation:1'><forwarded xmlns='${FORWARD}'>
      <iq xmlns='jabber:client' to='alice@a.test/desk' id='2' type='result'/></forwarded></delegation></iq>`,
  );
  alice.expect(`<iq id='2' type='result' from='alice@a.test'/>`);
});

Deno.test("XEP-0355 §7.2.4, §7.2.5: questions about nodes that nobody here knows, and what an account has", async () => {
  await using server = await serverWith({
    [`${NS}:bare:disco#info:*`]: TO,
    [`${NS}:bare:disco#items:*`]: TO,
  });
  const [alice] = await server.online("alice/desk");
  const pep = await connected(server);
  const ask = (id: string, ns: string, node = "") =>
    alice.send(
      `<iq type='get' id='${id}' to='alice@a.test'><query xmlns='${ns}'${node && ` node='${node}'`}/></iq>`,
    );
  await ask("1", DISCO_INFO);
  alice.expect(
    `<iq id='1' type='result'><query><identity/></query></iq>`.replaceAll(
      "<query>",
      `<query xmlns='${DISCO_INFO}'>`,
    ),
  );
  pep.quiet();
  await ask("2", DISCO_INFO, "urn:xmpp:microblog:0");
  const id = delegated(
    pep,
    `<iq xmlns='jabber:client' id='2'><query xmlns='${DISCO_INFO}' node='urn:xmpp:microblog:0'/></iq>`,
  );
  await pep.send(answer(
    id,
    `<iq xmlns='jabber:client' to='alice@a.test/desk' id='2' type='result'>
      <query xmlns='${DISCO_INFO}' node='urn:xmpp:microblog:0'><identity category='pubsub' type='leaf'/></query></iq>`,
  ));
  alice.expect(
    `<iq id='2' type='result'><query xmlns='${DISCO_INFO}'><identity category='pubsub' type='leaf'/></query></iq>`,
  );
  await ask("3", DISCO_ITEMS);
  delegated(pep, `<iq xmlns='jabber:client' id='3'/>`);
  await ask("4", DISCO_ITEMS, "urn:xmpp:microblog:0");
  delegated(pep, `<iq xmlns='jabber:client' id='4'/>`);
});

Deno.test("XEP-0355 §8, rule 5: the protocol's own namespace cannot be delegated", () => {
  throws(() => delegation.config.parse({ namespaces: { [NS]: TO } }), /cannot be delegated/);
});

Deno.test("another server has so many delegated requests under way, as of others; then its stream waits", async () => {
  const network = new TestNetwork();
  const options = { ...config({ [PUBSUB]: TO }), limits: { server_stanzas_per_second: "off" } };
  await using server = await testServer({ plugins: [...PLUGINS, federation], network, config: options });
  const pep = await connected(server);
  const [alice] = await server.online("alice/desk");
  const peer = server.peer({ certificate: trusted("b.test") });
  await peer.external("b.test", "a.test", "<bidi xmlns='urn:xmpp:bidi'/>");
  let asked = "";
  for (let i = 0; i < 256; i++) {
    asked += `<iq from='x@b.test/y' to='alice@a.test' type='get' id='${i}'><pubsub xmlns='${PUBSUB}'/></iq>`;
  }
  // The test cannot wait for the server to be done, since it is not.
  peer.carrier.feed(new TextEncoder().encode(`${asked}<message from='x@b.test' to='alice@a.test/desk'/>`));
  for (let i = 0; i < 50; i++) await Promise.resolve();
  server.server.streams.flusher.flush();
  equal(pep.inbox.length, 256);
  alice.quiet();
  await pep.send(
    pep.inbox.map((iq) => `<iq type='error' id='${iq.attr("id")}' from='${PEP}' to='a.test'/>`).join(""),
  );
  alice.expect("<message from='x@b.test'/>");
  peer.expect("<iq from='alice@a.test' to='x@b.test/y' type='error' id='255'/>");
});
