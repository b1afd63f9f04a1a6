/** XEP-0215: External Service Discovery 1.0.0, and its version 1, with its own examples. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type TestOptions, testServer } from "#testing";
import { disco } from "../../plugins/service/disco.ts";
import { externalServices } from "../../plugins/service/external_services.ts";
import { failureOf } from "./command_client.ts";

const NS = "urn:xmpp:extdisco:2";
const OLD = "urn:xmpp:extdisco:1";
const INFO = "http://jabber.org/protocol/disco#info";
const SERVICES = [
  { host: "stun.shakespeare.lit", port: 9998, transport: "udp", type: "stun" },
  { host: "relay.shakespeare.lit", port: 9999, transport: "udp", type: "turn", secret: "the king's own" },
  { host: "192.0.2.1", port: 8888, transport: "udp", type: "stun" },
  { host: "192.0.2.1", port: 8889, type: "turn" },
  {
    host: "ftp.shakespeare.lit",
    name: "Shakespearean File Server",
    port: 20,
    transport: "tcp",
    type: "ftp",
    username: "guest",
    password: "guest",
  },
];

const start = (options: Record<string, unknown> = {}, more: Partial<TestOptions> = {}) =>
  testServer({
    host: "shakespeare.lit",
    plugins: [externalServices, disco],
    ...more,
    config: {
      defaults: {
        external_services: { services: SERVICES, secret: "shared by all", ttl: "1 hour", ...options },
      },
    },
  });

/** One hour after the clock of tests begins. */
const UNTIL = Date.UTC(2026, 0, 1, 13) / 1000;
const password = (secret: string, username: string) =>
  createHmac("sha1", secret).update(username).digest("base64");

Deno.test("XEP-0215 §3.1: all services, with credentials for the account", async () => {
  await using server = await start();
  const bard = await server.client("bard/globe");
  await bard.send(`<iq id='ul2bc7y6' to='shakespeare.lit' type='get'><services xmlns='${NS}'/></iq>`);
  const username = `${UNTIL}:bard@shakespeare.lit`;
  const answer = bard.expect(
    `<iq from='shakespeare.lit' id='ul2bc7y6' to='bard@shakespeare.lit/globe' type='result'><services xmlns='${NS}'>
      <service host='stun.shakespeare.lit' port='9998' transport='udp' type='stun'/>
      <service host='relay.shakespeare.lit' port='9999' transport='udp' type='turn' username='${username}'
        password='${password("the king's own", username)}' expires='2026-01-01T13:00:00Z' restricted='true'/>
      <service host='192.0.2.1' port='8888' transport='udp' type='stun'/>
      <service host='192.0.2.1' port='8889' transport='udp' type='turn' username='${username}'
        password='${password("shared by all", username)}'/>
      <service host='ftp.shakespeare.lit' name='Shakespearean File Server' password='guest' port='20'
        transport='tcp' type='ftp' username='guest'/></services></iq>`,
  );
  const services = answer.first()!.elements();
  assert.equal(services.length, 5);
  assert.equal(services[0]!.attr("restricted"), undefined);
  assert.equal(services[4]!.attr("expires"), undefined);
});

Deno.test("XEP-0215 §3.2: services of one type", async () => {
  await using server = await start();
  const bard = await server.client("bard/globe");
  await bard.send(
    `<iq id='yv2c19f7' to='shakespeare.lit' type='get'><services xmlns='${NS}' type='turn'/></iq>`,
  );
  const services = bard.expect(`<iq id='yv2c19f7' type='result'><services xmlns='${NS}' type='turn'/></iq>`)
    .first()!;
  assert.deepEqual(services.elements().map((it) => it.attr("port")), ["9999", "8889"]);
});

