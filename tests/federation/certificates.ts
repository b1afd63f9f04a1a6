/** Certificates of servers, good and bad, by an authority of the test's own. */
import {
  CLIENT_AUTH,
  issue,
  type Issued,
  SERVER_AUTH,
  type Wanted,
} from "../../src/transport/issue_test_certificate.ts";

const DAY = 86_400_000;
const BOTH = [SERVER_AUTH, CLIENT_AUTH];

/** What a server may show. */
export type Shown =
  | "good"
  | "server-auth-only"
  | "srv-id"
  | "wildcard"
  | "services"
  | "xmpp-addr"
  | "expired"
  | "self-signed"
  | "wrong-name"
  | "unknown-authority";

/** An authority with one between it and the servers. */
export class Authority {
  readonly root = issue({
    name: "The root of the test",
    ca: true,
    usage: 0x06,
    until: Date.now() + 30 * DAY,
  });
  readonly #between = issue({
    name: "The authority of the test",
    ca: true,
    usage: 0x06,
    by: this.root,
    until: Date.now() + 20 * DAY,
  });

  /** A certificate for a domain, followed by the one that signed it. */
  issue(domain: string, shown: Shown = "good"): Issued {
    const lasting = { name: domain, until: Date.now() + 10 * DAY };
    if (shown === "self-signed") return issue({ ...lasting, dns: [domain], uses: BOTH });
    const by = shown === "unknown-authority" ? issue({ name: "Nobody knows it", ca: true }) : this.#between;
    const issued = issue({ ...lasting, by, ...namesOf(domain, shown) });
    return { ...issued, cert: issued.cert + by.cert };
  }
}

function namesOf(domain: string, shown: Shown): Wanted {
  const uses = BOTH;
  switch (shown) {
    case "server-auth-only":
      return { dns: [domain], uses: [SERVER_AUTH] };
    case "srv-id":
      return { srv: [`_xmpp-server.${domain}`, `_xmpp-client.${domain}`], uses };
    case "wildcard":
      return { dns: [`*${domain.slice(domain.indexOf("."))}`], uses };
    case "services":
      return { dns: [domain, `*.${domain}`], uses };
    case "xmpp-addr":
      return { addresses: [domain], uses };
    case "expired":
      return { dns: [domain], uses, from: Date.now() - 3 * DAY, until: Date.now() - DAY };
    case "wrong-name":
      return { dns: ["somebody.else.example"], uses };
    default:
      return { dns: [domain], uses };
  }
}
