/**
 * IP addresses as text: what may stand for a domain (RFC 7622 §3.2).
 */

/** Whether a text is an IPv4 address: four numbers up to 255 without leading zeros. */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

/** Whether a text is an IPv6 address (RFC 4291 §2.2, without brackets and without a zone). */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const [left = "", right] = halves;
  const before = groups(left, right === undefined);
  const after = right === undefined ? 0 : groups(right, true);
  if (before < 0 || after < 0) return false;
  return right === undefined ? before === 8 : before + after <= 7;
}

// How many groups of 16 bits a run of them spells, or -1. An IPv4 address may be the last two.
function groups(text: string, last: boolean): number {
  if (text === "") return 0;
  const parts = text.split(":");
  let count = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? "";
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) count++;
    else if (last && i === parts.length - 1 && isIpv4(part)) count += 2;
    else return -1;
  }
  return count;
}