Deno.test("XEP-0215 §3.3: credentials for one service", async () => {
  await using server = await start();
  const bard = await server.client("bard/globe");
  const ask = async (service: string) => {
    await bard.send(
      `<iq id='xi2cax48' to='shakespeare.lit' type='get'><credentials xmlns='${NS}'>${service}</credentials></iq>`,
    );
    return bard.expect("<iq id='xi2cax48'/>");
  };
  const answer = await ask("<service host='relay.shakespeare.lit' type='turn'/>");
  const [service] = answer.child("credentials", NS)!.elements();
  const username = `${UNTIL}:bard@shakespeare.lit`;
  assert.equal(service!.attr("username"), username);
  assert.equal(service!.attr("password"), password("the king's own", username));
  assert.equal(service!.attr("expires"), "2026-01-01T13:00:00Z");
  assert.equal((await ask("<service host='192.0.2.1' type='turn' port='8889'/>")).attr("type"), "result");
  assert.match(failureOf(await ask("<service host='192.0.2.1' type='turn' port='1'/>")), /item-not-found/);
  assert.match(
    failureOf(await ask("<service host='192.0.2.1' type='stun'/>")),
    /item-not-found.*no credentials/,
  );
  assert.match(failureOf(await ask("<service host='nowhere.lit' type='turn'/>")), /item-not-found/);
  assert.match(failureOf(await ask("<service host='192.0.2.1'/>")), /^modify bad-request/);
  assert.match(failureOf(await ask("")), /^modify bad-request/);
});

Deno.test("XEP-0215: version 1 names the host only, and knows no expiry", async () => {
  await using server = await start();
  const bard = await server.client("bard/globe");
  await bard.send(`<iq id='1' to='shakespeare.lit' type='get'><credentials xmlns='${OLD}'>
    <service host='relay.shakespeare.lit'/></credentials></iq>`);
  const service = bard.expect("<iq id='1' type='result'/>").child("credentials", OLD)!.elements()[0]!;
  assert.ok(service.attr("password") !== undefined);
  await bard.send(`<iq id='2' to='shakespeare.lit' type='get'><services xmlns='${OLD}'/></iq>`);
  const all = bard.expect("<iq id='2' type='result'/>").child("services", OLD)!.elements();
  assert.equal(all.length, 5);
  for (const it of [service, ...all]) {
    assert.deepEqual([it.attr("expires"), it.attr("restricted")], [undefined, undefined]);
  }
});

Deno.test("XEP-0215 §5: announced where there is something", async () => {
  const ask = `<iq id='ix61z3m9' to='shakespeare.lit' type='get'><query xmlns='${INFO}'/></iq>`;
  {
    await using server = await start();
    const bard = await server.client("bard/globe");
    await bard.send(ask);
    bard.expect(`<iq id='ix61z3m9' type='result'><query xmlns='${INFO}'>
      <feature var='${NS}'/><feature var='${OLD}'/></query></iq>`);
  }
  await using server = await start({ services: [] });
  const bard = await server.client("bard/globe");
  await bard.send(ask);
  assert.ok(!String(bard.expect("<iq id='ix61z3m9'/>")).includes(NS));
  await bard.send(`<iq id='1' to='shakespeare.lit' type='get'><services xmlns='${NS}'/></iq>`);
  assert.match(failureOf(bard.expect("<iq id='1'/>")), /service-unavailable/);
});

Deno.test("external services: for the host's own clients, or for all", async () => {
  const ask = `<iq from='romeo@montague.lit/orchard' to='shakespeare.lit' id='1' type='get'>
    <services xmlns='${NS}' type='turn'/></iq>`;
  {
    await using server = await start();
    const remote = server.remote("montague.lit");
    await remote.send(ask);
    assert.match(failureOf(remote.expect("<iq id='1'/>")), /^auth forbidden/);
  }
  await using server = await start({ restricted: false });
  const remote = server.remote("montague.lit");
  await remote.send(ask);
  remote.expect(`<iq id='1' type='result'><services xmlns='${NS}'>
    <service username='${UNTIL}:romeo@montague.lit'/></services></iq>`);
});

Deno.test("external services: ports, transports and the host itself are understood, secrets may be in files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/turn`, "in a file\n", { mode: 0o600 });
    await using server = await start({
      services: [{ type: "turns", secret_file: `${folder}/turn` }, { type: "stun" }, {
        type: "http",
        port: 80,
      }],
      secret: undefined,
    });
    const bard = await server.client("bard/globe");
    await bard.send(`<iq id='1' to='shakespeare.lit' type='get'><services xmlns='${NS}'/></iq>`);
    const username = `${UNTIL}:bard@shakespeare.lit`;
    bard.expect(`<iq id='1' type='result'><services xmlns='${NS}'>
      <service type='turns' host='shakespeare.lit' port='5349' transport='tcp' password='${
      password("in a file", username)
    }'/>
      <service type='stun' host='shakespeare.lit' port='3478' transport='udp'/>
      <service type='http' host='shakespeare.lit' port='80'/></services></iq>`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
