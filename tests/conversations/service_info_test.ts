import assert from "node:assert/strict";
import { VERSION } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { contact } from "../../plugins/service/contact.ts";
import { disco } from "../../plugins/service/disco.ts";
import { time } from "../../plugins/service/time.ts";
import { uptime } from "../../plugins/service/uptime.ts";
import { version } from "../../plugins/service/version.ts";

const INFO = "http://jabber.org/protocol/disco#info";

async function says(client: TestClient, pattern: string): Promise<void> {
  await client.send(`<iq to='a.test' id='i' type='get'><query xmlns='${INFO}'/></iq>`);
  client.expect(`<iq id='i' type='result'><query xmlns='${INFO}'>${pattern}</query></iq>`);
}

Deno.test("XEP-0092: name and version, and nothing of the machine", async () => {
  await using server = await testServer({ plugins: [disco, version] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq to='a.test' id='version_1' type='get'><query xmlns='jabber:iq:version'/></iq>`);
  const answer = alice.expect(
    `<iq from='a.test' id='version_1' type='result'><query xmlns='jabber:iq:version'>
    <name>Metronome</name><version>${VERSION}</version></query></iq>`,
  );
  assert.ok(!answer.first()!.has("os"));
  await says(alice, "<feature var='jabber:iq:version'/>");
});

Deno.test("XEP-0092: the operating system where the configuration says it", async () => {
  await using server = await testServer({
    plugins: [version],
    config: { defaults: { version: { os: "TempleOS" } } },
  });
  const remote = server.remote("b.test");
  await remote.send(
    `<iq from='romeo@b.test/orchard' to='a.test' id='1' type='get'><query xmlns='jabber:iq:version'/></iq>`,
  );
  remote.expect(`<iq id='1' type='result'><query xmlns='jabber:iq:version'><os>TempleOS</os></query></iq>`);
});

Deno.test("XEP-0202: UTC and the distance to it", async () => {
  await using server = await testServer({ plugins: [disco, time] });
  const alice = await server.client("alice/desk");
  await server.clock.advance(35_250);
  await alice.send(`<iq to='a.test' id='time_1' type='get'><time xmlns='urn:xmpp:time'/></iq>`);
  const answer = alice.expect(`<iq from='a.test' id='time_1' type='result'><time xmlns='urn:xmpp:time'>
    <tzo>*</tzo><utc>2026-01-01T12:00:35.250Z</utc></time></iq>`);
  // The same from another source: "GMT+05:30" for a machine in India.
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" }).formatToParts(
    server.clock.now(),
  );
  const name = parts.find((part) => part.type === "timeZoneName")!.value.slice("GMT".length);
  assert.equal(answer.first()!.childText("tzo"), name === "" ? "+00:00" : name);
  await says(alice, "<feature var='urn:xmpp:time'/>");
});

Deno.test("XEP-0202: west and east of Greenwich", async () => {
  for (
    const [zone, offset] of [["America/Chicago", "-06:00"], ["Asia/Kolkata", "+05:30"], ["UTC", "+00:00"]]
  ) {
    const code = `
      import { testServer } from "#testing";
      import { time } from "./plugins/service/time.ts";
      await using server = await testServer({ plugins: [time] });
      const alice = await server.client("alice/desk");
      await alice.send("<iq to='a.test' id='1' type='get'><time xmlns='urn:xmpp:time'/></iq>");
      console.log(alice.inbox[0].first().childText("tzo"));`;
    const run = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", code],
      cwd: new URL("../..", import.meta.url),
      env: { TZ: zone!, NO_COLOR: "1" },
    });
    const { stdout, stderr } = await run.output();
    assert.equal(new TextDecoder().decode(stdout).trim(), offset, new TextDecoder().decode(stderr));
  }
});

Deno.test("XEP-0012 §5: the uptime in seconds, over a reload too", async () => {
  await using server = await testServer({ plugins: [disco, uptime] });
  const alice = await server.client("alice/desk");
  const ask = async (seconds: number) => {
    await alice.send(`<iq to='a.test' id='last3' type='get'><query xmlns='jabber:iq:last'/></iq>`);
    const answer = alice.expect(
      `<iq from='a.test' id='last3' type='result'><query xmlns='jabber:iq:last' seconds='${seconds}'/></iq>`,
    );
    assert.equal(answer.first()!.text, "");
  };
  await ask(0);
  await server.clock.advance(123_456);
  await ask(123);
  await server.reload({ config: { defaults: { disco: { hidden: ["x.test"] } } } });
  await server.clock.advance(1000);
  await ask(124);
  await says(alice, "<feature var='jabber:iq:last'/>");
});

Deno.test("XEP-0157, XEP-0128: the form, in both ways to write it", async () => {
  await using server = await testServer({
    plugins: [disco, contact],
    config: {
      defaults: {
        contact: {
          "abuse": ["mailto:abuse@shakespeare.lit", "xmpp:abuse@shakespeare.lit"],
          "admin-addresses": ["mailto:xmpp@shakespeare.lit"],
          "support": ["http://shakespeare.lit/support.php"],
          "support-addresses": ["http://shakespeare.lit/support.php", "xmpp:support@shakespeare.lit"],
          "sales": [],
        },
      },
    },
  });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq to='a.test' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
  const answer = alice.expect(
    `<iq id='1' type='result'><query xmlns='${INFO}'><x xmlns='jabber:x:data' type='result'>
    <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/network/serverinfo</value></field>
    <field var='abuse-addresses'><value>mailto:abuse@shakespeare.lit</value><value>xmpp:abuse@shakespeare.lit</value></field>
    <field var='admin-addresses'><value>mailto:xmpp@shakespeare.lit</value></field></x></query></iq>`,
  );
  const form = answer.first()!.child("x", "jabber:x:data")!;
  const fields = form.elements().map((field) => [field.attr("var"), field.elements().length]);
  assert.deepEqual(fields, [["FORM_TYPE", 1], ["abuse-addresses", 2], ["admin-addresses", 1], [
    "support-addresses",
    2,
  ]]);
});

Deno.test("XEP-0157: nothing to say, no form", async () => {
  await using server = await testServer({ plugins: [disco, contact] });
  const alice = await server.client("alice/desk");
  await alice.send(`<iq to='a.test' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
  assert.ok(!alice.expect("<iq id='1' type='result'/>").first()!.has("x", "jabber:x:data"));
});

Deno.test("XEP-0157: what is no URI, or nobody knows, is a mistake of the configuration", async () => {
  for (
    const table of [{ abuse: ["abuse@a.test"] }, { abuses: ["mailto:a@a.test"] }, {
      "status-addresses": [""],
    }]
  ) {
    await assert.rejects(
      testServer({ plugins: [contact], config: { defaults: { contact: table } } }),
      /contact/,
    );
  }
});
