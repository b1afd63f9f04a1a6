/** The machine's own list of name servers (resolv.conf(5)). Search lists do not concern us: our names are complete. */

/** What is used of the file. */
export interface ResolvConf {
  readonly addresses: readonly string[];
  /** `options trust-ad`: whoever wrote the file vouches for its servers and for the way to them. */
  readonly trustAd: boolean;
}

/** As many as the system itself asks. */
const MOST_SERVERS = 3;

/** Reads the text of a resolv.conf; what it does not know it passes over. */
export function parseResolvConf(text: string): ResolvConf {
  const addresses: string[] = [];
  let trustAd = false;
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    const [address] = rest;
    if (word === "nameserver" && address !== undefined && addresses.length < MOST_SERVERS) {
      addresses.push(address);
    }
    if (word === "options" && rest.includes("trust-ad")) trustAd = true;
  }
  return { addresses, trustAd };
}
