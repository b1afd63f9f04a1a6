import { deepEqual, equal, throws } from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import { addressBytes, CidrList } from "./cidr.ts";

Deno.test("cidr: ranges of both families, mapped addresses as IPv4", () => {
  const list = new CidrList([
    "10.0.0.0/8",
    "192.0.2.7",
    "2001:db8::/33",
    "::ffff:198.51.100.0/120",
    "fe80::1",
  ]);
  const inside = [
    "10.255.0.1",
    "::ffff:10.0.0.1",
    "192.0.2.7",
    "2001:db8:7fff::1",
    "198.51.100.200",
    "fe80::1%eth0",
    "0:0:0:0:0:ffff:c000:207",
  ];
  const outside = [
    "11.0.0.1",
    "192.0.2.8",
    "2001:db8:8000::1",
    "198.51.101.1",
    "::10.0.0.1",
    "",
    "example.org",
  ];
  for (const address of inside) equal(list.has(address), true, address);
  for (const address of outside) equal(list.has(address), false, address);
  equal(new CidrList([]).has("10.0.0.1"), false);
  equal(new CidrList(["0.0.0.0/0"]).has("203.0.113.9"), true);
});

Deno.test("cidr: what is no range is refused by name", () => {
  for (
    const bad of [
      "",
      "10.0.0.0/33",
      "10.0.0/8",
      "::/129",
      "a::b::c",
      "10.0.0.0/8/8",
      "10.0.0.0/x",
      "1.2.3.4.5",
    ]
  ) {
    throws(() => new CidrList([bad]), /is not an address or a range/, bad);
  }
});

Deno.test("cidr: knows exactly the addresses that the system knows", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(..."0123.:af") })),
      (text) => {
        equal(addressBytes(text) !== undefined, isIP(text) !== 0, text);
      },
    ),
  );
  fc.assert(fc.property(fc.ipV6(), (text) => {
    const bytes = addressBytes(text)!;
    if (bytes.length === 4) return;
    const groups = Array.from(
      { length: 8 },
      (_, i) => ((bytes[i * 2]! << 8) | bytes[i * 2 + 1]!).toString(16),
    );
    equal(new URL(`http://[${text}]/`).hostname, new URL(`http://[${groups.join(":")}]/`).hostname);
    deepEqual(addressBytes(groups.join(":")), bytes);
  }));
});
