/** XEP-0050: Ad-Hoc Commands 1.3.0, with the services of its own examples. */
import assert from "node:assert/strict";
import { buildForm, definePlugin, formShape, none, StanzaError } from "#plugin";
import { type TestOptions, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { commands, defineStage } from "../../plugins/admin/api.ts";
import { disco } from "../../plugins/service/disco.ts";
import {
  CommandClient,
  commandOf,
  COMMANDS,
  failureOf,
  noteOf,
  submission,
  valuesOf,
} from "./command_client.ts";

const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";
const NS = "urn:example:services";

const PICK = defineStage({
  form: formShape(NS, {
    service: {
      kind: "choice",
      label: "Service",
      required: true,
      options: [{ value: "httpd" }, { value: "jabberd" }, { value: "postgresql" }],
    },
  }),
  words: { title: "Configure Service", instructions: ["Please select the service to configure."] },
});
const SET = defineStage({
  form: formShape(NS, {
    runlevel: {
      kind: "choices",
      label: "Run Modes",
      least: 1,
      options: [{ value: "1", label: "Single-User" }, { value: "3" }, { value: "5", label: "X-Window" }],
    },
    state: {
      kind: "choice",
      label: "Run State",
      options: [{ value: "off", label: "Active" }, { value: "on", label: "Inactive" }],
    },
  }),
  words: (call) => ({
    instructions: [`Please select the run modes and state for '${call.of(PICK).service}'.`],
  }),
  values: () => ({ runlevel: ["3", "5"] as const, state: "off" }),
  check: ({ runlevel = [], state }) =>
    state === "on" && runlevel.includes("1") ? "nothing runs in the single-user mode" : undefined,
});

/** Opens when a test says so. */
const gate = { open: () => {}, wait: Promise.resolve() };

const services = definePlugin({
  name: "examples",
  doc: "The services of the examples.",
  config: none,
  needs: [commands],
  setup(host) {
    const book = host.use(commands);
    book.register(host, {
      node: "list",
      name: "List Service Configurations",
      role: "member",
      run: () => ({
        payload: buildForm({
          type: "result",
          title: "Available Services",
          fields: [],
          reported: [{ var: "service", label: "Service", values: [] }],
          items: ["httpd", "postgresql", "jabberd"].map((it) => [{ var: "service", values: [it] }]),
        }),
      }),
    });
    book.register(host, {
      node: "config",
      name: "Configure Service",
      role: "admin",
      stages: [PICK, SET],
      run(call) {
        const { service } = call.of(PICK);
        if (service === "jabberd") throw new StanzaError("conflict", "it is in use");
        if (service === "postgresql") return { error: "it is not installed", warning: "nothing was done" };
        return { info: `Service '${service}' has been configured: ${call.of(SET).runlevel}` };
      },
    });
    book.register(host, {
      node: "slow",
      name: "Slow",
      role: "guest",
      stages: [PICK],
      run: () => gate.wait.then(() => ({ info: "at last" })),
    });
  },
});

const HOST = { host: { "a.test": { admins: ["admin@a.test"] } } };

const start = (options: TestOptions = {}) =>
  testServer({
    plugins: [services, adhoc, disco],
    ...options,
    config: { ...HOST, ...options.config },
  });

Deno.test("XEP-0050: announced, and the list is what somebody may execute", async () => {
  await using server = await start();
  const [admin, alice] = await server.clients("admin/x", "alice/x");
  await alice!.send(`<iq type='get' to='a.test' id='1'><query xmlns='${INFO}'/></iq>`);
  alice!.expect(`<iq id='1' type='result'><query xmlns='${INFO}'><feature var='${COMMANDS}'/></query></iq>`);
  const items = `<query xmlns='${ITEMS}' node='${COMMANDS}'/>`;
  await admin!.send(`<iq type='get' to='a.test' id='2'>${items}</iq>`);
  const all = admin!.expect(
    `<iq id='2' type='result'><query xmlns='${ITEMS}' node='${COMMANDS}'>
      <item jid='a.test' node='list' name='List Service Configurations'/>
      <item jid='a.test' node='config' name='Configure Service'/></query></iq>`,
  );
  assert.equal(all.first()!.elements().length, 3);
  await alice!.send(`<iq type='get' to='a.test' id='3'>${items}</iq>`);
  const own = alice!.expect(`<iq id='3' type='result'><query xmlns='${ITEMS}'/></iq>`).first()!.elements();
  assert.deepEqual(own.map((item) => item.attr("node")), ["list", "slow"]);
  await alice!.send(`<iq type='get' to='a.test' id='4'><query xmlns='${INFO}' node='${COMMANDS}'/></iq>`);
  alice!.expect(
    `<iq id='4' type='result'><query xmlns='${INFO}'><identity category='automation' type='command-list'/></query></iq>`,
  );
});

Deno.test("XEP-0050: what a command says of itself, to those who may execute it", async () => {
  await using server = await start();
  const [admin, alice] = await server.clients("admin/x", "alice/x");
  const ask = `<iq type='get' to='a.test' id='1'><query xmlns='${INFO}' node='config'/></iq>`;
  await admin!.send(ask);
  admin!.expect(
    `<iq id='1' type='result'><query xmlns='${INFO}' node='config'>
      <identity name='Configure Service' category='automation' type='command-node'/>
      <feature var='${COMMANDS}'/><feature var='jabber:x:data'/></query></iq>`,
  );
  await admin!.send(`<iq type='get' to='a.test' id='2'><query xmlns='${ITEMS}' node='config'/></iq>`);
  assert.deepEqual(admin!.expect(`<iq id='2' type='result'/>`).first()!.elements(), []);
  await alice!.send(ask);
  assert.match(failureOf(alice!.expect("<iq id='1'/>")), /^cancel forbidden/);
  await alice!.send(`<iq type='get' to='a.test' id='3'><query xmlns='${INFO}' node='nothing'/></iq>`);
  assert.match(failureOf(alice!.expect("<iq id='3'/>")), /^cancel item-not-found/);
});

Deno.test("XEP-0050: a command without a form is done at once", async () => {
  await using server = await start();
  const alice = await server.client("alice/x");
  await alice.send(
    `<iq type='set' to='a.test' id='exec1'><command xmlns='${COMMANDS}' node='list' action='execute'/></iq>`,
  );
  alice.expect(`<iq type='result' from='a.test' to='alice@a.test/x' id='exec1'>
    <command xmlns='${COMMANDS}' sessionid='*' node='list' status='completed' xml:lang='en'>
      <x xmlns='jabber:x:data' type='result'><title>Available Services</title>
        <reported><field var='service' label='Service'/></reported>
        <item><field var='service'><value>httpd</value></field></item></x></command></iq>`);
});

Deno.test("XEP-0050: two stages, forward, back and to the end", async () => {
  await using server = await start();
  const client = new CommandClient(await server.client("admin/x"));
  const first = await client.start("config");
  assert.deepEqual(actions(first), ["next", "next"]);
  assert.equal(first.attr("status"), "executing");
  const second = commandOf(await client.go(first, "execute", { service: "httpd" }));
  assert.equal(second.attr("sessionid"), first.attr("sessionid"));
  assert.deepEqual(actions(second), ["complete", "prev", "complete"]);
  assert.match(String(second), /select the run modes and state for 'httpd'/);
  assert.deepEqual(valuesOf(second, "runlevel"), ["3", "5"]);
  const back = commandOf(await client.go(second, "prev"));
  assert.deepEqual(actions(back), ["next", "next"]);
  assert.deepEqual(valuesOf(back, "service"), ["httpd"]);
  const again = commandOf(await client.go(back, "next", { service: "httpd" }));
  const done = commandOf(await client.go(again, "execute", { runlevel: ["3"], state: "on" }));
  assert.equal(done.attr("status"), "completed");
  assert.equal(done.child("note")!.attr("type"), "info");
  assert.equal(noteOf(done), "Service 'httpd' has been configured: 3");
  assert.match(failureOf(await client.go(done, "execute", {})), /^cancel not-allowed session-expired/);
});

Deno.test("XEP-0050: cancelled", async () => {
  await using server = await start();
  const client = new CommandClient(await server.client("admin/x"));
  const first = await client.start("config");
  const gone = commandOf(await client.go(first, "cancel"));
  assert.equal(gone.attr("status"), "canceled");
  assert.equal(gone.attr("sessionid"), first.attr("sessionid"));
  assert.match(
    failureOf(await client.go(first, "next", { service: "httpd" })),
    /^cancel not-allowed session-expired/,
  );
});

Deno.test("XEP-0050: a command that fails is completed with an error, or answered with one", async () => {
  await using server = await start();
  const client = new CommandClient(await server.client("admin/x"));
  const second = commandOf(await client.go(await client.start("config"), "next", { service: "postgresql" }));
  const done = commandOf(await client.go(second, "complete", { runlevel: ["5"] }));
  assert.deepEqual(
    done.elements().map((note) => [note.attr("type"), note.text]),
    [["warn", "nothing was done"], ["error", "it is not installed"]],
  );
  const other = commandOf(await client.go(await client.start("config"), "next", { service: "jabberd" }));
  assert.match(
    failureOf(await client.go(other, "complete", { runlevel: ["5"] })),
    /^cancel conflict: it is in use/,
  );
  // The person may still choose something else.
  const back = commandOf(await client.go(other, "prev"));
  assert.equal(back.attr("status"), "executing");
});

Deno.test("XEP-0050 §4.4: every error with its own condition", async () => {
  await using server = await start();
  const [admin, alice] = await server.clients("admin/x", "alice/x");
  const client = new CommandClient(admin!);
  const stranger = new CommandClient(alice!);
  const failing = async (attributes: string, expected: RegExp, children = "") =>
    assert.match(failureOf(await client.ask(attributes, children)), expected);
  await failing("node='list' action='explode'", /^modify bad-request malformed-action: "explode"/);
  await failing("node='config' action='next'", /^modify bad-request bad-action/);
  await failing("node='list' xml:lang='-'", /^modify bad-request bad-locale/);
  await failing("node='list' sessionid='never'", /^modify bad-request bad-sessionid/);
  await failing("node='nothing'", /^cancel item-not-found/);
  await failing("", /^modify bad-request: the command needs a node/);
  assert.match(await stranger.failure("config"), /^cancel forbidden: you may not/);

  const first = await client.start("config");
  const id = `sessionid='${first.attr("sessionid")}'`;
  await failing(`node='config' ${id} action='prev'`, /^modify bad-request bad-action: only next or cancel/);
  await failing(`node='config' ${id} action='complete'`, /^modify bad-request bad-action/);
  await failing(`node='list' ${id}`, /^modify bad-request bad-sessionid/);
  await failing(`node='config' ${id}`, /^modify bad-request bad-payload: the form must be submitted/);
  await failing(
    `node='config' ${id}`,
    /^modify bad-request bad-payload: Service \(service\): "ftpd" is none of: httpd, jabberd, postgresql/,
    submission({ service: "ftpd" }),
  );
  await failing(
    `node='config' ${id}`,
    /^modify bad-request bad-payload: Service \(service\): must be filled in/,
    submission({}),
  );
  await failing(
    `node='config' ${id}`,
    /bad-payload: the form is about "urn:other"/,
    submission({}, "urn:other"),
  );
  // Nobody else goes on with it.
  assert.match(failureOf(await stranger.ask(`node='slow' ${id}`)), /^modify bad-request bad-sessionid/);
  const second = commandOf(await client.go(first, "next", { service: "httpd" }));
  assert.match(
    failureOf(await client.go(second, "complete", { runlevel: [] })),
    /bad-payload: Run Modes \(runlevel\): takes 1 choices at least/,
  );
  assert.match(
    failureOf(await client.go(second, "complete", { runlevel: ["1"], state: "on" })),
    /bad-payload: nothing runs in the single-user mode/,
  );
});

Deno.test("XEP-0050 §3.6: any language is answered in ours", async () => {
  await using server = await start();
  const alice = await server.client("alice/x");
  await alice.send(
    `<iq type='set' to='a.test' id='1' xml:lang='fr-ca'><command xmlns='${COMMANDS}' node='list'/></iq>`,
  );
  alice.expect(
    `<iq type='result' id='1'><command xmlns='${COMMANDS}' xml:lang='en' status='completed'/></iq>`,
  );
});

Deno.test("commands: an execution ends by itself, with its client, and when there are too many", async () => {
  await using server = await start({
    config: { defaults: { adhoc: { each: 2, wait: "5 min" } } },
  });
  const admin = await server.client("admin/x");
  const client = new CommandClient(admin);
  const lost = await client.start("config");
  await server.clock.advance("4 min");
  await client.go(lost, "next", {});
  await server.clock.advance("4 min");
  assert.match(failureOf(await client.go(lost, "next", {})), /bad-payload/);
  await server.clock.advance("5 min");
  assert.match(failureOf(await client.go(lost, "next", {})), /session-expired/);
  const oldest = await client.start("config");
  await client.start("config");
  await client.start("config");
  assert.match(failureOf(await client.go(oldest, "next", {})), /session-expired/);
  const last = await client.start("config");
  await admin.close();
  const back = new CommandClient(await server.client("admin/x"));
  assert.match(failureOf(await back.go(last, "next", {})), /session-expired/);
});

Deno.test("commands: one thing at a time", async () => {
  await using server = await start();
  const client = new CommandClient(await server.client("alice/x"));
  gate.wait = new Promise((resolve) => gate.open = resolve);
  const first = await client.start("slow");
  const { node, sessionid } = first.attrs;
  const request = (id: string) =>
    `<iq type='set' to='a.test' id='${id}'><command xmlns='${COMMANDS}' node='${node}' sessionid='${sessionid}'>${
      submission({ service: "httpd" })
    }</command></iq>`;
  const sent = client.client.send(request("1") + request("2"));
  // Both have been taken by now.
  gate.open();
  await sent;
  assert.match(failureOf(client.client.expect("<iq id='2'/>")), /^wait unexpected-request/);
  assert.equal(noteOf(commandOf(client.client.expect("<iq id='1'/>"))), "at last");
});

Deno.test("commands: an execution goes on over a reload, and a plugin that is gone takes its commands along", async () => {
  await using server = await start();
  const client = new CommandClient(await server.client("admin/x"));
  const first = await client.start("config");
  await server.reload({ config: { ...HOST, defaults: { adhoc: { wait: "1 hour" } } } });
  const second = commandOf(await client.go(first, "next", { service: "httpd" }));
  assert.match(String(second), /for 'httpd'/);
  await server.reload({ config: { ...HOST, defaults: { plugins: ["anybody", "adhoc", "disco"] } } });
  assert.match(await client.failure("config"), /^cancel item-not-found/);
});

function actions(command: ReturnType<typeof commandOf>): (string | undefined)[] {
  const element = command.child("actions")!;
  return [element.attr("execute"), ...element.elements().map((action) => action.name)];
}
