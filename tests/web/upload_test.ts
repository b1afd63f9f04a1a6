/** XEP-0363: files from outside, over real sockets: slots by XMPP, files by HTTP. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Serving, soon } from "../server/rig.ts";
import { NS, Uploader } from "./uploader.ts";
import { webServer } from "./world.ts";

const OLD_NS = "urn:xmpp:http:upload";
const PURPOSE_NS = "urn:xmpp:http:upload:purpose:0";

const bytes = (n: number) => new Uint8Array(n).fill(120);

Deno.test("XEP-0363 examples 3 to 8: discovery, a slot, the file, and everybody who knows the address", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  alice.talker.send(
    "<iq xmlns='jabber:client' type='get' id='d' to='a.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  );
  const info = (await alice.talker.expect("<iq id='d'/>")).toString();
  for (const feature of [NS, OLD_NS, `${PURPOSE_NS}#message`, `${PURPOSE_NS}#ephemeral`]) {
    ok(info.includes(`"${feature}"`), feature);
  }
  match(info, /max-file-size.*104857600/);
  const slot = await alice.slot("très cool.jpg", 5, "image/jpeg");
  match(slot.get, /\/upload\/[\w-]{20,}\/tr%C3%A8s%20cool\.jpg$/);
  equal((await fetch(slot.get)).status, 404, "nothing is there yet");
  equal(await alice.put(slot, "hello"), 201);
  const response = await fetch(slot.get);
  equal(await response.text(), "hello");
  equal(response.headers.get("content-type"), "image/jpeg");
  match(response.headers.get("content-disposition")!, /^inline; .*filename\*=UTF-8''tr%C3%A8s%20cool\.jpg$/);
  equal(response.headers.get("access-control-allow-origin"), "*");
  match(response.headers.get("cache-control")!, /max-age=25\d{5}, immutable/);
  const head = await fetch(slot.get, { method: "HEAD" });
  deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "5", ""]);
  const part = await fetch(slot.get, { headers: { range: "bytes=1-2" } });
  deepEqual([part.status, await part.text()], [206, "el"]);
  const again = await fetch(slot.get, { headers: { "if-none-match": response.headers.get("etag")! } });
  equal(again.status, 304);
  equal(await alice.put(slot, "other"), 409, "a file is put once");
});

Deno.test("XEP-0363 §4, BUG-44: exactly the bytes that were promised, from who got the slot, in time", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  const slot = await alice.slot("a.png", 10);
  equal(await alice.put(slot, bytes(9)), 400);
  equal(await alice.put(slot, bytes(11)), 413);
  const streamed = (n: number) => new Blob([bytes(n)]).stream();
  equal(await alice.put(slot, streamed(9)), 400);
  equal(await alice.put(slot, streamed(11)), 413);
  equal((await fetch(slot.get)).status, 404, "nothing is left of them");
  equal(await alice.put({ ...slot, headers: {} }, bytes(10)), 403);
  equal(await alice.put({ ...slot, headers: { Authorization: "Bearer .AAAA" } }, bytes(10)), 403);
  const other = await alice.slot("b.png", 10);
  equal(await alice.put({ ...slot, headers: other.headers }, bytes(10)), 403);
  equal(await alice.put({ ...slot, put: slot.put.replace("a.png", "a.html") }, bytes(10)), 403);
  // Its owner may have gone: the place was given.
  alice.talker[Symbol.dispose]();
  equal(await alice.put(slot, bytes(10)), 201);
});

Deno.test("XEP-0363 §4 and §6: requests that are refused, with precise errors", async () => {
  await using serving = await webServer(
    "upload.largest = '1 KB'\nupload.profile.quota = '600 B'\nupload.slots = 3",
  );
  using alice = await Uploader.online(serving);
  for (
    const attributes of [
      "filename='a.png'",
      "size='5'",
      "filename='a.png' size='-5'",
      "filename='a.png' size='5e2'",
      "filename='a/../b' size='5'",
      "filename='..' size='5'",
      "filename='a.png' size='5' content-type='nonsense'",
    ]
  ) equal(await alice.condition(attributes), "modify bad-request", attributes);
  const large = await alice.request("filename='a.png' size='1001'");
  match(large.toString(), /not-acceptable.*file-too-large.*<max-file-size>1000<\/max-file-size>/);
  const profile = `<profile xmlns='${PURPOSE_NS}'/>`;
  equal(await alice.condition("filename='a.png' size='700'", profile), "modify not-acceptable");
  equal(await alice.put(await alice.slot("a.png", 400, "image/png", profile), bytes(400)), 201);
  equal(await alice.condition("filename='a.png' size='400'", profile), "wait resource-constraint");
  equal(
    await alice.condition("filename='a.png' size='4'", `<x xmlns='${PURPOSE_NS}'/>`),
    "modify bad-request",
  );
  for (const name of ["1", "2", "3"]) await alice.slot(name, 1);
  equal(await alice.condition("filename='4' size='1'"), "wait resource-constraint");
});

Deno.test("XEP-0363 §5: things for messages make room for newer ones; expire-before is kept", async () => {
  await using serving = await webServer("upload.message.quota = '1 KB'");
  using alice = await Uploader.online(serving);
  const first = await alice.slot("1.png", 600);
  equal(await alice.put(first, bytes(600)), 201);
  const second = await alice.slot("2.png", 600);
  equal(await alice.put(second, bytes(600)), 201);
  equal((await fetch(first.get)).status, 404);
  equal((await fetch(second.get)).status, 200);
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const story = await alice.slot(
    "s.png",
    3,
    "image/png",
    `<ephemeral xmlns='${PURPOSE_NS}' expire-before='${soon}'/>`,
  );
  equal(await alice.put(story, "abc"), 201);
  const left = Number(/max-age=(\d+)/.exec((await fetch(story.get)).headers.get("cache-control")!)?.[1]);
  ok(left > 3500 && left <= 3600, String(left));
  const past = `<ephemeral xmlns='${PURPOSE_NS}' expire-before='2020-01-01T00:00:00Z'/>`;
  equal(await alice.condition("filename='s.png' size='3'", past), "modify bad-request");
});

Deno.test("AC-2.15-2, BUG-33: no way out of the folder, however it is written; nothing is a page of ours", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  const slot = await alice.slot("x.html", 31, "text/html");
  equal(await alice.put(slot, "<script>alert(1)</script>......"), 201);
  const page = await fetch(slot.get);
  match(page.headers.get("content-disposition")!, /^attachment;/);
  equal(page.headers.get("content-security-policy"), "default-src 'none'; sandbox");
  equal(page.headers.get("x-content-type-options"), "nosniff");
  await page.body?.cancel();
  for (
    const path of [
      "/upload/../metronome.toml",
      "/upload/%2e%2e/metronome.toml",
      "/upload/%252e%252e/metronome.toml",
      "/upload/..%2f..%2fetc%2fpasswd",
      "/upload/..%5c..%5cetc/passwd",
      "/upload/x/..%2f..%2f..%2fetc%2fpasswd",
      "/upload//etc/passwd",
      `/upload/${new URL(slot.get).pathname.split("/")[2]}/%2e%2e`,
    ]
  ) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: alice.port });
    await connection.write(
      new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`),
    );
    match(await new Response(connection.readable).text(), /^HTTP\/1\.1 (400|404) /, path);
  }
});

Deno.test("the older namespace: elements instead of attributes, the token in the address", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  const answer = await alice.request("", "<filename>a.png</filename><size>5</size>", OLD_NS);
  const slot = answer.child("slot", OLD_NS)!;
  const local = (url: string) => url.replace(/^https?:\/\/[^/]+/, `http://127.0.0.1:${alice.port}`);
  const put = await fetch(local(slot.childText("put")!), { method: "PUT", body: "hello" });
  equal(put.status, 201);
  equal(await (await fetch(local(slot.childText("get")!))).text(), "hello");
});

Deno.test("a web server in front may send the files", async () => {
  await using serving = await webServer(
    "upload.sendfile = 'x-accel-redirect'\nhttp_url = 'https://files.test/chat'",
  );
  using alice = await Uploader.online(serving);
  const slot = await alice.slot("a.png", 5);
  match(slot.get, /\/chat\/upload\//);
  equal(await alice.put(slot, "hello"), 201);
  const response = await fetch(slot.get.replace("/chat/", "/"));
  match(response.headers.get("x-accel-redirect")!, /^\/metronome-upload\/..\/[\w-]+$/);
  equal(await response.text(), "");
});

Deno.test("a host of its own serves the accounts of the host it belongs to, at that one's address", async () => {
  await using serving = await webServer('[host."upload.a.test"]\nkind = "upload"');
  using alice = await Uploader.online(serving);
  equal(await alice.condition("filename='a.png' size='5'"), "cancel service-unavailable");
  alice.host = "upload.a.test";
  const slot = await alice.slot("a.png", 5);
  equal(await alice.put(slot, "hello"), 201);
  equal(await (await fetch(slot.get)).text(), "hello");
  equal((await serving.run(["user", "delete", "alice@a.test", "--yes"])).code, 0);
  equal((await fetch(slot.get)).status, 404);
  const folder = `${serving.place.folder}/data/upload`;
  deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["upload.a.test"]);
});

Deno.test("who goes away in the middle of a file leaves nothing, and may try again", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  const slot = await alice.slot("a.png", 1000);
  const { pathname } = new URL(slot.put);
  {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: alice.port });
    const head = `PUT ${pathname} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n` +
      `Authorization: ${slot.headers.Authorization}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head + "x".repeat(500)));
    await until(serving, 1);
  }
  await until(serving, 0);
  equal((await fetch(slot.get)).status, 404);
  equal(await alice.put(slot, bytes(1000)), 201);
});

/** When so many files, whole or not, lie in the server's folder. */
async function until(serving: Serving, count: number): Promise<void> {
  const folder = `${serving.place.folder}/data/upload/a.test`;
  const found = async () => {
    let files = 0;
    for (const { name } of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
      for await (const _ of Deno.readDir(`${folder}/${name}`)) files++;
    }
    return files;
  };
  const all = async () => {
    while (await found() !== count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await soon(`${count} files on the disk`, all());
}
