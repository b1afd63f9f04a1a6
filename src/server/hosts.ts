/** The hosts of a server: raised, refitted and lowered as the configuration says, all of a change or nothing of it. */
import type { Logger } from "../base/log.ts";
import type { HostSettings, Settings } from "../config/mod.ts";
import type { HostContext, HostOptions } from "../host/context.ts";
import { Host } from "../host/host.ts";
import { type FittingPlan, HostPlugins, type Wanted } from "../plugin/fitting.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { StreamError } from "../stream/error.ts";

/** What a change of the configuration does to the hosts, as data. */
export interface HostsPlan {
  readonly raise: readonly string[];
  readonly lower: readonly string[];
  /** By domain; only hosts that change. */
  readonly refit: Readonly<Record<string, FittingPlan>>;
}

interface Raised {
  readonly host: Host;
  readonly plugins: HostPlugins;
}

export class Hosts {
  readonly #raised = new Map<string, Raised>();

  constructor(
    private readonly context: Omit<HostContext, "log" | "sibling" | "children">,
    private readonly log: Logger,
    private readonly catalog: ReadonlyMap<string, AnyPlugin>,
    private readonly secret: Uint8Array,
  ) {}

  get(domain: string): Host | undefined {
    return this.#raised.get(domain)?.host;
  }

  *all(): IterableIterator<Host> {
    for (const { host } of this.#raised.values()) yield host;
  }

  pluginsOf(domain: string): string[] {
    return this.#raised.get(domain)?.plugins.names ?? [];
  }

  plan(settings: Settings): HostsPlan {
    const refit: Record<string, FittingPlan> = {};
    for (const next of Object.values(settings.hosts)) {
      const plan = this.#raised.get(next.domain)?.plugins.plan(this.#wanted(next));
      if (plan !== undefined && (plan.start.length > 0 || plan.restart.length > 0 || plan.stop.length > 0)) {
        refit[next.domain] = plan;
      }
    }
    return {
      raise: Object.keys(settings.hosts).filter((domain) => !this.#raised.has(domain)),
      lower: [...this.#raised.keys()].filter((domain) => settings.hosts[domain] === undefined),
      refit,
    };
  }

  /**
   * Sets everything new up beside what serves now. The returned `commit` swaps and undoes the old; `abandon` undoes the
   * new. Throws, having undone it, when a plugin's setup does; the message names the host.
   */
  async prepare(settings: Settings): Promise<{ commit(): Promise<void>; abandon(): Promise<void> }> {
    const prepared: {
      raised: Raised;
      options: HostOptions;
      commit(): Promise<void>;
      abandon(): Promise<void>;
    }[] = [];
    const abandon = async (): Promise<void> => {
      for (const step of prepared.reverse()) await step.abandon();
    };
    for (const next of Object.values(settings.hosts)) {
      const options = this.#options(next, settings);
      const raised = this.#raised.get(next.domain) ?? this.#make(options);
      try {
        prepared.push({ raised, options, ...(await raised.plugins.prepare(this.#wanted(next))) });
      } catch (error) {
        await abandon();
        throw new Error(`host "${next.domain}": ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
    }
    const commit = async (): Promise<void> => {
      for (const domain of this.plan(settings).lower) await this.#lower(domain);
      for (const { raised, options, commit } of prepared) {
        raised.host.options = options;
        this.#raised.set(options.domain, raised);
        await commit();
      }
    };
    return { commit, abandon };
  }

  async dispose(): Promise<void> {
    // Services go before the hosts they belong to.
    for (const { plugins } of [...this.#raised.values()].reverse()) await plugins.dispose();
    this.#raised.clear();
  }

  async #lower(domain: string): Promise<void> {
    const raised = this.#raised.get(domain);
    if (raised === undefined) return;
    for (const session of raised.host.registry.all()) {
      session.end(new StreamError("host-gone", `${domain} is no longer served`));
    }
    this.#raised.delete(domain);
    await raised.plugins.dispose();
  }

  #make(options: HostOptions): Raised {
    const host = new Host({
      ...this.context,
      log: this.log.child(options.domain),
      certificate: (domain) => this.context.certificate(domain),
      sibling: (domain) => this.get(domain),
      children: (domain) => this.#children(domain),
    }, options);
    return { host, plugins: new HostPlugins(host) };
  }

  *#children(domain: string): IterableIterator<Host> {
    for (const host of this.all()) if (host.options.parent === domain) yield host;
  }

  #wanted(host: HostSettings): Wanted[] {
    return host.plugins.flatMap((name) => {
      const plugin = this.catalog.get(name);
      return plugin === undefined ? [] : [{ plugin, config: host.config[name] }];
    });
  }

  #options(host: HostSettings, settings: Settings): HostOptions {
    const { domain, kind, parent } = host;
    return {
      domain,
      kind,
      parent,
      name: host.name ?? domain,
      policy: {
        tlsRequired: host.tls_required,
        clientCertificates: host.client_certificates,
        loginAttempts: LOGIN_ATTEMPTS,
      },
      sessions: { most: settings.limits.sessions_per_account, conflict: host.resource_conflict },
      operators: new Set(settings.server.admins),
      admins: new Set(host.admins),
      mechanisms: host.mechanisms,
      plainWithoutTls: host.plain_without_tls,
      decoy: { secret: this.secret, iterations: host.scram_iterations },
      services: host.services,
    };
  }
}

const LOGIN_ATTEMPTS = 4;
