/** Hosts made whole: a host's own lines over the defaults, its plugins and the table of each. */
import * as z from "zod";
import { type Catalog, servicesSchema } from "./catalog.ts";
import { type Member, readFamilies } from "./families.ts";
import { reportIssues } from "./issues.ts";
import { emptyTree, isTree, type KeyPath, mergeTrees, type Tree, valueAt } from "./key.ts";
import { isEnabledOn, pluginsOf, reportStrangers } from "./plugin_list.ts";
import { hostOnlyOptions, hostOptions, type HostSettings } from "./settings.ts";
import type { Sources } from "./sources.ts";

const coreSchema = z.strictObject(hostOptions);
const ownSchema = z.strictObject(hostOnlyOptions);

/** The tables a host's value may come from, the strongest first. */
type Layers = readonly KeyPath[];

/** All enabled hosts by domain. What is wrong is reported to the sources, for disabled hosts too. */
export function readHosts(sources: Sources, catalog: Catalog): Record<string, HostSettings> {
  readDefaults(sources, catalog);
  const members = readFamilies(sources, catalog);
  const hosts: Record<string, HostSettings> = {};
  for (const member of members.values()) {
    const host = readHost(sources, catalog, members, member);
    if (host !== undefined && member.enabled && isServed(members, member)) hosts[member.domain] = host;
  }
  warnUnused(sources, catalog, hosts);
  return hosts;
}

/** A component goes with the host it belongs to. */
function isServed(members: ReadonlyMap<string, Member>, { parent }: Member): boolean {
  return parent === undefined || members.get(parent)?.enabled === true;
}

/** Checks the defaults by themselves: a wrong default is wrong even where no host uses it. */
function readDefaults(sources: Sources, catalog: Catalog): void {
  const layers = [["defaults"]];
  parse(sources, catalog, coreSchema, pick(valueAt(sources.tree, ["defaults"]), hostOptions), layers);
  pluginsOf(sources, catalog, layers, "user");
  section(sources, catalog, servicesSchema(catalog.services), "services", layers);
  for (const [name, { config }] of catalog.plugins) {
    const table = valueAt(sources.tree, ["defaults", name]);
    if (table === undefined) continue;
    const result = config.safeParse(table);
    const place = (path: KeyPath): KeyPath => ["defaults", name, ...path];
    if (!result.success) reportIssues(sources, catalog.root, result.error, { place, partial: true });
  }
}

function readHost(
  sources: Sources,
  catalog: Catalog,
  members: ReadonlyMap<string, Member>,
  member: Member,
): HostSettings | undefined {
  const own = ["host", member.written ?? member.domain];
  const layers: Layers = [own, ["defaults"]];
  const before = sources.problems.length;
  parse(sources, catalog, ownSchema, pick(member.own, hostOnlyOptions), [own]);
  const core = parse(sources, catalog, coreSchema, pick(merged(sources, layers), hostOptions), layers);
  section(sources, catalog, servicesSchema(catalog.services), "services", layers);
  if (member.kind !== "user" && member.own.services !== undefined) {
    sources.report([...own, "services"], "only user hosts have services");
  }
  const home = Object.keys(member.services).filter((name) => member.services[name] === member.domain);
  const listed = pluginsOf(sources, catalog, layers, member.kind, home);
  const plugins = member.kind === "user" ? withProvider(listed, core?.authentication, catalog) : listed;
  reportStrangers(sources, catalog, own, member, plugins);
  const config = pluginTables(sources, catalog, members, member, plugins);
  if (core === undefined || sources.problems.slice(before).some((it) => it.severity === "error")) {
    return undefined;
  }
  return {
    ...core,
    admins: adminsOf(members, member, core.admins),
    domain: member.domain,
    kind: member.kind,
    parent: member.parent,
    derived: member.written === undefined,
    plugins,
    config,
    services: member.services,
  };
}

/** Who administers a host administers its services, unless those name their own. */
function adminsOf(
  members: ReadonlyMap<string, Member>,
  member: Member,
  admins: readonly string[],
): readonly string[] {
  const parent = member.parent === undefined ? undefined : members.get(member.parent);
  if (member.own.admins !== undefined || !Array.isArray(parent?.own.admins)) return admins;
  return parent.own.admins.map(String);
}

/** Who knows the accounts is a plugin too, chosen by `authentication` and not by the list. */
function withProvider(
  listed: readonly string[],
  provider: string | undefined,
  catalog: Catalog,
): readonly string[] {
  if (provider === undefined || listed.includes(provider) || !catalog.plugins.has(provider)) return listed;
  return [provider, ...listed];
}

function pluginTables(
  sources: Sources,
  catalog: Catalog,
  members: ReadonlyMap<string, Member>,
  member: Member,
  plugins: readonly string[],
): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const name of plugins) {
    const schema = catalog.plugins.get(name)?.config;
    if (schema === undefined) continue;
    const layers = tableLayers(members, member, name);
    const parsed = parse(sources, catalog, schema, merged(sources, layers), layers);
    config[name] = parsed;
  }
  return config;
}

/** The table of a service may stand in the host it belongs to: `[host."example.org".muc]`. */
function tableLayers(members: ReadonlyMap<string, Member>, member: Member, name: string): Layers {
  const parent = name === member.kind && member.parent !== undefined ? members.get(member.parent) : undefined;
  return [
    ["host", member.written ?? member.domain, name],
    ...(parent === undefined ? [] : [["host", parent.written ?? parent.domain, name]]),
    ["defaults", name],
  ];
}

function section<T>(
  sources: Sources,
  catalog: Catalog,
  schema: z.ZodType<T>,
  name: string,
  layers: Layers,
): void {
  const inner = layers.map((layer) => [...layer, name]);
  if (inner.some((layer) => sources.has(layer))) {
    parse(sources, catalog, schema, merged(sources, inner), inner);
  }
}

function parse<T>(
  sources: Sources,
  catalog: Catalog,
  schema: z.ZodType<T>,
  value: unknown,
  layers: Layers,
): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const place = (path: KeyPath): KeyPath => {
    const layer = layers.find((it) => sources.has([...it, ...path])) ?? layers[0] ?? [];
    return [...layer, ...path];
  };
  reportIssues(sources, catalog.root, result.error, { place });
  return undefined;
}

/** The layers merged, the strongest on top; what is no table is left as it is, for the schema to refuse. */
function merged(sources: Sources, layers: Layers): unknown {
  let result: unknown = emptyTree();
  for (const layer of layers.toReversed()) {
    const value = valueAt(sources.tree, layer);
    if (value !== undefined) result = isTree(value) && isTree(result) ? mergeTrees(result, value) : value;
  }
  return result;
}

function pick(value: unknown, shape: Readonly<Record<string, unknown>>): Tree {
  const picked = emptyTree();
  for (const [key, inner] of Object.entries(isTree(value) ? value : {})) {
    if (Object.hasOwn(shape, key)) picked[key] = inner;
  }
  return picked;
}

function warnUnused(sources: Sources, catalog: Catalog, hosts: Readonly<Record<string, HostSettings>>): void {
  // A host with a problem is absent here, and would make its plugins look unused.
  if (sources.problems.some((it) => it.severity === "error")) return;
  for (const name of catalog.plugins.keys()) {
    if (!sources.has(["defaults", name]) || isEnabledOn(hosts, name)) continue;
    sources.report(["defaults", name], `the plugin "${name}" is on for no host, so this has no effect`, {
      severity: "warning",
      help: "metronome plugins",
    });
  }
}
