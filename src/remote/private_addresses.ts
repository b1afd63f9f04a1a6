/** Addresses that lead to this machine or into a private network, and to no server of the public internet. */
import { CidrList } from "../base/cidr.ts";

/** Of the registries of RFC 6890: this host, private and shared use, loopback, link-local, benchmarking, multicast. */
const PRIVATE = new CidrList([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
  "::/127",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
]);

/** IPv4 addresses within IPv6 ones: NAT64 (RFC 6052 §2.1). What is mapped (::ffff:0:0/96) the list knows. */
const NAT64 = /^64:ff9b::(?:([0-9a-f]{1,4}):([0-9a-f]{1,4})|(\d+\.\d+\.\d+\.\d+))$/i;

/** Whether an address is one of them. */
export function isPrivate(address: string): boolean {
  const wrapped = NAT64.exec(address);
  if (wrapped === null) return PRIVATE.has(address);
  const [, high, low, dotted] = wrapped;
  if (dotted !== undefined) return PRIVATE.has(dotted);
  const bits = [parseInt(high ?? "0", 16), parseInt(low ?? "0", 16)];
  return PRIVATE.has(bits.flatMap((it) => [it >> 8, it & 255]).join("."));
}
