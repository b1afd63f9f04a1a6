/**
 * Plugins from disk (ARCHITECTURE, corrections): a file whose default export is `(api) => api.definePlugin(…)`, or gives a
 * list of plugins. It is given the plugin face, because it cannot import it: only relative and `node:` imports can be
 * resolved in every form in which the server runs. A changed file is imported again; what it imports itself is not.
 */
import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { catalogOf } from "../config/mod.ts";
import * as face from "../plugin/mod.ts";
import type { AnyPlugin, PluginFile } from "../plugin/plugin.ts";
import { z } from "../plugin/options.ts";
import { offerOf } from "./offer.ts";
import { type FileProblem, type PluginSet, pluginSet } from "./plugin_set.ts";

/** What a plugin from disk is given. */
export type Face = typeof face;

interface Loaded {
  /** Changes with the file. */
  readonly stamp: string;
  readonly plugins: readonly AnyPlugin[];
  /** Why there are none. */
  readonly reason?: string;
}

const NAME = /^[a-z][a-z0-9_-]*$/;

export class PluginFiles {
  #loaded = new Map<string, Loaded>();

  constructor(private readonly builtIn: readonly AnyPlugin[]) {}

  /** The set with all plugins of these files; what cannot be had is among its problems. Never rejects. */
  async load(paths: readonly string[]): Promise<PluginSet> {
    const next = new Map<string, Loaded>();
    const files = new Map<AnyPlugin, string>();
    const problems: FileProblem[] = [];
    for (const path of paths.map((path) => resolve(path))) {
      if (next.has(path)) continue;
      const loaded = await this.#read(path);
      next.set(path, loaded);
      const reason = loaded.reason ?? this.#clash(loaded.plugins, [...files.keys()]);
      if (reason !== undefined) problems.push({ file: path, reason });
      else for (const plugin of loaded.plugins) files.set(plugin, path);
    }
    this.#loaded = next;
    const taken = new Set([...this.builtIn, ...files.keys()].map((plugin) => plugin.name));
    const standIns = problems.flatMap(({ file }) => namesIn(file)).filter((name, i, all) =>
      !taken.has(name) && all.indexOf(name) === i
    ).map(standIn).filter((it) => this.#clash([it], [...files.keys()]) === undefined);
    return pluginSet(this.builtIn, files, problems, standIns);
  }

  async #read(path: string): Promise<Loaded> {
    let stamp = "";
    try {
      const { mtime, size } = await Deno.stat(path);
      stamp = `${mtime?.getTime()}-${size}`;
      const known = this.#loaded.get(path);
      if (known?.stamp === stamp) return known;
      return { stamp, plugins: await importPlugins(path, stamp, tokensOf(this.builtIn)) };
    } catch (error) {
      return { stamp, plugins: [], reason: reasonOf(error) };
    }
  }

  /** Why these plugins cannot be beside the others. */
  #clash(plugins: readonly AnyPlugin[], others: readonly AnyPlugin[]): string | undefined {
    try {
      catalogOf(offerOf([...this.builtIn, ...others, ...plugins]));
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

function tokensOf(plugins: readonly AnyPlugin[]): Readonly<Record<string, object>> {
  return Object.fromEntries(
    plugins.flatMap(({ name, tokens }) => tokens === undefined ? [] : [[name, tokens]]),
  );
}

async function importPlugins(
  path: string,
  stamp: string,
  tokens: Readonly<Record<string, object>>,
): Promise<AnyPlugin[]> {
  const { default: make } = await import(`${pathToFileURL(path)}?${stamp}`) as { default?: unknown };
  if (typeof make !== "function") {
    throw new Error("its default export is not a function: expected (api) => api.definePlugin({ … })");
  }
  const made: unknown = await (make as PluginFile<Face>)(face, tokens);
  return (Array.isArray(made) ? made : [made]).map(checked);
}

/** Holds what a file gives to the shape of a plugin; it may not have been checked by a compiler. */
function checked(it: unknown): AnyPlugin {
  if (typeof it !== "object" || it === null) throw new Error(`expected a plugin, got ${typeof it}`);
  const { name, doc, config, setup } = it as Record<string, unknown>;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new Error(
      `a plugin's name is lower-case letters, digits, "_" and "-", got ${JSON.stringify(name)}`,
    );
  }
  if (typeof doc !== "string") {
    throw new Error(`the plugin "${name}" has no doc: one sentence that says what it does`);
  }
  if (!(config instanceof z.ZodType)) {
    throw new Error(`the plugin "${name}" has no config: write api.none, or api.options({ … })`);
  }
  if (typeof setup !== "function") throw new Error(`the plugin "${name}" has no setup function`);
  return it as AnyPlugin;
}

/** The names that the plugins of a file without any probably have: its own, and one that it says. */
function namesIn(path: string): string[] {
  const names = [basename(path, extname(path))];
  try {
    const said = /\bname:\s*["'`]([a-z0-9_-]+)["'`]/.exec(Deno.readTextFileSync(path))?.[1];
    if (said !== undefined) names.push(said);
  } catch {
    // It cannot be read: that is the problem that was told.
  }
  return names.filter((name) => NAME.test(name));
}

function standIn(name: string): AnyPlugin {
  return {
    name,
    doc: "Could not be loaded.",
    config: z.unknown(),
    hosts: ["user", "component"],
    setup() {},
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (!(error instanceof Error)) return String(error);
  // The runtime draws the faulty line in colours over several lines; its first one and the place are enough.
  // deno-lint-ignore no-control-regex
  const lines = error.message.replaceAll(/\u001b\[[0-9;]*m/g, "").split("\n");
  const place = /:(\d+):\d+$/.exec(lines.at(-1) ?? "")?.[1];
  return `${lines[0]}${lines.length === 1 || place === undefined ? "" : ` (line ${place})`}`;
}
