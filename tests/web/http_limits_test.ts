/** What HTTP may cost, and that nobody who speaks XMPP notices what others do there. */
import { equal, match, ok } from "node:assert/strict";
import { connect } from "node:net";
import { PLAIN, Serving, soon } from "../server/rig.ts";
import { WireClient } from "../server/wire_client.ts";
import { ask, raw } from "./raw_http.ts";
import { PASSWORD } from "./world.ts";

const HOST = `\n[host."a.test"]\n`;

Deno.test("AC-2.15-1: too many requests of one address get 429 and are told when to come again; others are served", async () => {
  await using serving = await Serving.start(
    `[http]\nrequests_per_second = 1\nrequests_burst = 5\n${PLAIN}${HOST}`,
  );
  const port = await serving.port("http");
  const from = (address: string) => ask({ port }, "/healthz", { "x-forwarded-for": address });
  const statuses: number[] = [];
  for (let n = 0; n < 8; n++) statuses.push((await from("203.0.113.7")).status);
  equal(statuses.slice(0, 5).join(), "200,200,200,200,200");
  const late = await from("203.0.113.7");
  equal(late.status, 429);
  equal(late.headers.get("retry-after"), "1");
  equal((await from("203.0.113.8")).status, 200);
  // The network of a customer is one address.
  for (let n = 0; n < 6; n++) await from(`2001:db8::${n}`);
  equal((await from("2001:db8::99")).status, 429);
  equal((await from("2001:db8:0:1::1")).status, 200);
  await serving.reload(`[http]\nrequests_per_second = 1\nrequests_burst = 50\n${PLAIN}${HOST}`);
  for (let n = 0; n < 9; n++) equal((await from("203.0.113.7")).status, 200);
});

Deno.test("connections of one address have a limit on HTTP ports too, and it ends with them", async () => {
  await using serving = await Serving.start(
    `[http]\ntrusted_proxies = []\n${PLAIN}\n[limits]\nconnections_per_address = 3\n${HOST}`,
  );
  const port = await serving.port("http");
  const held = [];
  for (let n = 0; n < 3; n++) {
    const socket = connect({ host: "127.0.0.1", port });
    await soon("a connection", new Promise<void>((resolve) => socket.once("connect", () => resolve())));
    socket.write("GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n");
    await soon("an answer", new Promise<void>((resolve) => socket.once("data", () => resolve())));
    held.push(socket);
  }
  equal((await ask({ port }, "/healthz")).status, 0);
  for (const socket of held) socket.destroy();
  const again = async () => {
    while ((await ask({ port }, "/healthz")).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await soon("room for another connection", again());
});

Deno.test("headers and bodies that do not come are not waited for", async () => {
  await using serving = await Serving.start(
    `[http]\nheader_timeout = "300 ms"\nstall_timeout = "1 s"\nidle_timeout = "300 ms"\nheader_size = "2 KiB"\n${PLAIN}${HOST}`,
  );
  const port = await serving.port("http");
  const statusOf = async (text: string) => (await raw({ port }, text)).answer.status;
  equal(await statusOf("GET / HTTP/1.1\r\nHost: a.te"), 408);
  equal(await statusOf("POST /http-bind HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n<body"), 408);
  equal(await statusOf(`GET / HTTP/1.1\r\nHost: a.test\r\nX: ${"x".repeat(3000)}\r\n\r\n`), 431);
  // Answered, then idle, then closed.
  equal(await statusOf("GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n"), 200);
});

Deno.test("hostile HTTP is refused, and sessions of XMPP notice nothing", async () => {
  await using serving = await Serving.start(PLAIN + HOST);
  for (const name of ["alice", "bob"]) await serving.run(["user", "add", name], { input: [PASSWORD] });
  const c2s = await serving.port("c2s");
  using alice = await WireClient.login(c2s, "alice", PASSWORD);
  using bob = await WireClient.login(c2s, "bob", PASSWORD);
  const port = await serving.port("http");
  const end = "Host: a.test\r\nConnection: close\r\n\r\n";
  const attacks: [text: string, status: RegExp][] = [
    [
      `POST /http-bind HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\nGET /x`,
      /^400$/,
    ],
    [`POST /http-bind HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n${end}abcd`, /^400$/],
    [`POST /http-bind HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n${end}0\r\n\r\n`, /^(400|501)$/],
    [`POST /http-bind HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${end}zz\r\nabc\r\n`, /^(400|0)$/],
    [`GET / HTTP/1.1\r\n Folded: x\r\n${end}`, /^400$/],
    [`GET / HTTP/1.1\r\nX: a\0b\r\n${end}`, /^400$/],
    [`GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\nConnection: close\r\n\r\n`, /^400$/],
    ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", /^400$/],
    ["GET / HTTP/1.1\r\nHost: a.test/../x\r\nConnection: close\r\n\r\n", /^400$/],
    [`GET /upload/../../etc/passwd HTTP/1.1\r\n${end}`, /^40[04]$/],
    [`GET /%00 HTTP/1.1\r\n${end}`, /^40[04]$/],
    [`GET /%zz HTTP/1.1\r\n${end}`, /^40[04]$/],
    [`GET http://evil.test/ HTTP/1.1\r\n${end}`, /^(200|40[04])$/],
    [`CONNECT evil.test:443 HTTP/1.1\r\n${end}`, /^(0|40\d)$/],
    [`TRACE / HTTP/1.1\r\n${end}`, /^40[45]$/],
    ["\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", /^(400|0)$/],
    ["<?xml version='1.0'?><stream:stream xmlns='jabber:client'>", /^400$/],
    [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, /^(400|0|505)$/],
    [`GET ${"/a".repeat(9000)} HTTP/1.1\r\n${end}`, /^(414|431)$/],
    [`POST /http-bind HTTP/1.1\r\nContent-Length: 99999999999\r\n${end}`, /^413$/],
    [`POST /http-bind HTTP/1.1\r\nContent-Length: 10\r\nExpect: 200-magic\r\n${end}`, /^(400|417|200)$/],
  ];
  for (const [text, status] of attacks) {
    const { answer } = await raw({ port }, text);
    match(String(answer.status), status, JSON.stringify(text.slice(0, 60)));
    await alice.ping();
  }
  // Many at a time, none of which ever ends.
  const slow = Array.from({ length: 60 }, () => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    socket.write("POST /http-bind HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n<");
    return socket;
  });
  alice.send("<message to='bob@a.test'><body>still here</body></message>");
  bob.send("<presence/>");
  await bob.expect("<message><body>still here</body></message>");
  for (const socket of slow) socket.destroy();
});

Deno.test("the access log is there at debug, with the address and without the query", async () => {
  const folder = await Deno.makeTempDir();
  {
    await using serving = await Serving.start(
      `[server]\nlog_levels = { http = "debug" }\nlog_file = "${folder}/log"\n${PLAIN}${HOST}`,
    );
    const port = await serving.port("http");
    await ask({ port }, "/nothing?token=verysecret");
    await ask({ port }, "/healthz", { "x-forwarded-for": "203.0.113.7" });
  }
  const log = await Deno.readTextFile(`${folder}/log`);
  match(log, /debug.*request.*method=GET path=\/nothing status=404/);
  match(log, /peer=203\.0\.113\.7 method=GET path=\/healthz status=200/);
  ok(!log.includes("verysecret"));
  await Deno.remove(folder, { recursive: true });
});
