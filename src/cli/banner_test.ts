import assert from "node:assert/strict";
import { lanAddresses } from "./banner.ts";

function address(address: string): Deno.NetworkInterfaceInfo {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return { family, name: "x", address, netmask: "", scopeid: null, cidr: "", mac: "" };
}

Deno.test("addresses of the network: no loopback, none of one cable only, IPv4 first", () => {
  const all = ["::1", "127.0.0.1", "fe80::1", "2001:db8::7", "192.168.1.7", "169.254.3.3", "10.0.0.2"].map(
    address,
  );
  assert.deepEqual(lanAddresses(all), ["192.168.1.7", "10.0.0.2", "2001:db8::7"]);
});
