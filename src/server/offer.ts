/** What there is to configure: the catalog of plugins, seen by the configuration. */
import { type Offer, type PluginSchema, SERVICES } from "../config/mod.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";

/** The kinds of listener that this server opens. */
export const LISTENER_KINDS = [
  "c2s",
  "c2s-tls",
  "s2s",
  "s2s-tls",
  "component",
  "component-tls",
  "http",
  "https",
] as const;

export function offerOf(plugins: readonly AnyPlugin[]): Offer {
  const owners = new Set(plugins.filter((plugin) => plugin.owns === true).map((plugin) => plugin.name));
  const known = new Set(SERVICES.map((service) => service.name));
  return {
    plugins: plugins.map((plugin): PluginSchema => ({
      name: plugin.name,
      config: plugin.config,
      doc: plugin.doc,
      standard: plugin.standard ?? false,
      hosts: plugin.hosts ?? ["user"],
      owns: plugin.owns !== undefined && plugin.owns !== false,
    })),
    // Only services that some plugin can serve are brought along and announced.
    services: [...known, ...owners].filter((name, i, all) => owners.has(name) && all.indexOf(name) === i),
    listeners: LISTENER_KINDS,
  };
}
