/** Which pages may use BOSH: Fetch §3.2, and what the original's one header for all of them was (BUG-46). */
import { equal, match } from "node:assert/strict";
import { post } from "./bosh_talker.ts";
import { webServer } from "./world.ts";

const BODY =
  "<body rid='1' to='a.test' ver='1.6' wait='1' hold='1' xmlns='http://jabber.org/protocol/httpbind'/>";

function preflight(port: number, origin: string): Promise<Headers> {
  return fetch(`http://127.0.0.1:${port}/http-bind`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  }).then(async (response) => {
    await response.body?.cancel();
    equal(response.status, 204);
    return response.headers;
  });
}

Deno.test("every page may use BOSH unless the host says otherwise, without what browsers keep", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const headers = await preflight(port, "https://chat.test");
  equal(headers.get("access-control-allow-origin"), "*");
  equal(headers.get("access-control-allow-credentials"), null);
  match(headers.get("access-control-allow-methods") ?? "", /POST/);
  match(headers.get("access-control-allow-headers") ?? "", /content-type/i);
  const answer = await post(port, BODY, { origin: "https://chat.test" });
  equal(answer.headers.get("access-control-allow-origin"), "*");
});

Deno.test("BUG-46: of several origins the one that asks is named, and caches are told", async () => {
  await using serving = await webServer(`bosh.origins = ["https://a.example", "https://b.example"]`);
  const port = await serving.port("http");
  for (const origin of ["https://a.example", "https://b.example"]) {
    equal((await preflight(port, origin)).get("access-control-allow-origin"), origin);
    const { headers, status } = await post(port, BODY, { origin });
    equal(status, 200);
    equal(headers.get("access-control-allow-origin"), origin);
    match(headers.get("vary") ?? "", /Origin/);
  }
  const other = await preflight(port, "https://evil.example");
  equal(other.get("access-control-allow-origin"), null);
  match(other.get("vary") ?? "", /Origin/);
  // A request that needs no question beforehand is refused, not only its answer withheld.
  equal(
    (await post(port, BODY, { origin: "https://evil.example", "content-type": "text/plain" })).status,
    403,
  );
  // The host's own pages, and what is no browser.
  equal((await post(port, BODY, { origin: `http://127.0.0.1:${port}` })).status, 200);
  equal((await post(port, BODY)).status, 200);
});
