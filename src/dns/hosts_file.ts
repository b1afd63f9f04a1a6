/** Names that the machine itself knows (hosts(5)), which are never asked for. */

/** The addresses of one name. */
export interface LocalAddresses {
  readonly v6: readonly string[];
  readonly v4: readonly string[];
}

/** Every name of the text with its addresses, in the order of the lines. */
export function parseHosts(text: string): ReadonlyMap<string, LocalAddresses> {
  const known = new Map<string, { v6: string[]; v4: string[] }>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*$/, "").trim().split(/\s+/);
    const kind = address.includes(":") ? "v6" : /^\d+(\.\d+){3}$/.test(address) ? "v4" : undefined;
    if (kind === undefined) continue;
    for (const written of names) {
      const name = written.toLowerCase().replace(/\.$/, "");
      const addresses = known.get(name) ?? { v6: [], v4: [] };
      known.set(name, addresses);
      if (!addresses[kind].includes(address)) addresses[kind].push(address);
    }
  }
  return known;
}

/** RFC 6761 §6.3: `localhost` and all below it is this machine, and never asked for. */
export function loopbackOf(name: string): LocalAddresses | undefined {
  const local = name === "localhost" || name.endsWith(".localhost");
  return local ? { v6: ["::1"], v4: ["127.0.0.1"] } : undefined;
}
