/** XEP-0273: Stanza Interception and Filtering Technology, with its examples. */
import { type TestClient, testServer } from "#testing";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { disco } from "../../plugins/service/disco.ts";
import { sift } from "../../plugins/stream/sift.ts";

const PLUGINS = [roster, presence, subscription, message, offline, carbons, disco, sift];

/** Romeo's device at montague.lit, and others elsewhere. */
async function montague(...devices: string[]) {
  const s = await testServer({ host: "montague.lit", plugins: PLUGINS });
  const clients = await s.online(...(devices.length === 0 ? ["romeo/pda"] : devices));
  return { s, romeo: clients[0] as TestClient, clients, far: s.remote("capulet.lit") };
}

async function ask(client: TestClient, rules: string): Promise<void> {
  await client.send(`<iq to='romeo@montague.lit' id='rv491g37' type='set'>
    <sift xmlns='urn:xmpp:sift:2'>${rules}</sift></iq>`);
}

async function agreed(client: TestClient, rules: string): Promise<void> {
  await ask(client, rules);
  client.expect("<iq from='romeo@montague.lit' id='rv491g37' type='result'/>");
}

const toRomeo = (kind: string, content = "", attrs = "", to = "romeo@montague.lit/pda") =>
  `<${kind} from='juliet@capulet.lit/balcony' to='${to}'${attrs}>${content}</${kind}>`;

