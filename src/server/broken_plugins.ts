/**
 * A plugin from disk that cannot be set up harms nobody else: the host goes without it and says so. Built-in plugins are
 * ours, so one of those that fails is an error of the whole change.
 */
import type { HostPlugins, Wanted } from "../plugin/fitting.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import type { PluginSet } from "./plugin_set.ts";

/** A plugin from disk that a host should have and goes without. */
export interface BrokenPlugin {
  readonly host: string;
  readonly plugin: AnyPlugin;
  readonly file: string;
  readonly reason: string;
}

/** In one sentence. */
export function describeBroken({ host, file, reason }: BrokenPlugin): string {
  return `${file}: ${reason}; ${host} goes without it`;
}

/** For the log. */
export function brokenFields({ host, plugin, file, reason }: BrokenPlugin): Record<string, string> {
  return { host, plugin: plugin.name, file, reason };
}

interface Prepared {
  commit(): Promise<void>;
  abandon(): Promise<void>;
}

/** Prepares all that is wanted, without those plugins from disk that stand in the way of it. */
export async function prepareTolerantly(
  plugins: HostPlugins,
  wanted: readonly Wanted[],
  set: PluginSet,
): Promise<Prepared & { readonly broken: readonly BrokenPlugin[] }> {
  const strangers = wanted.filter(({ plugin }) => set.files.has(plugin));
  if (strangers.length === 0) return { ...await plugins.prepare(wanted), broken: [] };
  try {
    return { ...await plugins.prepare(wanted), broken: [] };
  } catch {
    const reasons = await findBroken(plugins, wanted, strangers);
    const broken = [...reasons].map(([{ plugin }, reason]) => ({
      host: plugins.host.domain,
      plugin,
      file: set.files.get(plugin)!,
      reason,
    }));
    return { ...await plugins.prepare(wanted.filter((it) => !reasons.has(it))), broken };
  }
}

/**
 * Which of the strangers cannot be had, and why: each is tried with all that are known to be good, until no more turn out
 * to be. Throws when it does not work without any of them either.
 */
async function findBroken(
  plugins: HostPlugins,
  wanted: readonly Wanted[],
  strangers: readonly Wanted[],
): Promise<Map<Wanted, string>> {
  const reasons = new Map<Wanted, string>(strangers.map((it) => [it, ""]));
  const works = async (tried?: Wanted): Promise<void> => {
    const { abandon } = await plugins.prepare(wanted.filter((it) => it === tried || !reasons.has(it)));
    await abandon();
  };
  await works();
  for (let progress = true; progress;) {
    progress = false;
    // One may need another that is further down the list, so those that failed get another chance.
    for (const tried of [...reasons.keys()]) {
      try {
        await works(tried);
        reasons.delete(tried);
        progress = true;
      } catch (error) {
        reasons.set(tried, error instanceof Error ? error.message : String(error));
      }
    }
  }
  return reasons;
}
