/** AC-2.15-1, -3, -4: every endpoint of FEATURES 3.2 that is there, with a plain HTTP client. */
import { deepEqual, equal, match } from "node:assert/strict";
import { PLAIN, Serving } from "../server/rig.ts";
import { type Answer, ask, raw } from "./raw_http.ts";
import { Uploader } from "./uploader.ts";
import { webServer } from "./world.ts";

const BODY = "http://jabber.org/protocol/httpbind";
const XML = /^text\/xml/;
const HTML = /^text\/html/;
const TEXT = /^text\/plain/;

interface Row {
  readonly request: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly status: number;
  readonly type?: RegExp;
  readonly says?: RegExp;
  readonly header?: readonly [name: string, value: RegExp];
}

const upgrade = (protocols: string) => ({
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol": protocols,
});

const TABLE: readonly Row[] = [
  // BOSH
  { request: "POST /http-bind", body: "<body", status: 400, type: XML, says: /condition=.bad-request/ },
  {
    request: "POST /http-bind",
    body: `<body xmlns='${BODY}' rid='1' to='nowhere.test' wait='1' hold='1' ver='1.6'/>`,
    status: 200,
    type: XML,
    says: /condition=.host-unknown/,
  },
  {
    request: "POST /http-bind",
    body: `<body xmlns='${BODY}' rid='2' sid='none'/>`,
    status: 200,
    type: XML,
    says: /condition=.item-not-found/,
  },
  {
    request: "OPTIONS /http-bind",
    headers: { origin: "https://chat.test", "access-control-request-method": "POST" },
    status: 204,
    header: ["access-control-allow-origin", /./],
  },
  { request: "GET /http-bind", status: 200, type: HTML },
  { request: "GET /http-bind/", status: 200, type: HTML },
  { request: "PUT /http-bind", body: "x", status: 404 },
  // WebSocket
  { request: "GET /xmpp-websocket", status: 200, type: HTML },
  { request: "GET /xmpp-websocket", headers: upgrade("chat"), status: 501 },
  { request: "GET /xmpp-websocket", headers: upgrade("chat, xmpp"), status: 101 },
  { request: "POST /xmpp-websocket", body: "x", status: 404 },
  // Upload, beyond the page and what no slot was given for: upload_test.ts
  { request: "GET /upload", status: 200, type: TEXT },
  { request: "GET /upload/", status: 200, type: TEXT },
  { request: "GET /upload/none/x.png", status: 404 },
  { request: "PUT /upload/none/x.png", body: "x", status: 403 },
  { request: "POST /upload/none/x.png", body: "x", status: 404 },
  { request: "DELETE /upload/none/x.png", status: 404 },
  {
    request: "OPTIONS /upload/none/x.png",
    status: 204,
    header: ["access-control-allow-methods", /GET.*PUT/],
  },
  // Discovery, pictures, and what watches
  { request: "GET /.well-known/host-meta", status: 200, type: /xrd\+xml/ },
  { request: "GET /.well-known/host-meta.json", status: 200, type: /json/ },
  {
    request: "GET /favicon.ico",
    status: 200,
    type: /^image\/x-icon/,
    header: ["cache-control", /max-age=86400/],
  },
  { request: "GET /assets/favicon.png", status: 200, type: /^image\/png/ },
  { request: "GET /server-status/", status: 200, type: XML, says: /<document>/ },
  { request: "GET /server-status", status: 200, type: XML },
  {
    request: "GET /server-status/",
    headers: { "x-forwarded-for": "203.0.113.7" },
    status: 403,
    says: /for this machine/,
  },
  { request: "GET /healthz", status: 200, type: TEXT },
  { request: "GET /readyz", status: 200, type: TEXT },
  { request: "GET /metrics", status: 200, type: /openmetrics/ },
  { request: "GET /metrics", headers: { "x-forwarded-for": "203.0.113.7" }, status: 403 },
  { request: "GET /", status: 200, type: HTML, says: /a\.test/ },
  { request: "GET /nothing", status: 404, type: TEXT },
];

