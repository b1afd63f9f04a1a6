/**
 * Which plugins a host has, and how that set is changed: new scopes are set up while the old fittings serve, one assignment
 * swaps them, and the old scopes are undone after it. When anything fails, the host keeps what it had.
 */
import { sameConfig } from "../config/same.ts";
import type { Service, Token } from "../hook/token.ts";
import type { Host } from "../host/host.ts";
import { dependants, inOrder } from "./order.ts";
import type { AnyPlugin } from "./plugin.ts";
import { Scope } from "./scope.ts";

/** A plugin that a host shall have, with its options. */
export interface Wanted {
  readonly plugin: AnyPlugin;
  readonly config: unknown;
}

interface Standing extends Wanted {
  readonly scope: Scope<unknown>;
}

/** What a change would do, by plugin name. */
export interface FittingPlan {
  readonly start: readonly string[];
  readonly restart: readonly string[];
  readonly stop: readonly string[];
}

export class HostPlugins {
  #standing: readonly Standing[] = [];

  constructor(readonly host: Host) {}

  get names(): string[] {
    return this.#standing.map(({ plugin }) => plugin.name);
  }

  /** What `change` would do. Throws an OrderError where the set cannot work. */
  plan(wanted: readonly Wanted[]): FittingPlan {
    inOrder(wanted.map((w) => w.plugin));
    const stale = this.#stale(wanted);
    const had = new Set(this.names);
    const names = new Set(wanted.map((w) => w.plugin.name));
    return {
      start: [...names].filter((name) => !had.has(name)),
      restart: [...names].filter((name) => had.has(name) && stale.has(name)),
      stop: [...had].filter((name) => !names.has(name)),
    };
  }

  /** Builds the new set; nothing is changed before the returned `commit` is called. Throws what a setup threw. */
  async prepare(wanted: readonly Wanted[]): Promise<{ commit(): Promise<void>; abandon(): Promise<void> }> {
    const stale = this.#stale(wanted);
    const old = new Map(this.#standing.map((s) => [s.plugin.name, s]));
    const next: Standing[] = [];
    const made: Standing[] = [];
    const abandon = async (): Promise<void> => {
      for (const { scope, plugin } of made.reverse()) {
        if (!old.has(plugin.name)) scope.release();
        await this.#undo(scope);
      }
    };
    try {
      for (const plugin of inOrder(wanted.map((w) => w.plugin))) {
        const { config } = wanted.find((w) => w.plugin === plugin)!;
        const kept = old.get(plugin.name);
        if (kept !== undefined && !stale.has(plugin.name)) {
          next.push(kept);
          continue;
        }
        const scope = new Scope<unknown>(
          plugin.name,
          this.host,
          config,
          <T>(service: Service<T>) => find(next, service) as T | undefined,
        );
        const standing = { plugin, config, scope };
        made.push(standing);
        next.push(standing);
        await setUp(plugin, scope);
      }
      const fittings = this.host.fit(next.map((s) => s.scope.draft));
      const commit = async (): Promise<void> => {
        const before = this.#standing;
        this.#standing = next;
        this.host.fittings = fittings;
        for (const { scope, plugin } of [...before].reverse()) {
          if (next.some((s) => s.scope === scope)) continue;
          if (!next.some((s) => s.plugin.name === plugin.name)) scope.release();
          await this.#undo(scope);
        }
      };
      return { commit, abandon };
    } catch (error) {
      await abandon();
      throw error;
    }
  }

  async change(wanted: readonly Wanted[]): Promise<void> {
    await (await this.prepare(wanted)).commit();
  }

  /** Undoes everything, last first. */
  async dispose(): Promise<void> {
    const standing = this.#standing;
    this.#standing = [];
    for (const { scope } of [...standing].reverse()) await this.#undo(scope);
    this.host.fittings = this.host.fit([]);
  }

  /** What a plugin throws at its end is its own affair: the others are still undone. */
  async #undo(scope: Scope<unknown>): Promise<void> {
    try {
      await scope[Symbol.asyncDispose]();
    } catch (error) {
      this.host.fault(scope.owner, error, undefined);
    }
  }

  /** Plugins that must be set up again: changed themselves, or using something that is. */
  #stale(wanted: readonly Wanted[]): Set<string> {
    const old = new Map(this.#standing.map((s) => [s.plugin.name, s]));
    const names = new Set(wanted.map((w) => w.plugin.name));
    const changed = new Set([...old.keys()].filter((name) => !names.has(name)));
    for (const { plugin, config } of wanted) {
      const had = old.get(plugin.name);
      if (had === undefined || had.plugin !== plugin || !sameConfig(had.config, config)) {
        changed.add(plugin.name);
      }
    }
    const all = [...wanted.map((w) => w.plugin), ...this.#standing.map((s) => s.plugin)];
    return dependants(all, changed);
  }
}

/** Runs a plugin's setup; whose it was is part of what it throws. */
async function setUp(plugin: AnyPlugin, scope: Scope<unknown>): Promise<void> {
  try {
    const returned = await plugin.setup(scope);
    if (returned !== undefined && returned !== null) scope.adopt(returned);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`the plugin "${plugin.name}" could not be set up: ${why}`, { cause: error });
  }
}

function find(standing: readonly Standing[], service: Token): unknown {
  for (const { scope } of standing) {
    if (scope.draft.services.has(service)) return scope.draft.services.get(service);
  }
  return undefined;
}
