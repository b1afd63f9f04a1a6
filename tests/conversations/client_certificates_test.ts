/** XEP-0257 over connections that only pretend to have TLS; handshakes are in tests/server/external_test.ts. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { decodeBase64, encodeBase64 } from "#plugin";
import { ManualClock, type TestClient } from "#testing";
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { userCertificates } from "../../plugins/auth/user_certificates.ts";
import { disco } from "../../plugins/service/disco.ts";
import type { Issued } from "../../src/transport/issue_test_certificate.ts";
import {
  append,
  ask,
  certified,
  config,
  disable,
  external,
  items,
  LIMITED,
  NS,
  offered,
  own,
  revoke,
  serve,
  showing,
  STANZAS,
  tokenFor,
  withToken,
} from "./certificate_client.ts";
import { CommandClient, noteOf, valuesOf } from "./command_client.ts";
import { PHONE, SASL2, SM } from "./sasl2_client.ts";

const REGISTER = "jabber:iq:register";
const ADD = "http://metronome.im/protocol/certificates#add";
const LIST = "http://metronome.im/protocol/certificates#list";

/** The certificate of the examples: self-signed, valid from 2007-12-28 to 2008-12-27. */
const EXAMPLE = `
      MIICCTCCAXKgAwIBAgIJALhU0Id6xxwQMA0GCSqGSIb3DQEBBQUAMA4xDDAKBgNV
      BAMTA2ZvbzAeFw0wNzEyMjgyMDA1MTRaFw0wODEyMjcyMDA1MTRaMA4xDDAKBgNV
      BAMTA2ZvbzCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA0DPcfeJzKWLGE22p
      RMINLKr+CxqozF14DqkXkLUwGzTqYRi49yK6aebZ9ssFspTTjqa2uNpw1U32748t
      qU6bpACWHbcC+eZ/hm5KymXBhL3Vjfb/dW0xrtxjI9JRFgrgWAyxndlNZUpN2s3D
      hKDfVgpPSx/Zp8d/ubbARxqZZZkCAwEAAaNvMG0wHQYDVR0OBBYEFJWwFqmSRGcx
      YXmQfdF+XBWkeML4MD4GA1UdIwQ3MDWAFJWwFqmSRGcxYXmQfdF+XBWkeML4oRKk
      EDAOMQwwCgYDVQQDEwNmb2+CCQC4VNCHesccEDAMBgNVHRMEBTADAQH/MA0GCSqG
      SIb3DQEBBQUAA4GBAIhlUeGZ0d0msNVxYWAXg2lRsJt9INHJQTCJMmoUeTtaRjyp
      ffJtuopguNNBDn+MjrEp2/+zLNMahDYLXaTVmBf6zvY0hzB9Ih0kNTh23Fb5j+yK
      QChPXQUo0EGCaODWhfhKRNdseUozfNWOz9iTgMGw8eYNLllQRL//iAOfOr/8
    `;
const EXAMPLE_DER = decodeBase64(EXAMPLE.replace(/\s/g, ""))!;

