/** XEP-0252: BOSH by script tags, request by request; FEATURES 2.16. */
import { equal, match, ok } from "node:assert/strict";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import type { Element } from "../../src/xml/element.ts";
import { parseXml } from "../../src/xml/parse.ts";
import { WireClient } from "../server/wire_client.ts";
import { type Answer, get, post } from "./bosh_talker.ts";
import { PASSWORD, webServer } from "./world.ts";

const NS = "http://jabber.org/protocol/httpbind";
const ON = "bosh.script = true";

/** What a page gets to see: the argument of the call, evaluated as a browser does. */
function called({ text }: Answer, name = "_BOSH_"): Element {
  const heard: unknown[] = [];
  new Function(name, text)((it: unknown) => heard.push(it));
  equal(heard.length, 1, text);
  const [it] = heard as [string | { reply: string }];
  return parseXml(typeof it === "string" ? it : it.reply);
}

/** A session whose every request is a script. */
class Script {
  sid = "";
  rid = 1_249_243_562;

  constructor(readonly port: number) {}

  async create(): Promise<Answer> {
    const answer = await this.raw(
      `<body rid='${this.rid++}' to='a.test' ver='1.6' wait='1' hold='1' xmpp:version='1.0' ` +
        `xmlns:xmpp='urn:xmpp:xbosh' xmlns='${NS}'/>`,
    );
    this.sid = called(answer).attr("sid") ?? "";
    return answer;
  }

  next(content: string, more = ""): Promise<Answer> {
    return this.raw(
      `<body rid='${this
        .rid++}' sid='${this.sid}' ${more} xmlns:xmpp='urn:xmpp:xbosh' xmlns='${NS}'>${content}</body>`,
    );
  }

  raw(body: string): Promise<Answer> {
    return get(this.port, encodeURIComponent(body));
  }

  static async login(port: number): Promise<Script> {
    const it = new Script(port);
    await it.create();
    const initial = encodeBase64(encodeUtf8(`\0alice\0${PASSWORD}`));
    await it.next(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
    await it.next("", "xmpp:restart='true' to='a.test'");
    const bound = await it.next(
      `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>` +
        `<resource>script</resource></bind></iq>`,
    );
    match(bound.text, /alice@a\.test\/script/);
    return it;
  }
}

Deno.test("XEP-0252 §2.3, AC-2.16-1, BUG-36: the answer to an encoded body is one call with one string, and is kept by nobody", async () => {
  await using serving = await webServer(ON);
  const { status, headers, text } = await new Script(await serving.port("http")).create();
  equal(status, 200);
  equal(headers.get("content-type"), "text/javascript; charset=utf-8");
  equal(headers.get("cache-control"), "no-store");
  equal(headers.get("pragma"), "no-cache");
  match(text, /^_BOSH_\("<body .*<\/body>"\)$/);
  ok(called({ text } as Answer).has("features", "http://etherx.jabber.org/streams"));
});

Deno.test("AC-2.16-1: a query that is hardly encoded is understood, as RFC 3986 allows it", async () => {
  await using serving = await webServer(ON);
  const body = `%3Cbody%20rid='1'%20to='a.test'%20ver='1.6'%20wait='1'%20hold='1'%20xmlns='${NS}'/%3E`;
  const answer = await get(await serving.port("http"), body);
  match(called(answer).attr("sid") ?? "", /./);
});

Deno.test("AC-2.16-2: quotes, ends of lines, backslashes and format characters come through", async () => {
  await using serving = await webServer(ON);
  const alice = await Script.login(await serving.port("http"));
  await alice.next("<presence xmlns='jabber:client'/>");
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const said = `a"b'c\\d\ne\u2028f\u2029g\u200eh\u{e0001}i\u00adj`;
  bob.send(`<message to='alice@a.test/script'><body>${said}</body></message>`);
  await bob.ping();
  const answers: string[] = [];
  let found: string | undefined;
  while (found === undefined && answers.length < 5) {
    const answer = await alice.next("");
    answers.push(answer.text);
    found = called(answer).child("message", "jabber:client")?.childText("body");
    ok(!/[\n\r\u2028\u2029\u200e\u00ad]/.test(answer.text));
  }
  equal(found, said);
});

Deno.test("AC-2.16-3: a session made by a script gets scripts, errors included, whatever it asks by", async () => {
  await using serving = await webServer(ON);
  const port = await serving.port("http");
  const alice = await Script.login(port);
  const ping = `<iq xmlns='jabber:client' type='get' id='p' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>`;
  const posted = await post(
    port,
    `<body rid='${alice.rid++}' sid='${alice.sid}' xmlns='${NS}'>${ping}</body>`,
  );
  match(posted.text, /^_BOSH_\("/);
  equal(posted.headers.get("content-type"), "text/javascript; charset=utf-8");
  alice.rid += 10;
  const far = await alice.next("");
  equal(called(far).attr("condition"), "item-not-found");
  equal(called(await alice.next("")).attr("condition"), "item-not-found");
  equal(called(await alice.raw("<body")).attr("condition"), "bad-request");
});

Deno.test("AC-2.16-4: what one stanza is too long for comes in pieces, cut anywhere", async () => {
  await using serving = await webServer(ON);
  const alice = await Script.login(await serving.port("http"));
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const text = "ein längerer Text; ".repeat(200).trim();
  const stanza =
    `<message xmlns='jabber:client' to='bob@a.test/desk' id='long'><body>${text}</body></message>`;
  for (let i = 0; i < stanza.length; i += 1500) await alice.next(stanza.slice(i, i + 1500));
  const message = await bob.expect("<message id='long'><body>*</body></message>");
  equal(message.childText("body"), text);
});

Deno.test("AC-2.16-4: a piece may not end the stream, or what is around it", async () => {
  await using serving = await webServer(ON);
  const alice = await Script.login(await serving.port("http"));
  const end = called(await alice.next("<message xmlns='jabber:client'></iq>"));
  equal(end.attr("condition"), "remote-stream-error");
});

Deno.test("AC-2.16-5: a callback is called by its name where that is allowed, and is a name and nothing else", async () => {
  const body = encodeURIComponent(`<body rid='1' to='a.test' ver='1.6' wait='1' hold='1' xmlns='${NS}'/>`);
  await using serving = await webServer(`${ON}\nbosh.script_callbacks = true`);
  const port = await serving.port("http");
  const answer = await get(port, `callback=jQuery_17&data=${body}`);
  match(answer.text, /^jQuery_17\(\{"reply":".*"\}\);$/);
  match(called(answer, "jQuery_17").attr("sid") ?? "", /./);
  for (const name of ["alert(1)//", "a.b", "a b", "", "1a", "a;b", "a%0ab", "x".repeat(65), "%E2%80%A8"]) {
    equal((await get(port, `callback=${name}&data=${body}`)).status, 404, name);
  }
  await using without = await webServer(ON);
  equal((await get(await without.port("http"), `callback=x&data=${body}`)).status, 404);
});

Deno.test("AC-2.16-6: switched off, as it is by default, there is nothing", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const body = encodeURIComponent(`<body rid='1' to='a.test' ver='1.6' xmlns='${NS}'/>`);
  equal((await get(port, body)).status, 404);
  const page = await fetch(`http://127.0.0.1:${port}/http-bind`);
  equal(page.status, 200);
  match(await page.text(), /XMPP clients connect here/);
});
