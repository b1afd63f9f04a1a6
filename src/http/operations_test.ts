import assert from "node:assert/strict";
import { createLog } from "../base/log.ts";
import { mountAll } from "./mount.ts";
import { operationMounts } from "./operations.ts";

const log = createLog({ level: "error", write: () => {} });
const LOCAL = { address: "127.0.0.1", secure: false, local: true, origin: "http://a.test" };
const REMOTE = { address: "192.0.2.7", secure: false, local: false, origin: "http://a.test" };

function served(problems: string[] = [], token?: string, loopback = true) {
  const operations = { problems: () => problems, metrics: () => "# EOF\n", loopback, token };
  return mountAll(operationMounts(operations), log);
}

Deno.test("health and readiness", async () => {
  const problems: string[] = [];
  const app = served(problems);
  assert.equal(await (await app.request("/healthz", {}, REMOTE)).text(), "ok\n");
  assert.equal((await app.request("/readyz", {}, REMOTE)).status, 200);
  problems.push("host a.test has no certificate");
  const local = await app.request("/readyz", {}, LOCAL);
  assert.equal(local.status, 503);
  assert.match(await local.text(), /a\.test has no certificate/);
  const remote = await app.request("/readyz", {}, REMOTE);
  assert.equal(remote.status, 503);
  assert.equal(await remote.text(), "not ready\n");
});

Deno.test("figures are for this machine, or for who knows the token", async () => {
  const status = async (token: string | undefined, peer: unknown, headers: Record<string, string> = {}) =>
    (await served([], token).request("/metrics", { headers }, peer as typeof LOCAL)).status;
  assert.equal(await status(undefined, LOCAL), 200);
  assert.equal(await status(undefined, REMOTE), 403);
  assert.equal(await status(undefined, {}), 403);
  assert.equal(await status("right", REMOTE, { authorization: "Bearer right" }), 200);
  assert.equal(await status("right", REMOTE, { authorization: "bearer wrong" }), 403);
  assert.equal(await status("right", LOCAL, { authorization: "Bearer wrong" }), 403);
  assert.equal(await status(undefined, REMOTE, { authorization: "Bearer undefined" }), 403);
});

Deno.test("figures are not for this machine where it is told apart from nobody, as behind a proxy without headers", async () => {
  const app = served([], "right", false);
  assert.equal((await app.request("/metrics", {}, LOCAL)).status, 403);
  const headers = { authorization: "Bearer right" };
  assert.equal((await app.request("/metrics", { headers }, LOCAL)).status, 200);
});

Deno.test("figures are announced as what they are", async () => {
  const response = await served().request("/metrics", {}, LOCAL);
  assert.match(response.headers.get("content-type") ?? "", /^application\/openmetrics-text; version=1\.0\.0/);
  assert.equal(await response.text(), "# EOF\n");
});
