import assert from "node:assert/strict";
import fc from "fast-check";
import { CidrList } from "../base/cidr.ts";
import { clientOf, type Seen } from "./forwarded.ts";

const believed = new CidrList(["127.0.0.1", "10.0.0.0/8", "::1"]);

function seen(headers: Record<string, string>, peer = "127.0.0.1", secure = false): Seen {
  return clientOf((name) => headers[name], peer, secure, believed);
}

Deno.test("without a proxy the connection says it all", () => {
  assert.deepEqual(seen({}, "192.0.2.1", true), {
    address: "192.0.2.1",
    secure: true,
    host: undefined,
    proxied: false,
  });
});

Deno.test("who is not believed may say what it likes", () => {
  const lies = {
    "x-forwarded-for": "10.1.1.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.test",
  };
  assert.deepEqual(seen(lies, "192.0.2.1"), {
    address: "192.0.2.1",
    secure: false,
    host: undefined,
    proxied: true,
  });
  assert.equal(seen({ forwarded: "for=10.1.1.1;proto=https" }, "192.0.2.1").address, "192.0.2.1");
});

Deno.test("the older headers: the address next to the nearest proxy, its scheme and host", () => {
  assert.deepEqual(
    seen({
      "x-forwarded-for": "6.6.6.6, 192.0.2.9",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "chat.test:8443",
    }),
    { address: "192.0.2.9", secure: true, host: "chat.test:8443", proxied: true },
  );
  // Through two proxies of ours: what the client itself claims to come from stays out.
  assert.equal(seen({ "x-forwarded-for": "6.6.6.6, 192.0.2.9, 10.0.0.3" }).address, "192.0.2.9");
  assert.equal(seen({ "x-real-ip": "192.0.2.10" }).address, "192.0.2.10");
  assert.equal(seen({ "x-forwarded-proto": "https" }).secure, true);
});

Deno.test("RFC 7239 §4: Forwarded, with ports, brackets, quotes and hidden names", () => {
  assert.deepEqual(
    seen({ forwarded: 'for=6.6.6.6, FOR="[2001:DB8::17]:4711";Proto=https;host="a.test"' }),
    { address: "2001:db8::17", secure: true, host: "a.test", proxied: true },
  );
  assert.equal(seen({ forwarded: "for=192.0.2.43:47" }).address, "192.0.2.43");
  assert.equal(seen({ forwarded: "for=_hidden" }).address, "127.0.0.1");
  assert.equal(seen({ forwarded: 'for="_a\\"b;,c", for=192.0.2.5' }).address, "192.0.2.5");
  // A proxy that writes the older headers leaves the newer one as the client has written it.
  assert.equal(seen({ forwarded: "for=192.0.2.1", "x-forwarded-for": "192.0.2.2" }).address, "192.0.2.2");
});

Deno.test("whatever the headers hold, the answer is the peer or an address", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => {
    for (const headers of [{ forwarded: a }, { "x-forwarded-for": a, "x-forwarded-host": b }]) {
      assert.match(seen(headers).address, /^[0-9a-f:.]+$/);
    }
  }));
});