Deno.test("XEP-0257: the examples", async () => {
  await using server = await serve({ host: "shakespeare.lit", clock: new ManualClock(Date.UTC(2008, 5, 1)) });
  const [hamlet, yorick] = await server.clients("hamlet/denmark", "yorick/grave");
  await hamlet.send(
    `<iq type='get' to='shakespeare.lit' from='hamlet@shakespeare.lit/denmark' id='disco1'>` +
      `<query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  hamlet.expect(
    `<iq type='result' from='shakespeare.lit' to='hamlet@shakespeare.lit/denmark' id='disco1'>` +
      `<query xmlns='http://jabber.org/protocol/disco#info'><feature var='${NS}'/></query></iq>`,
  );
  const from = "from='hamlet@shakespeare.lit/denmark'";
  equal(await offered(server, EXAMPLE_DER), false);
  await hamlet.send(
    `<iq type='set' ${from} id='append'><append xmlns='${NS}'><name>Mobile Client</name>` +
      `<x509cert>${EXAMPLE}</x509cert></append></iq>`,
  );
  equal(hamlet.expect("<iq type='result' id='append'/>").first(), undefined);

  equal(await offered(server, EXAMPLE_DER), true);
  const phone = await certified(server, { der: EXAMPLE_DER }, "Phone");
  await hamlet.send(`<iq type='get' ${from} id='query'><items xmlns='${NS}'/></iq>`);
  hamlet.expect(
    `<iq type='result' to='hamlet@shakespeare.lit/denmark' id='query'><items xmlns='${NS}'><item>` +
      `<name>Mobile Client</name><x509cert>${encodeBase64(EXAMPLE_DER)}</x509cert>` +
      `<users><resource>Phone</resource></users></item></items></iq>`,
  );
  deepEqual(await items(yorick), {});

  await hamlet.send(
    `<iq type='set' ${from} id='disable'><disable xmlns='${NS}'><name>Mobile Client</name></disable></iq>`,
  );
  hamlet.expect("<iq type='result' id='disable'/>");
  equal(await offered(server, EXAMPLE_DER), false);
  equal(phone.closed, false);
  deepEqual(await items(hamlet), {});

  equal(await ask(hamlet, "set", append("Mobile Client", { der: EXAMPLE_DER })), "result");
  await hamlet.send(
    `<iq type='set' ${from} id='revoke'><revoke xmlns='${NS}'><name>Mobile Client</name></revoke></iq>`,
  );
  hamlet.expect("<iq type='result' id='revoke'/>");
  phone.expectStreamError("not-authorized");
  equal(hamlet.closed, false);
  equal(await offered(server, EXAMPLE_DER), false);
});

Deno.test("XEP-0257 §2.1: what cannot be added is refused, and why", async () => {
  await using server = await serve({
    config: { defaults: { ...config.defaults, user_certificates: { most: 3 } } },
  });
  const alice = await server.client("alice/desk");
  const add = (payload: string) => ask(alice, "set", payload);
  const first = own();
  equal(await add(append("Phone", first)), "result");
  equal(await add(append("Phone", own())), "conflict");
  equal(await add(append("Laptop", first)), "conflict");
  const raw = (name: string, cert: string) => `<append xmlns='${NS}'>${name}${cert}</append>`;
  equal(await add(raw("<name>a</name>", "")), "bad-request");
  equal(await add(raw("", `<x509cert>${encodeBase64(own().der)}</x509cert>`)), "bad-request");
  equal(await add(raw("<name> </name>", `<x509cert>${encodeBase64(own().der)}</x509cert>`)), "bad-request");
  equal(await add(raw("<name>a</name>", "<x509cert>***</x509cert>")), "bad-request");
  equal(await add(raw("<name>a</name>", "<x509cert/>")), "bad-request");
  equal(await add(raw("<name>a</name>", "<x509cert>aGVsbG8=</x509cert>")), "not-acceptable");
  equal(await add(append("a", { der: first.der.subarray(0, first.der.length - 1) })), "not-acceptable");
  equal(await add(append("x".repeat(101), own())), "not-acceptable");
  equal(await add(append("large", own({ addresses: ["x".repeat(17_000)] }))), "not-acceptable");
  equal(await add(append("old", own({ until: server.clock.now() - 1 }))), "not-acceptable");
  deepEqual(await items(alice), { Phone: [] });

  // There is room for three, and those that have expired make room.
  equal(await add(append("x".repeat(100), own())), "result");
  equal(await add(append("short-lived", own({ until: server.clock.now() + 60_000 }))), "result");
  equal(await add(append("one too many", own())), "resource-constraint");
  await server.clock.advance("2 minutes");
  equal(await add(append("in the place of an expired one", own())), "result");
  deepEqual(Object.keys(await items(alice)), ["Phone", "x".repeat(100), "in the place of an expired one"]);

  equal(await add(disable("nothing")), "item-not-found");
  equal(await add(revoke("nothing")), "item-not-found");
  equal(await add(`<disable xmlns='${NS}'/>`), "bad-request");
  equal(await add(`<revoke xmlns='${NS}'/>`), "bad-request");
});

Deno.test("XEP-0257 §5.1: nothing of it without TLS, nor for anybody else", async () => {
  const open = { tls_required: false, plain_without_tls: true, ...config.defaults };
  await using server = await serve({ config: { defaults: open } });
  const alice = await server.client("alice/desk");
  equal(await ask(alice, "set", append("Phone", own())), "result");
  const clear = await server.client("alice/clear", { secure: false });
  for (const payload of [append("Other", own()), disable("Phone"), revoke("Phone")]) {
    equal(await ask(clear, "set", payload), "not-allowed");
  }
  equal(await ask(clear, "get", `<items xmlns='${NS}'/>`), "not-allowed");
  for (const node of [ADD, LIST]) match(await new CommandClient(clear).failure(node), /not-allowed: .*TLS/);
  const [eve] = await server.clients("eve/desk");
  await eve.send(`<iq type='get' to='alice@a.test' id='1'><items xmlns='${NS}'/></iq>`);
  eve.expect("<iq type='error' id='1'><error><service-unavailable xmlns='" + STANZAS + "'/></error></iq>");
  await eve.send(`<iq type='set' to='alice@a.test' id='2'>${revoke("Phone")}</iq>`);
  eve.expect("<iq type='error' id='2'/>");
  deepEqual(await items(alice), { Phone: [] });
});

Deno.test("XEP-0257 §2.1: a login with a limited certificate may look, and change nothing", async () => {
  await using server = await serve();
  const alice = await server.client("alice/desk");
  const simple = own();
  equal(await ask(alice, "set", append("Simple Bot", simple, LIMITED)), "result");
  equal(await ask(alice, "set", append("Phone", own())), "result");
  const bot = await certified(server, simple, "bot");
  deepEqual(await items(bot), { "Simple Bot": ["bot"], "Phone": [] });
  const attempts = [append("Mine", own()), disable("Phone"), revoke("Phone"), revoke("Simple Bot")];
  for (const payload of attempts) equal(await ask(bot, "set", payload), "forbidden");
  match(await new CommandClient(bot).failure(ADD), /^auth forbidden/);
  match(await new CommandClient(bot).failure(LIST), /^auth forbidden/);
  equal(await ask(bot, "set", `<query xmlns='${REGISTER}'><remove/></query>`), "forbidden");
  // Also when its certificate is no more.
  equal(await ask(alice, "set", disable("Simple Bot")), "result");
  equal(await ask(bot, "set", append("Mine", own())), "forbidden");
  deepEqual(await items(alice), { Phone: [] });
});

Deno.test("XEP-0257 §2.4: a certificate that is revoked takes the session with it that revokes it, after the answer", async () => {
  await using server = await serve();
  const alice = await server.client("alice/desk");
  const mine = own();
  equal(await ask(alice, "set", append("Phone", mine)), "result");
  const [phone, other] = [await certified(server, mine, "phone"), await certified(server, mine, "other")];
  deepEqual(await items(phone), { Phone: ["phone", "other"] });
  equal(await ask(phone, "set", revoke("Phone")), "result");
  phone.expectStreamError("not-authorized");
  other.expectStreamError("not-authorized");
  equal(alice.closed, false);
});

Deno.test("XEP-0257 §2.4: also a session that was resumed with the certificate, and one that waits to be", async () => {
  await using server = await serve();
  const alice = await server.client("alice/desk");
  const mine = own();
  equal(await ask(alice, "set", append("Phone", mine)), "result");
  const enable = async (client: TestClient) => {
    await client.send(`<enable xmlns='${SM}' resume='true'/>`);
    return client.expect(`<enabled xmlns='${SM}'/>`).attr("id")!;
  };
  const before = await server.client("alice/phone");
  const id = await enable(before);
  await before.cut();
  const after = server.connect(showing(mine.der));
  equal(await external(after), "success");
  await after.open();
  await after.send(`<resume xmlns='${SM}' previd='${id}' h='0'/>`);
  after.expect(`<resumed xmlns='${SM}'/>`);
  const parked = await certified(server, mine, "parked");
  await enable(parked);
  await parked.cut();
  equal(server.host.registry.of("alice").length, 3);
  equal(await ask(alice, "set", revoke("Phone")), "result");
  after.expectStreamError("not-authorized");
  deepEqual(server.host.registry.of("alice").map(({ jid }) => jid!.resource), ["desk"]);
});

Deno.test("XEP-0257 §5.2: a login with a certificate may not change the password", async () => {
  await using server = await serve();
  const elsewhere = server.remote("irc.test");
  const alice = await server.client("alice/desk");
  const mine = own();
  equal(await ask(alice, "set", append("Phone", mine)), "result");
  const phone = await certified(server, mine, "phone");
  const change = `<query xmlns='${REGISTER}'><username>alice</username><password>newpass</password></query>`;
  for (const to of ["to='a.test'", "to='alice@a.test'", ""]) {
    await phone.send(`<iq type='set' ${to} id='change1'>${change}</iq>`);
    phone.expectNext(
      `<iq type='error' id='change1'><error type='cancel'><not-authorized xmlns='${STANZAS}'/></error></iq>`,
    );
  }
  // Reading is no change, and another service is another password.
  equal(await ask(phone, "get", `<query xmlns='${REGISTER}'/>`), "result");
  await phone.send(`<iq type='set' to='irc.test' id='gateway'>${change}</iq>`);
  elsewhere.expect("<iq type='set' to='irc.test' id='gateway'/>");
  equal(await ask(alice, "set", change), "result");
});

Deno.test("XEP-0257 §3: expired, or registered by several accounts, or naming somebody else", async () => {
  await using server = await serve();
  const [alice, bob, mallory] = await server.clients("alice/desk", "bob/desk", "mallory/desk");
  const attempt = async ({ der }: Issued, authzid = ""): Promise<string> => {
    const client = server.connect(showing(der));
    const said = await external(client, authzid);
    await client.cut();
    return said;
  };
  // Self-signed names are worth nothing by themselves.
  const forged = own({ addresses: ["alice@a.test"] });
  equal(await ask(mallory, "set", append("Forged", forged)), "result");
  equal(await attempt(forged, "alice@a.test"), "invalid-authzid");
  const session = await certified(server, forged, "x");
  deepEqual(await items(session), { Forged: ["x"] });

  // But they say which account is meant of those that have registered it: nobody is lured into another's.
  equal(await ask(alice, "set", append("Mine", forged)), "result");
  equal(await attempt(forged), "success");
  const right = await certified(server, forged, "y");
  deepEqual(await items(right), { Mine: ["y"] });

  const shared = own();
  equal(await ask(alice, "set", append("Shared", shared)), "result");
  equal(await ask(bob, "set", append("Shared", shared)), "result");
  equal(await attempt(shared), "invalid-authzid");
  equal(await attempt(shared, "bob@a.test"), "success");
  equal(await attempt(shared, "mallory@a.test"), "invalid-authzid");
  server.host.accounts.setDisabled("bob", true);
  equal(await attempt(shared, "bob@a.test"), "account-disabled");

  const brief = own({ until: server.clock.now() + 60_000 });
  equal(await ask(alice, "set", append("Brief", brief)), "result");
  const later = own({ from: server.clock.now() + 60_000 });
  equal(await ask(alice, "set", append("Later", later)), "result");
  equal(await attempt(brief), "success");
  equal(await offered(server, later.der), false);
  await server.clock.advance("2 minutes");
  equal(await offered(server, brief.der), false);
  equal(await attempt(later), "success");
});

Deno.test("XEP-0257: tokens that a device got with a certificate go with it, and are as limited", async () => {
  await using server = await serve();
  const alice = await server.client("alice/desk");
  const mine = own();
  equal(await ask(alice, "set", append("Simple Bot", mine, LIMITED)), "result");
  const token = await tokenFor(server, mine, PHONE);
  const bot = await withToken(server, token, PHONE);
  bot.expect(`<success xmlns='${SASL2}'/>`);
  bot.clear();
  equal(await ask(bot, "set", append("Mine", own())), "forbidden");
  equal((await items(alice))["Simple Bot"]?.length, 1);
  equal(await ask(alice, "set", revoke("Simple Bot")), "result");
  bot.expectStreamError("not-authorized");
  (await withToken(server, token, PHONE)).expect(`<failure xmlns='${SASL2}'/>`);

  // Disabling takes the tokens too; and of too many installations the first are forgotten with theirs.
  equal(await ask(alice, "set", append("Simple Bot", mine, LIMITED)), "result");
  const agents = Array.from({ length: 11 }, (_, i) => `d4565fa7-4d72-4749-b3d3-7400000000${i + 10}`);
  const tokens: string[] = [];
  for (const agent of agents) tokens.push(await tokenFor(server, mine, agent));
  (await withToken(server, tokens[0]!, agents[0]!)).expect(`<failure xmlns='${SASL2}'/>`);
  (await withToken(server, tokens[1]!, agents[1]!)).expect(`<success xmlns='${SASL2}'/>`);
  equal(await ask(alice, "set", disable("Simple Bot")), "result");
  for (const at of [1, 10]) {
    (await withToken(server, tokens[at]!, agents[at]!)).expect(`<failure xmlns='${SASL2}'/>`);
  }
});

Deno.test("XEP-0257 §2.1, §2.4: a device that has come with another certificate is of the last only, and so is its token", async () => {
  await using server = await serve();
  const alice = await server.client("alice/desk");
  const [mine, simple] = [own(), own()];
  equal(await ask(alice, "set", append("Phone", mine)), "result");
  await server.clock.advance("1 minute");
  equal(await ask(alice, "set", append("Simple Bot", simple, LIMITED)), "result");
  const before = await tokenFor(server, mine, PHONE);
  // A client calls itself what it likes.
  const bot = await withToken(server, await tokenFor(server, simple, PHONE), PHONE);
  bot.expect(`<success xmlns='${SASL2}'/>`);
  bot.clear();
  equal(await ask(bot, "set", append("Mine", own())), "forbidden");
  (await withToken(server, before, PHONE)).expect(`<failure xmlns='${SASL2}'/>`);
  equal(await ask(alice, "set", disable("Phone")), "result");
  equal((await items(alice))["Simple Bot"]?.length, 1);
  equal(await ask(alice, "set", revoke("Simple Bot")), "result");
  bot.expectStreamError("not-authorized");
});

Deno.test("XEP-0257: certificates are kept over restarts, and go with their account", async () => {
  const folder = await Deno.makeTempDir();
  const mine = own();
  const data = `${folder}/data.sqlite`;
  try {
    {
      await using server = await serve({ data });
      const [alice, bob] = await server.clients("alice/desk", "bob/desk");
      equal(await ask(alice, "set", append("Phone", mine)), "result");
      equal(await ask(bob, "set", append("Other", own())), "result");
    }
    await using server = await serve({ data });
    const phone = await certified(server, mine, "phone");
    equal(phone.closed, false);
    server.host.accounts.remove("alice");
    await server.settle();
    equal(await offered(server, mine.der), false);
    const [alice, bob] = await server.clients("alice/desk", "bob/desk");
    deepEqual(await items(alice), {});
    deepEqual(await items(bob), { Other: [] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0257: the commands of Metronome 4 add, list, remove and revoke (XEP-0050)", async () => {
  await using server = await serve();
  const alice = await server.client("alice/desk");
  const commands = new CommandClient(alice);
  await alice.send(
    `<iq type='get' to='a.test' id='1'><query xmlns='http://jabber.org/protocol/disco#items' ` +
      `node='http://jabber.org/protocol/commands'/></iq>`,
  );
  const nodes = alice.expect("<iq id='1'/>").first()!.elements().map((item) => item.attr("node"));
  ok(nodes.includes(ADD) && nodes.includes(LIST));

  const [phone, laptop, bot] = [own(), own(), own()];
  const added = await commands.execute(ADD, { name: "Phone", cert: phone.cert.trim().split("\n") });
  equal(added.attr("status"), "completed");
  match(noteOf(added), /"Phone" has been added/);
  match(
    await commands.failure(ADD, { name: "Phone", cert: laptop.cert.split("\n") }),
    /conflict: .*this name/,
  );
  match(await commands.failure(ADD, { name: "Laptop", cert: "nonsense!" }), /bad-request: .*base64/);
  match(await commands.failure(ADD, { name: "Laptop" }), /bad-request bad-payload: .*must be filled in/);
  match(await commands.failure(ADD, { name: "", cert: laptop.cert.split("\n") }), /bad-request/);
  await commands.execute(ADD, { name: "Laptop", cert: laptop.cert.split("\n") });
  await commands.execute(ADD, { name: "Bot", cert: encodeBase64(bot.der) });
  await commands.execute(ADD, { name: "FORM_TYPE", cert: own().cert.split("\n") });

  const [onPhone, onLaptop] = [await certified(server, phone, "p"), await certified(server, laptop, "l")];
  const form = await commands.start(LIST);
  deepEqual(["Phone", "Laptop", "Bot"].map((name) => valuesOf(form, name)), [["none"], ["none"], ["none"]]);
  const done = await commands.execute(LIST, {
    Phone: "remove",
    Laptop: "revoke",
    Bot: "none",
    Nobody: "remove",
  });
  equal(noteOf(done), "Done.");
  deepEqual(Object.keys(await items(alice)), ["Bot", "FORM_TYPE"]);
  equal(onPhone.closed, false);
  onLaptop.expectStreamError("not-authorized");

  // The session that asks has its answer before it goes.
  const onBot = await certified(server, bot, "b");
  equal(noteOf(await new CommandClient(onBot).execute(LIST, { Bot: "revoke" })), "Done.");
  onBot.expectStreamError("not-authorized");
});

Deno.test("XEP-0257: without the plugin, and where accounts are temporary, nothing is known of it", async () => {
  for (const set of [[internal, disco], [anonymous, disco, userCertificates]]) {
    await using server = await serve({ plugins: set });
    equal(server.host.asksForCertificates, false);
    equal(await offered(server, own().der), false);
  }
  await using server = await serve();
  equal(server.host.asksForCertificates, true);
  await server.reload({ config: { defaults: { ...config.defaults, mechanisms: ["SCRAM-SHA-256"] } } });
  equal(server.host.asksForCertificates, false);
});
