/** The configuration as it holds: every value, whoever said it, with secrets redacted. For `config show`. */
import { isTree, type KeyPath, showKey, valueAt } from "./key.ts";
import { isTable, type Option } from "./options.ts";
import type { Origins } from "./read.ts";
import { REDACTED } from "./secret.ts";
import type { HostSettings, Settings } from "./settings.ts";
import { DEFAULT_ORIGIN, type Origin, showOrigin } from "./sources.ts";
import { tomlValue } from "./toml.ts";

interface Found {
  readonly value: unknown;
  readonly origin: Origin;
}

/** Finds what holds for a path below a table. */
type Lookup = (path: KeyPath, option: Option) => Found | undefined;

/** TOML of everything in force. With `origin`, each line says where its value is from. */
export function show(settings: Settings, origins: Origins, { origin = false } = {}): string {
  const page = new Page(origin);
  const members = origins.catalog.root.members;
  for (const name of ["server", "listen", "tls", "limits", "dns", "http", "metrics"]) {
    const option = members?.get(name);
    if (option !== undefined) page.table([name], option, layered(origins, [[name]], madeUp(settings, name)));
  }
  const host = members?.get("host")?.each;
  for (const it of Object.values(settings.hosts)) if (host !== undefined) showHost(page, origins, host, it);
  return page.text();
}

/** Values nobody wrote and no schema knows: folders that follow from the environment. */
function madeUp(settings: Settings, name: string): Readonly<Record<string, unknown>> {
  if (name === "server") return { data: settings.server.data, run: settings.server.run };
  return name === "tls" ? { certs_dir: settings.tls.certs_dir } : {};
}

function showHost(page: Page, origins: Origins, option: Option, host: HostSettings): void {
  const own = ["host", writtenName(origins, host.domain)];
  const layers: KeyPath[] = [own, ["defaults"]];
  const made = { kind: host.kind, parent: host.parent };
  const plugins = [...origins.catalog.plugins.keys()];
  const core = [...option.members ?? []].filter(([name]) => !plugins.includes(name));
  const lookup = layered(origins, layers, made);
  page.table(["host", host.domain], { ...option, members: new Map(core) }, (path, it) => {
    if (path[0] === "plugins") return { value: host.plugins, origin: placeOf(origins, layers, ["plugins"]) };
    if (path[0] === "admins" && host.parent !== undefined) {
      return {
        value: host.admins,
        origin: placeOf(origins, [own, ["host", host.parent], ["defaults"]], path),
      };
    }
    if (path[0] !== "services") return lookup(path, it);
    const service = host.services[String(path[1])];
    if (path.length < 2 || host.kind !== "user") return undefined;
    return {
      value: service === host.domain ? "@" : service ?? false,
      origin: placeOf(origins, layers, path),
    };
  }, host.derived ? `came with ${host.parent}` : undefined);
  for (const name of host.plugins) {
    const table = option.members?.get(name);
    const parent = host.kind === name && host.parent !== undefined ? [["host", host.parent, name]] : [];
    const inner: KeyPath[] = [[...own, name], ...parent, ["defaults", name]];
    if (table?.members?.size) page.table(["host", host.domain, name], table, layered(origins, inner, {}));
  }
}

function writtenName(origins: Origins, domain: string): string {
  const { host } = origins.tree;
  return Object.keys(isTree(host) ? host : {}).find((it) => it.toLowerCase() === domain) ?? domain;
}

function placeOf(origins: Origins, layers: readonly KeyPath[], path: KeyPath): Origin {
  const layer = layers.find((it) => valueAt(origins.tree, [...it, ...path]) !== undefined);
  return layer === undefined ? DEFAULT_ORIGIN : origins.originOf([...layer, ...path]);
}

function layered(
  origins: Origins,
  layers: readonly KeyPath[],
  made: Readonly<Record<string, unknown>>,
): Lookup {
  return (path, option) => {
    for (const layer of layers) {
      const full = [...layer, ...path];
      const value = valueAt(origins.tree, full);
      if (value !== undefined) return { value, origin: origins.originOf(full) };
    }
    const value = path.length === 1 ? made[String(path[0])] ?? option.fallback : option.fallback;
    return value === undefined ? undefined : { value, origin: DEFAULT_ORIGIN };
  };
}

class Page {
  readonly #lines: string[] = [];
  readonly #origin: boolean;

  constructor(origin: boolean) {
    this.#origin = origin;
  }

  text(): string {
    return this.#lines.join("\n").trim() + "\n";
  }

  table(path: readonly string[], option: Option, lookup: Lookup, remark?: string): void {
    const rows: [string, Found][] = [];
    const inner: [string, Option][] = [];
    for (const [name, member] of option.members ?? []) {
      if (isTable(member) && member.members !== undefined) inner.push([name, member]);
      else {
        const found = lookup([name], member);
        if (found !== undefined) rows.push([name, { ...found, value: redact(member, found.value) }]);
      }
    }
    if (rows.length > 0) {
      this.#lines.push("", `[${showKey(path)}]${remark === undefined ? "" : ` # ${remark}`}`);
    }
    for (const [name, { value, origin }] of rows) {
      this.#lines.push(`${name} = ${tomlValue(value)}${this.#origin ? ` # ${showOrigin(origin)}` : ""}`);
    }
    for (const [name, member] of inner) {
      this.table([...path, name], member, (rest, it) => lookup([name, ...rest], it));
    }
  }
}

/** Hides what is secret, inside lists and tables too. */
function redact(option: Option | undefined, value: unknown): unknown {
  if (option?.unit === "secret") return REDACTED;
  if (Array.isArray(value)) return value.map((entry) => redact(option?.items, entry));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [key, inner],
    ) => [key, redact(option?.members?.get(key) ?? option?.each, inner)]),
  );
}
