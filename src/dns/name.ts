/**
 * Names as they are asked for: ASCII labels of letters, digits, hyphens and underscores (RFC 1035 §2.3.1; RFC 2782 for
 * the underscore), compared without case. The DNS itself allows any byte; nothing that we look for has others.
 */

/** The name in lower case without its final dot, "." for the root; undefined when it cannot be asked for. */
export function dnsName(text: string): string | undefined {
  if (text === ".") return text;
  const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
  // RFC 1035 §2.3.4: 255 bytes on the wire, where each label has its length and the root has one.
  if (name.length === 0 || name.length > 253) return undefined;
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name) ? name : undefined;
}

/**
 * The name with the case of each letter drawn at random: a forger who does not see the question has to guess that too,
 * and name servers echo a question as it was spelled (draft-vixie-dnsext-dns0x20).
 */
export function mixedCase(name: string): string {
  const bits = crypto.getRandomValues(new Uint8Array(name.length));
  let mixed = "";
  for (let i = 0; i < name.length; i++) {
    const letter = name.charAt(i);
    mixed += ((bits[i] ?? 0) & 1) === 0 ? letter : letter.toUpperCase();
  }
  return mixed;
}
