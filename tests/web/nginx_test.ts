/** nginx from Debian in front, configured by `metronome proxy nginx`: TLS and a prefix there, nothing buffered, a socket between. */
import { createHash } from "node:crypto";
import { deepEqual, equal, match, ok } from "node:assert/strict";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { PLAIN, Serving, soon } from "../server/rig.ts";
import { hasNginx, Nginx } from "./nginx.ts";
import { ask, transfer } from "./raw_http.ts";
import { Uploader } from "./uploader.ts";
import { PASSWORD } from "./world.ts";

const BODY = "http://jabber.org/protocol/httpbind";

async function behind(run: (serving: Serving, nginx: Nginx) => Promise<void>): Promise<void> {
  const sockets = await Deno.makeTempDir();
  try {
    await using serving = await Serving.start(`[http]
socket = "${sockets}/http.sock"
${PLAIN}
[host."a.test"]
http_url = "https://web.test/xmpp"
upload.largest = "20 MiB"
upload.sendfile = "x-accel-redirect"
`);
    for (const name of ["alice", "bob"]) {
      await serving.run(["user", "add", name], { input: [PASSWORD] });
    }
    await using nginx = await Nginx.start(serving, ["web.test", "a.test"]);
    await run(serving, nginx);
  } finally {
    await Deno.remove(sockets, { recursive: true });
  }
}

Deno.test({
  name:
    "AC-2.15-6: nginx in front, TLS and a prefix there: discovery, uploads and downloads, and their links",
  ignore: !hasNginx,
  fn: () =>
    behind(async (serving, { port, printed }) => {
      match(printed, /location \/xmpp\/ \{\n +proxy_pass http:\/\/metronome;/);
      // The domain's own name is asked where the rest is.
      const meta = await ask({ port, tls: "a.test" }, "/.well-known/host-meta", { host: "a.test" });
      equal(meta.status, 200);
      ok(meta.body.includes("wss://web.test/xmpp/xmpp-websocket"), meta.body);
      ok(meta.body.includes("https://web.test/xmpp/http-bind"), meta.body);
      equal((await ask({ port, tls: "a.test" }, "/http-bind", { host: "a.test" })).status, 404);
      const moved = await ask({ port, tls: "web.test" }, "/xmpp", { host: "web.test" });
      equal(moved.status, 301);
      match((await ask({ port, tls: "web.test" }, "/xmpp/", { host: "web.test" })).body, /<title>a\.test/);
      // nginx is not this machine's own program.
      equal((await ask({ port, tls: "web.test" }, "/xmpp/metrics", { host: "web.test" })).status, 403);

      using alice = await Uploader.online(serving);
      const file = crypto.getRandomValues(new Uint8Array(60_000));
      const big = new Uint8Array(15_000_000).map((_, i) => file[i % 60_000]!);
      const slot = await alice.request(`filename='a b.png' size='${big.length}' content-type='image/png'`);
      const put = slot.first()!.child("put")!;
      const url = put.attr("url")!;
      match(url, /^https:\/\/web\.test\/xmpp\/upload\//);
      const { pathname } = new URL(url);
      const host = { host: "web.test" };
      const authorization = put.first()!.text;
      function* pieces() {
        for (let at = 0; at < big.length; at += 250_000) yield big.subarray(at, at + 250_000);
      }
      const sent = await transfer(port, pathname, {
        method: "PUT",
        headers: { ...host, authorization, "content-length": String(big.length) },
        body: pieces(),
      });
      equal(sent.status, 201);
      const sum = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
      const got = await transfer(port, pathname, { headers: host });
      deepEqual([got.status, sum(got.body)], [200, sum(big)], "nginx sends the file itself");
      const part = await transfer(port, pathname, { headers: { ...host, range: "bytes=100-199" } });
      deepEqual([part.status, sum(part.body)], [206, sum(big.subarray(100, 200))]);
      const inside = await ask({ port, tls: "web.test" }, "/metronome-upload/xx/yy", host);
      equal(inside.status, 404, "the files' own place is not for clients");
      const escape = await ask({ port, tls: "web.test" }, "/xmpp/upload/..%2f..%2fmetronome.toml", host);
      match(String(escape.status), /^40[04]$/);
      const large = await transfer(port, "/xmpp/upload/x/y", {
        method: "PUT",
        headers: { ...host, "content-length": "99999999" },
      });
      equal(large.status, 413);
    }),
});

Deno.test({
  name: "nginx in front: a WebSocket, and BOSH whose answers are not kept back",
  ignore: !hasNginx,
  fn: () =>
    behind(async (_serving, { port }) => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/xmpp/xmpp-websocket`, ["xmpp"], {
        headers: { host: "web.test" },
        rejectUnauthorized: false,
      });
      const opened = new Promise<string>((resolve, reject) => {
        socket.once("message", (data) => resolve(String(data)));
        socket.once("error", reject);
      });
      socket.once("open", () => {
        socket.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.test' version='1.0'/>");
      });
      match(await soon("an answer", opened), /^<open .*from=.a\.test/);
      socket.terminate();

      const post = async (body: string) => {
        const bytes = new TextEncoder().encode(body);
        const { status, body: answer } = await transfer(port, "/xmpp/http-bind", {
          method: "POST",
          headers: { host: "web.test", "content-length": String(bytes.length) },
          body: [bytes],
        });
        return [status, new TextDecoder().decode(answer)] as const;
      };
      const [status, first] = await post(
        `<body xmlns='${BODY}' rid='10' to='a.test' wait='60' hold='1' ver='1.11' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>`,
      );
      equal(status, 200);
      match(first, /mechanism/);
      const sid = /sid=["']([^"']+)/.exec(first)![1]!;
      // This one is held until there is something to say, which must then come at once.
      const held = post(`<body xmlns='${BODY}' rid='11' sid='${sid}'/>`);
      const auth = btoa(`\0alice\0${PASSWORD}`);
      const next = post(
        `<body xmlns='${BODY}' rid='12' sid='${sid}'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${auth}</auth></body>`,
      );
      const [, second] = await soon("the answer that was held", held);
      const [, end] = await post(`<body xmlns='${BODY}' rid='13' sid='${sid}' type='terminate'/>`);
      const all = second + (await next)[1] + end;
      match(all, /<success/);
      match(all, /terminate/);
    }),
});
