import { equal, notEqual } from "node:assert/strict";
import { dialbackKey, keyOfSecret, keyOfServer } from "./keys.ts";

Deno.test("AC-2.9-6, XEP-0185 §3: the key of the XEP's own example", () => {
  const key = keyOfSecret("s3cr3tf0rd14lb4ck");
  equal(key, "a7136eb1f46c9ef18c5e78c36ca257067c69b3d518285f0b18a96c33beae9acc");
  equal(
    dialbackKey(key, "xmpp.example.com", "example.org", "D60000229F"),
    "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643",
  );
});

Deno.test("the key changes with everything that it is for", () => {
  const key = keyOfServer(new Uint8Array(32));
  const one = dialbackKey(key, "b.test", "a.test", "1");
  notEqual(one, dialbackKey(key, "a.test", "b.test", "1"));
  notEqual(one, dialbackKey(key, "b.test", "a.test", "2"));
  notEqual(one, dialbackKey(keyOfServer(new Uint8Array(32).fill(1)), "b.test", "a.test", "1"));
});