Deno.test("XEP-0273 §3.2: what can be asked for is announced", async () => {
  const { s, romeo } = await montague();
  await using _ = s;
  await romeo.send(`<iq type='get' to='montague.lit' id='i'>
    <query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  romeo.expect(`<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#info'>
    <feature var='urn:xmpp:sift:2'/><feature var='urn:xmpp:sift:senders:remote'/>
    <feature var='urn:xmpp:sift:stanzas:message'/><feature var='urn:xmpp:sift:stanzas:presence'/>
    <feature var='urn:xmpp:sift:payloads:qname'/></query></iq>`);
});

Deno.test("XEP-0273: every combination is answered", async () => {
  const { s, romeo } = await montague();
  await using _ = s;
  const kinds = ["iq", "message", "presence", "sub"];
  for (let set = 0; set < 16; set++) {
    for (const sender of ["", " sender='all'", " sender='remote'", " sender='others' recipient='bare'"]) {
      await agreed(
        romeo,
        kinds.filter((_, i) => (set & (1 << i)) !== 0).map((kind) => `<${kind}${sender}/>`).join(""),
      );
    }
  }
  await agreed(romeo, "");
  const wrong: [string, string][] = [
    ["<message sender='nobody'/>", "bad-request"],
    ["<message recipient='nobody'/>", "bad-request"],
    ["<message/><message/>", "bad-request"],
    ["<message><allow name='body'/></message>", "bad-request"],
    ["<message><regex xmlns='urn:example:regex'/></message>", "feature-not-implemented"],
    ["<call/>", "feature-not-implemented"],
  ];
  romeo.clear();
  for (const [rules, condition] of wrong) {
    await ask(romeo, rules);
    romeo.expectNext(`<iq id='rv491g37' type='error'><error>
      <${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  }
  // What was refused has changed nothing.
  await s.remote("other.lit").send(
    "<message from='a@other.lit' to='romeo@montague.lit/pda'><body>x</body></message>",
  );
  romeo.expectNext("<message/>");
});

Deno.test("XEP-0273 §3.3: messages from others and presence from everybody", async () => {
  const { s, romeo, far } = await montague();
  await using _ = s;
  await agreed(romeo, "<message sender='others'/><presence/>");
  await far.send(toRomeo("message", "<body>x</body>", " type='headline'"));
  await far.send(toRomeo("presence"));
  await far.send(toRomeo("presence", "", " type='unavailable'"));
  romeo.quiet();
  await romeo.send("<message to='romeo@montague.lit/pda'><body>mine</body></message>");
  romeo.expectNext("<message><body>mine</body></message>");
  await far.send(toRomeo("presence", "", " type='subscribe'", "romeo@montague.lit"));
  romeo.expectNext("<presence type='subscribe'/>");
  // The last request counts; an empty one ends it all.
  await agreed(romeo, "<message/>");
  await far.send(toRomeo("presence"));
  await agreed(romeo, "");
  await far.send(toRomeo("message", "<body>y</body>", " type='headline'"));
  romeo.expect("<presence from='juliet@capulet.lit/balcony'/>");
  romeo.expect("<message><body>y</body></message>");
});

Deno.test("XEP-0273 §3.3: only what is remote", async () => {
  const { s, romeo, far } = await montague();
  await using _ = s;
  const benvolio = await s.client("benvolio/street");
  await agreed(romeo, "<message sender='remote'/><presence sender='remote'/>");
  await far.send(toRomeo("presence"));
  await far.send(toRomeo("message", "<body>x</body>", " type='headline'"));
  romeo.quiet();
  await benvolio.send("<presence to='romeo@montague.lit/pda'/>");
  await benvolio.send("<message to='romeo@montague.lit/pda'><body>x</body></message>");
  romeo.expectNext("<presence from='benvolio@montague.lit/street'/>");
  romeo.expectNext("<message from='benvolio@montague.lit/street'/>");
});

Deno.test("XEP-0273 §3.3: particular payloads of requests", async () => {
  const { s, romeo, far } = await montague();
  await using _ = s;
  await agreed(
    romeo,
    `<iq><allow name='jingle' ns='urn:xmpp:jingle:1'/>
    <allow name='query' ns='http://jabber.org/protocol/disco#info'/></iq><message/>`,
  );
  await far.send(
    toRomeo("iq", "<query xmlns='http://jabber.org/protocol/disco#info'/>", " type='get' id='1'"),
  );
  romeo.expectNext("<iq id='1'/>");
  await far.send(toRomeo("iq", "<query xmlns='jabber:iq:version'/>", " type='get' id='2'"));
  romeo.quiet();
  far.expect(`<iq from='romeo@montague.lit/pda' type='error' id='2'><error>
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  // Answers to its own requests come through.
  await far.send(toRomeo("iq", "<query xmlns='jabber:iq:version'/>", " type='result' id='3'"));
  romeo.expectNext("<iq type='result' id='3'/>");
});

Deno.test("XEP-0273 §3.3: messages and presence with the payloads that are wanted", async () => {
  const { s, romeo, far } = await montague();
  await using _ = s;
  await agreed(
    romeo,
    `<message><allow name='body' ns='jabber:client'/></message>
    <presence><allow name='c' ns='http://jabber.org/protocol/caps'/></presence>`,
  );
  await far.send(
    toRomeo("message", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>", " type='headline'"),
  );
  await far.send(toRomeo("presence"));
  romeo.quiet();
  await far.send(toRomeo("message", "<body>x</body>"));
  romeo.expectNext("<message><body>x</body></message>");
  const caps = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/>";
  await far.send(toRomeo("presence", caps));
  romeo.expectNext("<presence/>");
});

Deno.test("XEP-0273 §5.1: as with a negative priority", async () => {
  const { s, romeo, far } = await montague();
  await using _ = s;
  await agreed(romeo, "<message recipient='bare'/>");
  await far.send(toRomeo("message", "<body>full</body>"));
  romeo.expectNext("<message><body>full</body></message>");
  await far.send(toRomeo("message", "<body>bare</body>", "", "romeo@montague.lit"));
  romeo.quiet();
  far.quiet();
  // It was kept, once.
  const [next] = await s.clients("romeo/next");
  await next.send("<presence/>");
  next.expect("<message><body>bare</body></message>");
  next.never("<message/>");
});

Deno.test("XEP-0273 §4.2: what no device wants is kept once, what another wants goes there", async () => {
  const { s, clients, far } = await montague("romeo/pda", "romeo/desk");
  await using _ = s;
  const [pda, desk] = clients as [TestClient, TestClient];
  for (const device of [pda, desk]) {
    await agreed(device, "<message/>");
    device.clear();
  }
  for (const to of ["romeo@montague.lit", "romeo@montague.lit/pda"]) {
    await far.send(toRomeo("message", `<body>for ${to}</body>`, "", to));
  }
  pda.quiet();
  desk.quiet();
  await agreed(desk, "");
  await far.send(toRomeo("message", "<body>redirected</body>"));
  desk.expectNext("<message><body>redirected</body></message>");
  pda.quiet();
  const [next] = await s.clients("romeo/next");
  await next.send("<presence/>");
  next.expect("<message><body>for romeo@montague.lit</body></message>");
  next.expect("<message><body>for romeo@montague.lit/pda</body></message>");
  next.never("<message/>");
});

Deno.test("XEP-0273 §4.3: who wants presence again asks for it anew", async () => {
  const { s, romeo, far } = await montague();
  await using _ = s;
  await romeo.send(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'>
    <item jid='juliet@capulet.lit'/></query></iq>`);
  await romeo.send("<presence to='juliet@capulet.lit' type='subscribe'/>");
  await far.send("<presence from='juliet@capulet.lit' to='romeo@montague.lit' type='subscribed'/>");
  await agreed(romeo, "<presence/>");
  far.inbox.length = 0;
  romeo.clear();
  await agreed(romeo, "");
  far.expect("<presence from='romeo@montague.lit/pda' to='juliet@capulet.lit' type='probe'/>");
  romeo.expect("<presence from='romeo@montague.lit/pda'/>");
});
