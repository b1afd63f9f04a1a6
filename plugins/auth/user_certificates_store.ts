/** The certificates that accounts have registered, by account and by the name that their owner gave them. */
import { type Certificate, type HostScope, tables } from "#plugin";

/** A certificate as it is kept. */
export interface Registered {
  readonly name: string;
  readonly fingerprint: string;
  readonly der: Uint8Array;
  /** Milliseconds since 1970. */
  readonly added: number;
  readonly expires: number;
  /** Who logs in with it may not add or remove certificates (XEP-0257 §2.1). */
  readonly limited: boolean;
  /** The installations of clients that have logged in with it, and with no other since (XEP-0388 §2.3), the latest last. */
  readonly agents: readonly string[];
}

type Row = Omit<Registered, "agents"> & { readonly agents: unknown };

const store = tables("user_certificates", {
  certificates: {
    columns: {
      name: "text",
      fingerprint: "text",
      der: "bytes",
      added: "integer",
      expires: "integer",
      limited: "boolean",
      agents: "json",
    },
    key: ["name"],
    across: { by_fingerprint: ["fingerprint"] },
  },
});

/** Installations of clients that are remembered of one certificate. */
const MOST_AGENTS = 10;
/** More certificates than an account can have. */
const MOST = 1000;

export class CertificateStore {
  readonly #table;

  constructor(host: HostScope<unknown>) {
    this.#table = host.open(store).certificates;
  }

  /** An account's, the oldest first. */
  list(local: string): Registered[] {
    return this.#table.range(local, { limit: MOST }).map(read).sort((a, b) => a.added - b.added);
  }

  get(local: string, name: string): Registered | undefined {
    const row = this.#table.get(local, { name });
    return row === undefined ? undefined : read(row);
  }

  /** The accounts that have registered a certificate. */
  accountsOf(fingerprint: string): string[] {
    return this.#table.across("by_fingerprint", { where: { fingerprint } }).map((row) => row.owner);
  }

  /** An account's certificate with this fingerprint. */
  find(local: string, fingerprint: string): Registered | undefined {
    return this.list(local).find((it) => it.fingerprint === fingerprint);
  }

  /** The certificate that an installation has logged in with. */
  ofAgent(local: string, agent: string): Registered | undefined {
    return this.list(local).find(({ agents }) => agents.includes(agent));
  }

  add(local: string, name: string, of: Certificate, limited: boolean, now: number): void {
    const { fingerprint, der, notAfter: expires } = of;
    this.#table.insert(local, { name, fingerprint, der, added: now, expires, limited, agents: [] });
  }

  remove(local: string, name: string): void {
    this.#table.delete(local, { name });
  }

  /**
   * An installation has logged in with a certificate. Answers with those whose tokens are to be forgotten: that are remembered
   * no longer for it, and this one where it came with another certificate before. A client may claim any id: a token counts
   * as that of one certificate, never of the wrong one (XEP-0257 §2.1, §2.4).
   */
  noteAgent(local: string, { name, agents }: Registered, agent: string): readonly string[] {
    const forgotten = this.dropAgent(local, agent, name) ? [agent] : [];
    if (agents.at(-1) === agent) return forgotten;
    const all = [...agents.filter((it) => it !== agent), agent];
    forgotten.push(...all.splice(0, Math.max(0, all.length - MOST_AGENTS)));
    this.#setAgents(local, name, all);
    return forgotten;
  }

  /** An installation is not one of a certificate's any more, but for that of a name; whether it was one of another's. */
  dropAgent(local: string, agent: string, but = ""): boolean {
    let was = false;
    for (const { name, agents } of this.list(local)) {
      if (name === but || !agents.includes(agent)) continue;
      this.#setAgents(local, name, agents.filter((it) => it !== agent));
      was = true;
    }
    return was;
  }

  #setAgents(local: string, name: string, agents: readonly string[]): void {
    this.#table.update(local, { name }, { agents });
  }
}

function read({ agents, ...row }: Row): Registered {
  return { ...row, agents: Array.isArray(agents) ? agents.map(String) : [] };
}
