/** In which order plugins are set up: providers before those who need them, otherwise as they are listed. */
import type { Token } from "../hook/token.ts";
import type { AnyPlugin } from "./plugin.ts";

/** Why a set of plugins cannot be set up together. */
export class OrderError extends Error {
  override readonly name = "OrderError";
}

/** The plugins in order. Throws an OrderError for a missing provider, one too many, or a circle. */
export function inOrder(plugins: readonly AnyPlugin[]): AnyPlugin[] {
  const providers = new Map<Token, AnyPlugin>();
  for (const plugin of plugins) {
    for (const service of plugin.provides ?? []) {
      const other = providers.get(service);
      if (other !== undefined) {
        throw new OrderError(
          `the plugins "${other.name}" and "${plugin.name}" both provide ${service.label}: remove one of them`,
        );
      }
      providers.set(service, plugin);
    }
  }
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const before = (plugin: AnyPlugin): AnyPlugin[] => [
    ...(plugin.needs ?? []).map((service) => {
      const provider = providers.get(service);
      if (provider === undefined) {
        throw new OrderError(
          `the plugin "${plugin.name}" needs ${service.label}, which no plugin of this host provides`,
        );
      }
      return provider;
    }),
    ...(plugin.wants ?? []).flatMap((service) => providers.get(service) ?? []),
    ...(plugin.after ?? []).flatMap((name) => byName.get(name) ?? []),
  ];
  const ordered = new Set<AnyPlugin>();
  const visit = (plugin: AnyPlugin, path: readonly AnyPlugin[]): void => {
    if (ordered.has(plugin)) return;
    if (path.includes(plugin)) {
      throw new OrderError(
        `the plugins need each other in a circle: ${[...path, plugin].map((p) => p.name).join(" → ")}`,
      );
    }
    for (const first of before(plugin)) if (first !== plugin) visit(first, [...path, plugin]);
    ordered.add(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return [...ordered];
}

/** The plugins that use, directly or not, anything that one of `changed` provides. */
export function dependants(plugins: readonly AnyPlugin[], changed: ReadonlySet<string>): Set<string> {
  const found = new Set(changed);
  for (let grew = true; grew;) {
    grew = false;
    const provided = new Set(plugins.filter((p) => found.has(p.name)).flatMap((p) => [...p.provides ?? []]));
    for (const plugin of plugins) {
      if (found.has(plugin.name)) continue;
      if ([...plugin.needs ?? [], ...plugin.wants ?? []].some((service) => provided.has(service))) {
        found.add(plugin.name);
        grew = true;
      }
    }
  }
  return found;
}
