/** The hosts of a server: raised, refitted and lowered as the configuration says, all of a change or nothing of it. */
import type { Logger } from "../base/log.ts";
import type { HostSettings, Settings } from "../config/mod.ts";
import type { HostContext, HostOptions } from "../host/context.ts";
import { Host } from "../host/host.ts";
import { Jid } from "../jid/jid.ts";
import { type FittingPlan, HostPlugins, type Wanted } from "../plugin/fitting.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { StreamError } from "../stream/error.ts";
import { readAuthorities, Roots } from "../transport/roots.ts";
import { type BrokenPlugin, prepareTolerantly } from "./broken_plugins.ts";
import type { PluginSet } from "./plugin_set.ts";

/** What a change of the configuration does to the hosts, as data. */
export interface HostsPlan {
  readonly raise: readonly string[];
  readonly lower: readonly string[];
  /** By domain; only hosts that change. */
  readonly refit: Readonly<Record<string, FittingPlan>>;
}

/** A change that is ready to be made. */
export interface PreparedHosts {
  /** Plugins from disk that could not be set up; the hosts go without them. */
  readonly broken: readonly BrokenPlugin[];
  commit(): Promise<void>;
  abandon(): Promise<void>;
}

interface Raised {
  readonly host: Host;
  readonly plugins: HostPlugins;
}

export class Hosts {
  readonly #raised = new Map<string, Raised>();
  /** Plugins from disk that hosts should have and go without. */
  broken: readonly BrokenPlugin[] = [];

  constructor(
    private readonly context: Omit<HostContext<Host>, "log" | "sibling" | "all" | "children">,
    private readonly log: Logger,
    public plugins: PluginSet,
    private readonly secret: Uint8Array,
  ) {}

  get(domain: string): Host | undefined {
    return this.#raised.get(domain)?.host;
  }

  firstOf(kind: string): Host | undefined {
    for (const host of this.all()) if (host.options.kind === kind) return host;
    return undefined;
  }

  *all(): IterableIterator<Host> {
    for (const { host } of this.#raised.values()) yield host;
  }

  pluginsOf(domain: string): string[] {
    return this.#raised.get(domain)?.plugins.names ?? [];
  }

  plan(settings: Settings, set: PluginSet = this.plugins): HostsPlan {
    const refit: Record<string, FittingPlan> = {};
    for (const next of Object.values(settings.hosts)) {
      const wanted = this.#wanted(next, set).filter(({ plugin }) => !this.#lacks(next.domain, plugin));
      const plan = this.#raised.get(next.domain)?.plugins.plan(wanted);
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
   * new. Throws, having undone it, when a built-in plugin's setup does; the message names the host.
   */
  async prepare(settings: Settings, set: PluginSet = this.plugins): Promise<PreparedHosts> {
    const steps: {
      raised: Raised;
      options: HostOptions;
      commit(): Promise<void>;
      abandon(): Promise<void>;
    }[] = [];
    const broken: BrokenPlugin[] = [];
    const abandon = async (): Promise<void> => {
      for (const step of steps.reverse()) await step.abandon();
    };
    // First, since this may throw too: files of authorities are read.
    const hosts = Object.values(settings.hosts).map((next) => ({
      next,
      options: this.#options(next, settings),
    }));
    for (const { next, options } of hosts) {
      const raised = this.#raised.get(next.domain) ?? this.#make(options);
      try {
        const ready = await prepareTolerantly(raised.plugins, this.#wanted(next, set), set);
        broken.push(...ready.broken);
        steps.push({ raised, options, commit: ready.commit, abandon: ready.abandon });
      } catch (error) {
        await abandon();
        throw new Error(`host "${next.domain}": ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
    }
    const commit = async (): Promise<void> => {
      // Services go before the hosts they belong to.
      for (const domain of this.plan(settings, set).lower.toReversed()) await this.#lower(domain);
      this.plugins = set;
      this.broken = broken;
      for (const { raised, options, commit } of steps) {
        raised.host.options = options;
        this.#raised.set(options.domain, raised);
        await commit();
      }
    };
    return { broken, commit, abandon };
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
    raised.host.context.metrics.forget("host", domain);
  }

  #make(options: HostOptions): Raised {
    const host = new Host({
      ...this.context,
      log: this.log.child(options.domain),
      certificate: (domain) => this.context.certificate(domain),
      sibling: (domain) => this.get(domain),
      all: () => this.all(),
      children: (domain) => this.#children(domain),
    }, options);
    return { host, plugins: new HostPlugins(host) };
  }

  *#children(domain: string): IterableIterator<Host> {
    for (const host of this.all()) if (host.options.parent === domain) yield host;
  }

  #lacks(domain: string, plugin: AnyPlugin): boolean {
    return this.broken.some((it) => it.host === domain && it.plugin === plugin);
  }

  #wanted(host: HostSettings, set: PluginSet): Wanted[] {
    return host.plugins.flatMap((name) => {
      const plugin = set.byName.get(name);
      return plugin === undefined ? [] : [{ plugin, config: host.config[name] }];
    });
  }

  #options(host: HostSettings, settings: Settings): HostOptions {
    const { domain, kind, parent } = host;
    checkName(domain);
    return {
      domain,
      kind,
      parent,
      name: host.name ?? domain,
      policy: {
        tlsRequired: host.tls_required,
        loginAttempts: LOGIN_ATTEMPTS,
      },
      sessions: { most: settings.limits.sessions_per_account, conflict: host.resource_conflict },
      operators: addressesOf("server.admins", settings.server.admins),
      admins: addressesOf(`host "${domain}": admins`, host.admins),
      mechanisms: host.mechanisms,
      authorities: authoritiesOf(host),
      plainWithoutTls: host.plain_without_tls,
      decoy: { secret: this.secret, iterations: host.scram_iterations },
      services: host.services,
    };
  }
}

const LOGIN_ATTEMPTS = 4;

/** Streams and stanzas ask for a host by its canonical name (RFC 7622 §3.2); under any other it would never be found. */
function checkName(domain: string): void {
  let name: string;
  try {
    name = Jid.of("", domain).domain;
  } catch (cause) {
    throw new Error(`host "${domain}": ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (name !== domain) throw new Error(`host "${domain}": write its name as "${name}"`);
}

/** Addresses in the one spelling in which they are compared: "Alice@Example.org" is alice@example.org. */
function addressesOf(where: string, texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.map((text) => {
    try {
      return Jid.parse(text).toString();
    } catch (cause) {
      throw new Error(`${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }));
}

/** Who signs the certificates that clients may log in with. Throws an Error that names the file. */
function authoritiesOf(
  { domain, client_certificates: wanted, client_authorities: path }: HostSettings,
): Roots {
  if (!wanted) return new Roots([]);
  if (path === undefined) {
    throw new Error(
      `host "${domain}": client_certificates needs client_authorities: a PEM file of who signs them ` +
        `(certificates that people register themselves need the plugin "user_certificates" and neither of both)`,
    );
  }
  try {
    return readAuthorities(Deno.readTextFileSync(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`host "${domain}": client_authorities: "${path}" cannot be used: ${why}`, { cause });
  }
}
