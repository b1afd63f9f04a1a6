/** What a host's web server says of it: XEP-0156, XEP-0487, RFC 7711, the figures of the original, a picture. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { decodeBase64, encodeHex } from "../../src/base/bytes.ts";
import { parseXml } from "../../src/xml/parse.ts";
import { PLAIN, Serving } from "../server/rig.ts";
import { BoshTalker } from "./bosh_talker.ts";
import { raw } from "./raw_http.ts";
import { WebSocketTalker } from "./web_socket_talker.ts";
import { PASSWORD, webServer } from "./world.ts";

const XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

async function read(port: number, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

Deno.test("XEP-0156: both files name both addresses, as the world sees them, for every page", async () => {
  await using serving = await webServer(`http_url = "https://chat.a.test/xmpp"`);
  const port = await serving.port("http");
  const expected = {
    "urn:xmpp:alt-connections:websocket": "wss://chat.a.test/xmpp/xmpp-websocket",
    "urn:xmpp:alt-connections:xbosh": "https://chat.a.test/xmpp/http-bind",
  };
  for (const prefix of ["", "/xmpp"]) {
    const xml = await read(port, `${prefix}/.well-known/host-meta`);
    equal(xml.headers.get("content-type"), "application/xrd+xml; charset=utf-8");
    equal(xml.headers.get("access-control-allow-origin"), "*");
    const links = parseXml(xml.text).elementsOf(XRD);
    deepEqual(Object.fromEntries(links.map((link) => [link.attr("rel"), link.attr("href")])), expected);
    const json = await read(port, `${prefix}/.well-known/host-meta.json`);
    equal(json.headers.get("content-type"), "application/json");
    equal(json.headers.get("access-control-allow-origin"), "*");
    const said = JSON.parse(json.text) as { links: { rel: string; href: string }[] };
    deepEqual(Object.fromEntries(said.links.map(({ rel, href }) => [rel, href])), expected);
    ok(!("xmpp" in said), "that would mean XEP-0487");
  }
});

Deno.test("XEP-0156: what is not served is not named", async () => {
  await using serving = await webServer(`plugins = { remove = ["bosh"] }\nwebsocket.path = "/ws"`);
  const port = await serving.port("http");
  const { links } = JSON.parse((await read(port, "/.well-known/host-meta.json")).text) as {
    links: { rel: string; href: string }[];
  };
  equal(links.length, 1);
  match(links[0]!.href, /^(ws|wss):\/\/a\.test.*\/ws$/);
  equal((await read(port, "/http-bind")).status, 404);
});

Deno.test("XEP-0487: with addresses the JSON file is all that is needed, and still one of XEP-0156", async () => {
  const host = `discovery.ips = ["192.0.2.7", "2001:db8::7"]\ndiscovery.tls_port = 5223\n` +
    `discovery.s2s_tls_port = 5270\ndiscovery.ttl = "1 day"\nhttp_url = "https://chat.a.test"`;
  await using serving = await webServer(host);
  const said = JSON.parse((await read(await serving.port("http"), "/.well-known/host-meta.json")).text);
  equal(said.xmpp.ttl, 86_400);
  const byRel: Record<string, Record<string, unknown>> = Object.fromEntries(
    (said.links as Record<string, unknown>[]).map((link) => [String(link.rel).split(":").at(-1), link]),
  );
  deepEqual(Object.keys(byRel), ["tls", "websocket", "xbosh", "s2s-tls"]);
  equal(byRel.tls!.port, 5223);
  equal(byRel.tls!.sni, "a.test");
  equal(byRel.websocket!.sni, "chat.a.test");
  equal(byRel["s2s-tls"]!.port, 5270);
  for (const link of Object.values(byRel)) {
    deepEqual(link.ips, ["192.0.2.7", "2001:db8::7"]);
    equal(typeof link.priority, "number");
    equal(typeof link.weight, "number");
  }
});

Deno.test("RFC 7711: the fingerprints are those of the certificate that is shown", async () => {
  await using serving = await webServer("discovery.posh = true");
  const port = await serving.port("http");
  const { certificate } = await raw(
    { port: await serving.port("https"), tls: "a.test" },
    "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
  );
  for (const service of ["xmpp-client", "xmpp-server"]) {
    const { text, status } = await read(port, `/.well-known/posh/${service}.json`);
    equal(status, 200);
    const { fingerprints, expires } = JSON.parse(text);
    equal(expires, 3600);
    const bytes = decodeBase64(fingerprints[0]["sha-256"])!;
    equal(encodeHex(bytes), certificate.replaceAll(":", "").toLowerCase());
    equal(decodeBase64(fingerprints[0]["sha-512"])?.length, 64);
  }
  await using other = await webServer();
  equal((await read(await other.port("http"), "/.well-known/posh/xmpp-client.json")).status, 404);
});

Deno.test("AC-2.15-1: the page of figures is off, then for this machine, then for who has the token", async () => {
  await using without = await webServer();
  equal((await read(await without.port("http"), "/server-status/")).status, 404);
  await using serving = await webServer(
    `plugins = { add = ["server_status"] }\nserver_status.token = "sesame"\nserver_status.hosts = ["a.test", "b.test"]`,
  );
  const port = await serving.port("http");
  using alice = await WebSocketTalker.connect(port);
  await alice.online("alice", PASSWORD, "web");
  await using bob = new BoshTalker(port);
  await bob.online("bob", PASSWORD, "bosh");
  for (const path of ["/server-status", "/server-status/"]) {
    const { status, text, headers } = await read(port, path);
    equal(status, 200, path);
    match(headers.get("content-type") ?? "", /^text\/xml/);
    const document = parseXml(text);
    const sessions = document.child("sessions")!;
    equal(sessions.child("bosh")?.attr("number"), "1");
    equal(sessions.child("websockets")?.attr("number"), "1");
    equal(sessions.child("c2s")?.attr("number"), "0");
    deepEqual(
      document.child("hosts")!.elements().map((it) => [it.attr("name"), it.attr("current")]),
      [["a.test", "online"], ["b.test", "offline"]],
    );
    ok(Number(document.child("memory")?.child("used")?.attr("bytes")) > 1_000_000);
    ok(Number(document.child("stanzas")?.child("incoming-routed")?.attr("presence")) > 0);
  }
  const far = { "x-forwarded-for": "192.0.2.7" };
  equal((await read(port, "/server-status/", far)).status, 403);
  equal((await read(port, "/server-status/", { ...far, authorization: "Bearer sesame" })).status, 200);
  equal((await read(port, "/server-status/", { authorization: "Bearer other" })).status, 403);
});

Deno.test("the figures in JSON have the original's names", async () => {
  await using serving = await Serving.start(
    `${PLAIN}\n[host."a.test"]\nplugins = { add = ["server_status"] }\nserver_status.json = true\n`,
  );
  const { text, headers } = await read(await serving.port("http"), "/server-status/");
  equal(headers.get("content-type"), "application/json");
  const said = JSON.parse(text);
  deepEqual(Object.keys(said).sort(), ["memory", "sessions", "stanzas"]);
  deepEqual(said.sessions, { bosh: 0, ws: 0, c2s: 0, s2s: { incoming: 0, outgoing: 0, bidi: 0 } });
  deepEqual(Object.keys(said.stanzas).sort(), ["iq-routed", "message-routed", "presence-routed"]);
});

Deno.test("browsers find a picture for their tab, and keep it for a day", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  for (const [path, type] of [["/favicon.ico", "image/x-icon"], ["/assets/favicon.png", "image/png"]]) {
    const { status, headers } = await read(port, path!);
    equal(status, 200);
    equal(headers.get("content-type"), type);
    equal(headers.get("cache-control"), "public, max-age=86400");
  }
});
