/** Which plugins are on for a host, from lists, additions and removals. */
import { type Catalog, pluginsSchema } from "./catalog.ts";
import type { Member } from "./families.ts";
import { reportIssues } from "./issues.ts";
import { type KeyPath, valueAt } from "./key.ts";
import { nearest } from "./problems.ts";
import type { HostSettings, PluginSchema } from "./settings.ts";
import type { Sources } from "./sources.ts";

/**
 * The plugins of a host, in order: those that are standard, changed by each layer from the weakest (the last)
 * to the strongest, without those that cannot run on this kind of host, and with the one that owns it. `services` are those
 * that are on the host itself.
 */
export function pluginsOf(
  sources: Sources,
  catalog: Catalog,
  layers: readonly KeyPath[],
  kind: string,
  services: readonly string[] = [],
): readonly string[] {
  let list = [...catalog.plugins.values()].filter((it) => it.standard === true).map((it) => it.name);
  list.push(...services.filter((name) => catalog.plugins.has(name)));
  for (const layer of layers.toReversed()) {
    list = changed(sources, catalog, [...layer, "plugins"], list, kind);
  }
  const owner = catalog.plugins.has(kind) ? [kind] : [];
  return [...new Set([...owner, ...list])].filter((name) => {
    const plugin = catalog.plugins.get(name);
    return plugin !== undefined && (name === kind || suits(plugin, kind));
  });
}

function suits({ hosts = ["user"] }: PluginSchema, kind: string): boolean {
  return hosts.includes(kind) || (kind !== "user" && hosts.includes("component"));
}

function changed(sources: Sources, catalog: Catalog, path: KeyPath, below: string[], kind: string): string[] {
  const value = valueAt(sources.tree, path);
  if (value === undefined) return below;
  const result = pluginsSchema.safeParse(value);
  if (!result.success) {
    reportIssues(sources, catalog.root, result.error, { place: (inner) => [...path, ...inner] });
    return below;
  }
  const said = result.data;
  if (Array.isArray(said)) return named(sources, catalog, path, said, kind);
  const remove = new Set(named(sources, catalog, [...path, "remove"], said.remove));
  return [...below, ...named(sources, catalog, [...path, "add"], said.add, kind)].filter((it) =>
    !remove.has(it)
  );
}

/** The names that there are; the others are problems. With a kind, those it cannot have are problems too. */
function named(
  sources: Sources,
  catalog: Catalog,
  path: KeyPath,
  names: readonly string[],
  kind?: string,
): string[] {
  return names.filter((name, index) => {
    const plugin = catalog.plugins.get(name);
    const here = [...path, index];
    if (plugin === undefined) {
      const suggestion = nearest(name, catalog.plugins.keys());
      sources.report(here, `there is no plugin "${name}"`, {
        ...(suggestion === undefined ? {} : { suggestion }),
        help: "metronome plugins",
      });
      return false;
    }
    // Defaults are for hosts of every kind; only a host's own list must suit it.
    if (kind !== undefined && path[0] === "host" && name !== kind && !suits(plugin, kind)) {
      sources.report(here, `the plugin "${name}" cannot run on a host of kind "${kind}"`, {
        help: `metronome plugins ${name}`,
      });
      return false;
    }
    return true;
  });
}

/** A table in a host for a plugin that is not on there does nothing, so it is a problem. */
export function reportStrangers(
  sources: Sources,
  catalog: Catalog,
  own: KeyPath,
  member: Member,
  plugins: readonly string[],
): void {
  for (const name of Object.keys(member.own)) {
    const place = member.services[name];
    const atService = place !== undefined && place !== member.domain;
    if (!catalog.plugins.has(name) || plugins.includes(name) || atService) continue;
    sources.report(
      [...own, name],
      `the plugin "${name}" is not on for this host; add it: plugins = { add = ["${name}"] }`,
      {
        help: "metronome config explain defaults.plugins",
      },
    );
  }
}

/** Whether any host has the plugin. */
export function isEnabledOn(hosts: Readonly<Record<string, HostSettings>>, name: string): boolean {
  return Object.values(hosts).some((host) => host.plugins.includes(name));
}
