/** Behind proxies: who the client is, and where the world finds us. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { PLAIN, Serving } from "../server/rig.ts";
import { ask, raw, type Where, WHO, WITH_WHO } from "./raw_http.ts";
import { Uploader } from "./uploader.ts";
import { PASSWORD } from "./world.ts";

async function server(http: string, host = "", listen = ""): Promise<Serving> {
  const ports = listen === "" ? PLAIN : PLAIN.replace(/http\.at.*\nhttps\.at.*\n/, listen);
  return await Serving.start(`[server]\n${WITH_WHO}\n[http]\n${http}\n${ports}\n[host."a.test"]\n${host}`, {
    "who.ts": WHO,
  });
}

interface Who {
  readonly address: string;
  readonly secure: boolean;
  readonly local: boolean;
  readonly origin: string;
  readonly url: string;
}

async function who(where: Where, headers: Record<string, string> = {}): Promise<Who> {
  const { status, body } = await ask(where, "/who", headers);
  equal(status, 200, body);
  return JSON.parse(body);
}

Deno.test("a trusted proxy says who its client is, in either form; others are not believed", async () => {
  await using serving = await server('trusted_proxies = ["127.0.0.1", "192.0.2.0/24"]');
  const port = await serving.port("http");
  const direct = await who({ port });
  deepEqual([direct.address, direct.secure, direct.local, direct.origin], [
    "127.0.0.1",
    false,
    true,
    "http://a.test",
  ]);
  const legacy = await who({ port }, {
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "chat.test:8443",
  });
  deepEqual([legacy.address, legacy.secure, legacy.local, legacy.origin], [
    "203.0.113.7",
    true,
    false,
    "https://chat.test:8443",
  ]);
  const standard = await who({ port }, { forwarded: 'for="[2001:db8::7]:4711";proto=https;host=chat.test' });
  deepEqual([standard.address, standard.secure, standard.origin], ["2001:db8::7", true, "https://chat.test"]);
  // The nearest that is not ours is the client, whatever it says of others.
  equal(
    (await who({ port }, { "x-forwarded-for": "10.0.0.1, 203.0.113.7, 192.0.2.9" })).address,
    "203.0.113.7",
  );
  for (const lie of ["nonsense", "<script>", "203.0.113.7; DROP TABLE", ""]) {
    equal((await who({ port }, { "x-forwarded-for": lie })).address, "127.0.0.1", lie);
  }
  equal(
    (await serving.reload(`[server]\n${WITH_WHO}\n[http]\ntrusted_proxies = []\n${PLAIN}\n[host."a.test"]\n`))
      .code,
    0,
  );
  const strange = await who({ port }, { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" });
  deepEqual([strange.address, strange.secure, strange.local], ["127.0.0.1", false, false]);
});

for (const kind of ["http", "https"]) {
  Deno.test(`the PROXY protocol tells the client's address on the ${kind} port; without it nobody is served there`, async () => {
    await using serving = await server(
      "",
      "",
      `
http.at = ["127.0.0.1:0"]
https.at = ["127.0.0.1:0"]
${kind}.proxy = ["127.0.0.1"]
`,
    );
    const port = await serving.port(kind);
    const tls = kind === "https" ? { tls: "a.test" } : {};
    const first = "PROXY TCP4 203.0.113.9 10.0.0.1 12345 443\r\n";
    const seen = await who({ port, first, ...tls });
    deepEqual([seen.address, seen.secure, seen.local], ["203.0.113.9", kind === "https", false]);
    equal((await ask({ port, ...tls }, "/who")).status, 0);
    equal((await ask({ port, first: "PROXY nonsense\r\n", ...tls }, "/who")).status, 0);
  });
}

Deno.test("a socket in the file system is for the server's group, and for proxies that are believed there", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/http.sock`;
  const serving = await server(`socket = "${path}"\ntrusted_proxies = []`);
  try {
    equal((await Deno.stat(path)).mode! & 0o777, 0o660);
    const direct = await who({ path });
    deepEqual([direct.address, direct.local], ["", true]);
    const proxied = await who({ path }, { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" });
    deepEqual([proxied.address, proxied.secure, proxied.local], ["203.0.113.7", true, false]);
    const curl = await new Deno.Command("curl", {
      args: ["-s", "--unix-socket", path, "http://a.test/healthz"],
    }).output().catch(() => undefined);
    if (curl !== undefined) equal(new TextDecoder().decode(curl.stdout), "ok\n");
    // A reload that names another place moves it.
    const other = `${folder}/other.sock`;
    const config = `[server]\n${WITH_WHO}\n[http]\nsocket = "${other}"\n${PLAIN}\n[host."a.test"]\n`;
    equal((await serving.reload(config)).code, 0);
    equal((await ask({ path: other }, "/healthz")).body, "ok\n");
    equal(await Deno.lstat(path).then(() => true, () => false), false);
  } finally {
    await serving[Symbol.asyncDispose]();
    equal((await Array.fromAsync(Deno.readDir(folder))).length, 0, "nothing is left behind");
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("AC-2.15-6: behind a prefix all links are right, whether the proxy takes it away or not", async () => {
  await using serving = await server(
    "",
    'http_url = "https://web.test:8443/xmpp"\nplugins = { add = ["static_files"] }',
  );
  await serving.run(["user", "add", "alice"], { input: [PASSWORD] });
  const port = await serving.port("http");
  const seen = await who({ port });
  equal(seen.url, "https://web.test:8443/xmpp/x");
  using alice = await Uploader.online(serving);
  const answer = await alice.request("filename='a b.png' size='5'");
  const slot = answer.first()!;
  const put = slot.child("put")!.attr("url")!;
  match(put, /^https:\/\/web\.test:8443\/xmpp\/upload\/[\w-]+\/a%20b\.png$/);
  const authorization = slot.child("put")!.first()!.text;
  const { pathname } = new URL(put);
  const sent = `PUT ${pathname} HTTP/1.1\r\nHost: web.test\r\nAuthorization: ${authorization}\r\n` +
    "Content-Length: 5\r\nConnection: close\r\n\r\nhello";
  equal((await raw({ port }, sent)).answer.status, 201);
  for (const prefix of ["/xmpp", ""]) {
    for (const host of ["web.test", "a.test", "web.test:8443"]) {
      const at = (path: string) => ask({ port }, prefix + path, { host });
      equal((await at(pathname.slice("/xmpp".length))).body, "hello");
      const meta = await at("/.well-known/host-meta");
      for (
        const link of ["https://web.test:8443/xmpp/http-bind", "wss://web.test:8443/xmpp/xmpp-websocket"]
      ) {
        ok(meta.body.includes(`"${link}"`) || meta.body.includes(`'${link}'`), meta.body);
      }
      const json = JSON.parse((await at("/.well-known/host-meta.json")).body);
      ok(JSON.stringify(json).includes("https://web.test:8443/xmpp/http-bind"));
      equal((await at("/")).status, 200);
      equal((await at("/http-bind")).status, 200);
      equal((await at("/favicon.ico")).status, 200);
      match((await at("/")).body, /<title>a\.test/);
      // Nothing on our pages leads out of the prefix.
      equal(/(href|src|action)="\/[^/]/.test((await at("/")).body), false);
    }
  }
});