function send(port: number, { request, headers, body }: Row): Promise<Answer> {
  const [method = "", path = ""] = request.split(" ");
  if (body === undefined) return ask({ port }, path, headers, method);
  const head = Object.entries({ host: "a.test", connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = new TextEncoder().encode(body).length;
  return raw({ port }, `${request} HTTP/1.1\r\n${head}Content-Length: ${length}\r\n\r\n${body}`)
    .then(({ answer }) => answer);
}

function server(): Promise<Serving> {
  return Serving.start(`${PLAIN}\n[host."a.test"]\nplugins = { add = ["server_status"] }\n`);
}

Deno.test("AC-2.15-1: methods, parameters, statuses and types of all endpoints; what browsers are told with each", async () => {
  await using serving = await server();
  const port = await serving.port("http");
  for (const row of TABLE) {
    if (row.status === 101) continue;
    const answer = await send(port, row);
    const where = `${row.request}: ${answer.status} ${answer.headers.get("content-type")} ${answer.body}`;
    equal(answer.status, row.status, where);
    match(answer.headers.get("content-type") ?? "", row.type ?? /^/, where);
    match(answer.body, row.says ?? /^/, where);
    if (row.header !== undefined) match(answer.headers.get(row.header[0]) ?? "", row.header[1], where);
    equal(answer.headers.get("x-content-type-options"), "nosniff", where);
    equal(answer.headers.get("referrer-policy"), "no-referrer", where);
    equal(answer.headers.has("server"), false, "nobody need know what this is");
    // AC-2.15-4: nothing that a browser sends by itself lets anybody in.
    equal(answer.headers.has("set-cookie"), false, where);
    if (answer.headers.get("content-type")?.startsWith("text/html") === true) {
      match(answer.headers.get("content-security-policy") ?? "", /default-src 'none'/, where);
    }
  }
});

Deno.test("AC-2.15-1: HEAD is what GET is, without the body", async () => {
  await using serving = await server();
  const port = await serving.port("http");
  for (const row of TABLE) {
    if (!row.request.startsWith("GET ") || row.headers?.upgrade !== undefined) continue;
    const get = await send(port, row);
    const head = await send(port, { ...row, request: row.request.replace("GET", "HEAD") });
    deepEqual([head.status, head.body], [get.status, ""], row.request);
    equal(head.headers.get("content-type"), get.headers.get("content-type"), row.request);
  }
});

Deno.test("AC-2.15-3: errors are JSON with a code and a text, a small page, or a line, as the client wants them", async () => {
  await using serving = await server();
  const port = await serving.port("http");
  const as = async (accept: string, path = "/nothing") => {
    const { status, headers, body } = await ask({ port }, path, { accept });
    equal(headers.get("vary"), "Accept");
    return [status, headers.get("content-type"), body] as const;
  };
  const json = await as("application/json");
  deepEqual([json[0], json[1]], [404, "application/json; charset=utf-8"]);
  deepEqual(JSON.parse(json[2]), { error: "not-found", message: "There is nothing at this address." });
  const browser = await as("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
  equal(browser[1], "text/html; charset=utf-8");
  match(browser[2], /<h1>404<\/h1>/);
  equal((await as("*/*"))[1], "text/plain; charset=utf-8");
  equal((await as("application/json;q=0, text/html"))[1], "text/html; charset=utf-8");
  equal(JSON.parse((await as("application/json", "/upload/none/x"))[2]).error, "not-found");
  const long = await raw(
    { port },
    "POST /http-bind HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n",
  );
  equal(long.answer.status, 413);
  equal(JSON.parse(long.answer.body).error, "payload-too-large");
});

Deno.test("AC-2.15-3, AC-2.15-4: what changes something wants a secret, and says nothing without it", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  const slot = await alice.slot("a.png", 5);
  const path = new URL(slot.put).pathname;
  const put = (row: Partial<Row>, at = path) =>
    send(alice.port, { request: `PUT ${at}`, body: "hello", status: 0, ...row });
  const real = await put({});
  const none = await put({}, path.replace(/[\w-]{24}/, "A".repeat(24)));
  deepEqual([real.status, real.body], [403, none.body], "whether there is such a place is not to be seen");
  equal(none.status, 403);
  for (const token of ["", "x", ".", `${slot.headers.Authorization}x`, "Bearer "]) {
    equal((await put({ headers: { authorization: token } })).status, 403, token);
  }
  equal(
    (await put({ headers: { authorization: slot.headers.Authorization!, origin: "https://evil.test" } }))
      .status,
    201,
  );
  // A session of BOSH is known by its sid alone, which no page of another origin learns.
  const stranger = await send(alice.port, {
    request: "POST /http-bind",
    body: `<body xmlns='${BODY}' rid='9' sid='guess' type='terminate'/>`,
    status: 200,
  });
  match(stranger.body, /item-not-found/);
});

Deno.test("a name that is not served finds the only host, or nothing where there are several", async () => {
  await using one = await Serving.start(`${PLAIN}\n[host."a.test"]\n`);
  const at = async (serving: Serving, host: string, path: string) =>
    (await ask({ port: await serving.port("http") }, path, { host })).status;
  equal(await at(one, "stranger.test", "/"), 200);
  equal(await at(one, "192.0.2.1:5280", "/http-bind"), 200);
  await using two = await Serving.start(`${PLAIN}\n[host."a.test"]\n[host."b.test"]\n`);
  deepEqual(
    [
      await at(two, "A.Test.", "/"),
      await at(two, "b.test:5280", "/"),
      await at(two, "stranger.test", "/"),
      await at(two, "stranger.test", "/http-bind"),
      await at(two, "stranger.test", "/healthz"),
    ],
    [200, 200, 404, 404, 200],
  );
});
