/** The plugins there are at one time: those that come with the server, and those from disk with the file of each. */
import type { AnyPlugin } from "../plugin/plugin.ts";

/** A file that no plugin could be had from. */
export interface FileProblem {
  readonly file: string;
  readonly reason: string;
}

export interface PluginSet {
  readonly all: readonly AnyPlugin[];
  readonly byName: ReadonlyMap<string, AnyPlugin>;
  /** Where plugins from disk are from. */
  readonly files: ReadonlyMap<AnyPlugin, string>;
  readonly problems: readonly FileProblem[];
  /** What stands for the plugins of files with problems, so that a configuration may go on naming them. */
  readonly standIns: readonly AnyPlugin[];
}

/** A set of built-in plugins, and of others by their files. */
export function pluginSet(
  builtIn: readonly AnyPlugin[],
  files: ReadonlyMap<AnyPlugin, string> = new Map(),
  problems: readonly FileProblem[] = [],
  standIns: readonly AnyPlugin[] = [],
): PluginSet {
  const all = [...builtIn, ...files.keys()];
  return { all, byName: new Map(all.map((plugin) => [plugin.name, plugin])), files, problems, standIns };
}
