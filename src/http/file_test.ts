import assert from "node:assert/strict";
import fc from "fast-check";
import { fileResponse } from "./file.ts";

const folder = await Deno.makeTempDir();
const path = `${folder}/letters`;
const letters = "abcdefghijklmnopqrstuvwxyz";
await Deno.writeTextFile(path, letters);
await Deno.utime(path, 1_700_000_000, 1_700_000_000);

function ask(headers: Record<string, string> = {}, method = "GET"): Promise<Response | undefined> {
  const request = new Request("http://a.test/letters", { method, headers });
  return fileResponse(request, { path, type: "text/plain", headers: { "cache-control": "max-age=60" } });
}

Deno.test("a whole file, and what is known of it", async () => {
  const response = (await ask())!;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), "26");
  assert.equal(response.headers.get("content-type"), "text/plain");
  assert.equal(response.headers.get("cache-control"), "max-age=60");
  assert.equal(await response.text(), letters);
  const head = (await ask({}, "HEAD"))!;
  assert.equal(head.headers.get("content-length"), "26");
  assert.equal(await head.text(), "");
});

Deno.test("RFC 9110 §13: whoever has it is told so", async () => {
  const etag = (await ask({}, "HEAD"))!.headers.get("etag")!;
  assert.equal((await ask({ "if-none-match": etag }))!.status, 304);
  assert.equal((await ask({ "if-none-match": `"x", W/${etag}` }))!.status, 304);
  const stale = await ask({ "if-none-match": '"x"', "if-modified-since": "Wed, 15 Nov 2023 00:00:00 GMT" });
  assert.equal(await stale!.text(), letters);
  assert.equal((await ask({ "if-modified-since": "Wed, 15 Nov 2023 00:00:00 GMT" }))!.status, 304);
  const older = await ask({ "if-modified-since": "Mon, 13 Nov 2023 00:00:00 GMT" });
  assert.equal(await older!.text(), letters);
});

Deno.test("RFC 9110 §14: one range, from the front, from the end, outside, several", async () => {
  const cases: [string, number, string, string | null][] = [
    ["bytes=0-0", 206, "a", "bytes 0-0/26"],
    ["bytes=24-", 206, "yz", "bytes 24-25/26"],
    ["bytes=24-99", 206, "yz", "bytes 24-25/26"],
    ["bytes=-3", 206, "xyz", "bytes 23-25/26"],
    ["bytes=-99", 206, letters, "bytes 0-25/26"],
    ["bytes=26-", 416, "", "bytes */26"],
    ["bytes=-0", 416, "", "bytes */26"],
    ["bytes=5-2", 200, letters, null],
    ["bytes=0-1,4-5", 200, letters, null],
    ["lines=0-1", 200, letters, null],
  ];
  for (const [range, status, text, said] of cases) {
    const response = (await ask({ range }))!;
    assert.equal(response.status, status, range);
    assert.equal(await response.text(), text, range);
    assert.equal(response.headers.get("content-range"), said, range);
  }
  const etag = (await ask({}, "HEAD"))!.headers.get("etag")!;
  assert.equal(await (await ask({ range: "bytes=0-0", "if-range": etag }))!.text(), "a");
  assert.equal(await (await ask({ range: "bytes=0-0", "if-range": '"old"' }))!.text(), letters);
});

Deno.test("any range gives the bytes it names", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(40), fc.nat(40), async (first, last) => {
    const response = (await ask({ range: `bytes=${first}-${last}` }))!;
    const text = await response.text();
    if (response.status === 206) assert.equal(text, letters.slice(first, last + 1));
    else assert.equal(response.status === 416 ? first >= 26 : first > last, true);
  }));
});

Deno.test("what is no file is no answer; a long one comes in pieces, and may be given up", async () => {
  const request = new Request("http://a.test/");
  assert.equal(await fileResponse(request, { path: folder, type: "text/plain" }), undefined);
  assert.equal(await fileResponse(request, { path: `${path}/x`, type: "text/plain" }), undefined);
  const long = `${folder}/long`;
  await Deno.writeFile(long, new Uint8Array(1_000_000).fill(7));
  const whole = await (await fileResponse(request, { path: long, type: "x/y" }))!.bytes();
  assert.equal(whole.length, 1_000_000);
  assert.ok(whole.every((byte) => byte === 7));
  const reader = (await fileResponse(request, { path: long, type: "x/y" }))!.body!.getReader();
  assert.equal((await reader.read()).value!.length, 65_536);
  await reader.cancel();
});
