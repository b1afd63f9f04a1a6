import assert from "node:assert/strict";
import { Hono } from "hono";
import { appFor, hostOf } from "./apps.ts";

Deno.test("the host of an address is found in every form of it", () => {
  const expected: Record<string, string> = {
    "http://a.test/": "a.test",
    "http://A.Test:5280/x:y/z": "a.test",
    "https://a.test.:443/": "a.test",
    "http://a.test": "a.test",
    "http://a.test:80": "a.test",
    "http://[::1]:5280/": "[::1]",
    "http://[::1]/": "[::1]",
    "http://127.0.0.1:5280/a]": "127.0.0.1",
  };
  for (const [url, host] of Object.entries(expected)) assert.equal(hostOf(url), host, url);
});

Deno.test("a known host gets its app, any other the fallback", async () => {
  const apps = {
    hosts: new Map([["a.test", new Hono().get("/", (c) => c.text("a"))]]),
    fallback: new Hono().get("/", (c) => c.text("other")),
  };
  const ask = async (url: string) => await (await appFor(apps, url).request(url)).text();
  assert.equal(await ask("http://a.test:1/"), "a");
  assert.equal(await ask("http://b.test/"), "other");
});
