/** The pluggable routing of FEATURES §2.4. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  arriving,
  CLAIMED,
  CONTENT_NS,
  definePlugin,
  delivering,
  departing,
  DROP,
  el,
  encodeUtf8,
  entering,
  exporting,
  handled,
  none,
  sessionBound,
  sessionUnbound,
  Stanza,
  StanzaError,
  undelivered,
  writing,
} from "#plugin";
import { type TestServer, testServer } from "#testing";
import { StorageError } from "../../src/storage/error.ts";

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

Deno.test("AC-2.4-1 a plugin of ten lines drops, rewrites and answers anything, also before the login", async () => {
  const meddler = definePlugin({
    name: "meddler",
    doc: "Meddles.",
    config: none,
    setup(host) {
      host.tap(entering, ({ session, element }) => {
        if (element.attr("id") === "drop") return "drop";
        if (element.attr("id") === "answer") {
          session.stream?.send(el("answered", "urn:test"));
          return "drop";
        }
        return element.attr("id") === "rewrite"
          ? element.withChildren([el("body", CONTENT_NS, {}, "new")])
          : undefined;
      });
    },
  });
  await using server = await testServer({ plugins: [meddler] });
  const [alice, bob] = await pair(server);
  await alice.send(`<message id='drop' to='bob@a.test/pad'><body>old</body></message>`);
  bob.quiet();
  await alice.send(`<message id='rewrite' to='bob@a.test/pad'><body>old</body></message>`);
  equal(bob.expect(`<message id='rewrite'/>`).childText("body"), "new");
  const stranger = server.connect();
  await stranger.open();
  stranger.clear();
  await stranger.send(`<message id='answer' to='bob@a.test'/>`);
  stranger.expect(`<answered xmlns='urn:test'/>`);

  // Unloaded while traffic flows: the sessions stay, the meddling stops.
  await server.reload({ plugins: [] });
  await alice.send(`<message id='drop' to='bob@a.test/pad'><body>kept</body></message>`);
  bob.expect(`<message id='drop'><body>kept</body></message>`);
});

Deno.test("AC-2.4-2 a plugin's route comes before the server's own", async () => {
  const taken: string[] = [];
  const router = definePlugin({
    name: "router",
    doc: "Routes.",
    config: none,
    setup(host) {
      host.route({
        label: "test",
        takes: () => true,
        route(stanza, session) {
          taken.push(`${stanza.kind} to ${stanza.to}`);
          return host.arrive(stanza, session);
        },
      });
    },
  });
  await using server = await testServer({ plugins: [router] });
  const [alice, bob] = await pair(server);
  await alice.send(`<message to='bob@a.test/pad'><body>hi</body></message>`);
  bob.expect(`<message from='alice@a.test/desk'><body>hi</body></message>`);
  deepEqual(taken, ["message to bob@a.test/pad"]);
});

Deno.test("AC-2.4-3 an unbound client's message is refused and its stream stays open", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.open();
  client.clear();
  await client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  client.expect(`<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`);
  await client.open();
  client.clear();
  await client.send(`<message to='bob@a.test' id='1'><body>hi</body></message>`);
  client.expect(
    `<message type='error' id='1'><error type='auth'><not-authorized xmlns='${STANZAS}'/></error></message>`,
  );
  equal(client.streamClosed, false);
  await client.send(`<iq type='set' id='2'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
  client.expect(`<iq type='result' id='2'/>`);
});

Deno.test("AC-2.4-3 before the login a stanza ends the stream (RFC 6120 §4.9.3.12)", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.open();
  await client.send(`<message to='bob@a.test'><body>hi</body></message>`);
  client.expectStreamError("not-authorized");
});

Deno.test("AC-2.4-3 an unknown iq, a broken address", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  await alice.send(`<iq type='get' id='1' to='a.test'><x xmlns='urn:test:nobody'/></iq>`);
  alice.expect(`<iq type='error' id='1' from='a.test'>
    <error type='cancel'><service-unavailable xmlns='${STANZAS}'/></error></iq>`);
  await alice.send(`<message to='a@@b' id='2'/>`);
  alice.expect(
    `<message type='error' id='2'><error type='modify'><jid-malformed xmlns='${STANZAS}'/></error></message>`,
  );
});

Deno.test("AC-2.4-4 each moment comes once for the stanza that causes it", async () => {
  const seen: string[] = [];
  const note = (what: string): undefined => void seen.push(what);
  const counter = definePlugin({
    name: "counter",
    doc: "Counts.",
    config: none,
    setup(host) {
      host.at(departing).witness({}, () => note("departing"));
      host.at(arriving).witness({}, (x) => note(`arriving ${x.claimed ? "claimed" : "unclaimed"}`));
      host.at(delivering).witness({}, () => note("delivering"));
      host.at(exporting).witness({}, () => note("exporting"));
      host.at(undelivered).witness({}, () => note("undelivered"));
      host.tap(entering, ({ element }) => note(`entering ${element.name}`));
      host.tap(handled, () => note("handled"));
      host.tap(writing, () => note("writing"));
      host.on(sessionBound, () => note("sessionBound"));
      host.on(sessionUnbound, () => note("sessionUnbound"));
    },
  });
  await using server = await testServer({ plugins: [counter] });
  const [alice, bob] = await pair(server);
  equal(seen.filter((what) => what === "sessionBound").length, 2);
  seen.length = 0;
  await alice.send(`<message to='bob@a.test/pad'><body>hi</body></message>`);
  deepEqual(seen, ["entering message", "departing", "delivering", "writing", "arriving claimed", "handled"]);
  seen.length = 0;
  await alice.send(`<message to='x@elsewhere.test'><body>hi</body></message>`);
  deepEqual(seen.slice(0, 3), ["entering message", "departing", "exporting"]);
  seen.length = 0;
  await bob.close();
  deepEqual(seen, ["sessionUnbound"]);
});

Deno.test("AC-2.4-5 one that throws stops nobody else, and is named in the log", async () => {
  let witnessed = 0;
  const broken = definePlugin({
    name: "broken",
    doc: "Throws.",
    config: none,
    setup(host) {
      host.at(arriving).witness({}, () => {
        throw new TypeError("a bug");
      });
    },
  });
  const sound = definePlugin({
    name: "sound",
    doc: "Witnesses.",
    config: none,
    setup(host) {
      host.at(arriving).witness({}, () => void witnessed++);
    },
  });
  await using server = await testServer({ plugins: [broken, sound] });
  server.allowErrors();
  const [alice, bob] = await pair(server);
  await alice.send(`<message to='bob@a.test/pad'><body>hi</body></message>`);
  bob.expect(`<message><body>hi</body></message>`);
  equal(witnessed, 1);
  ok(server.logged.some((line) => line.includes("broken") && line.includes("a bug")));
});

Deno.test("a guard that throws refuses; one that waits keeps the order", async () => {
  const guard = definePlugin({
    name: "guard",
    doc: "Guards.",
    config: none,
    setup(host) {
      host.at(departing).guard({ kind: "message" }, async ({ stanza }) => {
        await Promise.resolve();
        if (stanza.id === "bug") throw new Error("a bug");
        if (stanza.id === "drop") return DROP;
        return stanza.id === "refuse" ? new StanzaError("policy-violation") : undefined;
      });
    },
  });
  await using server = await testServer({ plugins: [guard] });
  server.allowErrors();
  const [alice, bob] = await pair(server);
  const ids = ["1", "2", "bug", "drop", "refuse", "3"];
  await alice.send(ids.map((id) => `<message id='${id}' to='bob@a.test/pad'/>`).join(""));
  deepEqual(bob.inbox.map((element) => element.attr("id")), ["1", "2", "3"]);
  alice.expect(
    `<message id='bug' type='error'><error><internal-server-error xmlns='${STANZAS}'/></error></message>`,
  );
  alice.expect(
    `<message id='refuse' type='error'><error><policy-violation xmlns='${STANZAS}'/></error></message>`,
  );
  alice.quiet();
});

Deno.test("a session that ends while its own guard waits has not got the stanza", async () => {
  const gate = Promise.withResolvers<void>();
  const guard = definePlugin({
    name: "guard",
    doc: "Waits.",
    config: none,
    setup(host) {
      host.at(delivering).guard(
        { kind: "message" },
        ({ stanza }) => stanza.isError ? undefined : gate.promise.then(() => undefined),
      );
    },
  });
  await using server = await testServer({ plugins: [guard] });
  const [alice, bob] = await pair(server);
  alice.carrier.feed(encodeUtf8(`<message id='1' to='bob@a.test/pad'/>`));
  bob.carrier.destroy(new Error("reset"));
  gate.resolve();
  await server.settle();
  alice.expect(
    `<message id='1' type='error'><error><service-unavailable xmlns='${STANZAS}'/></error></message>`,
  );
});

Deno.test("data that cannot be kept is nobody's bug: it is logged as what it is, and the sender is told to wait", async () => {
  const full = definePlugin({
    name: "full",
    doc: "Has a full disk.",
    config: none,
    setup(host) {
      const fail = (fault: "full" | "io") => {
        throw new StorageError(fault, `writing failed: ${fault}; do something`);
      };
      host.iq.set("urn:test", "full", "own", () => fail("full"));
      host.iq.set("urn:test", "io", "own", () => fail("io"));
      host.at(departing).guard({ kind: "message" }, () => fail("full"));
    },
  });
  await using server = await testServer({ plugins: [full] });
  server.allowErrors();
  const alice = await server.client("alice/desk");
  await alice.send(
    "<iq type='set' id='1'><full xmlns='urn:test'/></iq><iq type='set' id='2'><io xmlns='urn:test'/></iq>",
  );
  await alice.send("<message id='3' to='bob@a.test'/>");
  const error = (condition: string) => `<error type='wait'><${condition} xmlns='${STANZAS}'/></error>`;
  alice.expect(`<iq type='error' id='1'>${error("resource-constraint")}</iq>`);
  alice.expect(`<iq type='error' id='2'>${error("internal-server-error")}</iq>`);
  alice.expect(`<message type='error' id='3'>${error("resource-constraint")}</message>`);
  equal(server.logged.length, 3);
  for (const line of server.logged) {
    match(
      line,
      /error a\.test: data could not be kept or read .* for=full fault=(full|io) reason="writing failed/,
    );
  }
});

Deno.test("a claim takes a stanza over, also an iq", async () => {
  const claimer = definePlugin({
    name: "claimer",
    doc: "Claims.",
    config: none,
    setup(host) {
      host.at(arriving).claim({ kind: "iq", to: "host" }, ({ stanza }) => {
        host.send(Stanza.of(el("iq", CONTENT_NS, { type: "result", id: "mine" }), host.jid, stanza.from!));
        return CLAIMED;
      });
    },
  });
  await using server = await testServer({ plugins: [claimer] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq type='get' id='1' to='a.test'><x xmlns='urn:test'/></iq>`);
  alice.expect(`<iq type='result' id='mine'/>`);
  alice.quiet();
});

async function pair(server: TestServer) {
  return [await server.client("alice/desk"), await server.client("bob/pad")] as const;
}
