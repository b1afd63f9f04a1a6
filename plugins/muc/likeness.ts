/** Which nicknames look the same, so that nobody passes for somebody else by a capital letter or a wide one. */

/**
 * RFC 8266 §2.4 compares nicknames: without capitals, with one space for many, in the form NFKC. Letters of other scripts
 * that look alike are told apart by clients (XEP-0421), not here.
 */
export function likenessOf(nick: string): string {
  return nick.normalize("NFKC").trim().replaceAll(/\s+/gu, " ").toLowerCase();
}
