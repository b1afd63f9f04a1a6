/**
 * Reads a configuration: files, placeholders, environment, command line, then the schemas. The result is either
 * complete and frozen, or every problem at once.
 */
import { type Catalog, catalogOf, type Offer } from "./catalog.ts";
import { addEnvironment } from "./environment.ts";
import { addFiles } from "./files.ts";
import { defaultFolders, type Environment, joinPath } from "./find.ts";
import { formatAddress } from "./address.ts";
import { readHosts } from "./hosts.ts";
import { reportIssues } from "./issues.ts";
import { isTree, type KeyPath, type Tree, valueAt } from "./key.ts";
import { fillPlaceholders } from "./placeholders.ts";
import { prepare } from "./prepare.ts";
import { describeProblem, type Problem } from "./problems.ts";
import type * as z from "zod";
import {
  dnsSchema,
  httpSchema,
  limitsSchema,
  listenSchema,
  type ListenSettings,
  metricsSchema,
  serverSchema,
  type Settings,
  tlsSchema,
} from "./settings.ts";
import { type Origin, Sources } from "./sources.ts";
import { shortValue } from "./toml.ts";

/** What to read, and what there is to configure. */
export interface Request extends Offer {
  /** The file; without it only environment and overrides count. */
  readonly path?: string;
  readonly env: Environment;
  /** What the command line says: wins over everything. */
  readonly overrides?: Tree;
  /** False checks a configuration where its secrets are not at hand. */
  readonly secrets?: boolean;
}

/** Where values came from, and the values as they were written. */
export interface Origins {
  readonly tree: Tree;
  readonly catalog: Catalog;
  originOf(path: KeyPath): Origin;
}

/** The settings, or what is wrong. Warnings stop nothing. */
export type Outcome =
  | { readonly settings: Settings; readonly origins: Origins; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads everything and checks it. */
export function readSettings(request: Request): Outcome {
  const sources = new Sources();
  const catalog = catalogOf(request);
  const { path, env, overrides = {}, secrets = true } = request;
  // A file that cannot be parsed lacks keys that others need: its own fault is the one worth telling.
  if (path !== undefined && !addFiles(sources, path)) return outcome(sources);
  addEnvironment(sources, env, catalog.root);
  sources.override(overrides, { kind: "command line", source: "command line", folder: "" });
  fillPlaceholders(sources, env, secrets);
  prepare(sources, catalog.root, secrets);
  const settings = readSections(sources, catalog, env, path);
  if (Object.keys(settings.hosts).length === 0 && !sources.problems.some((it) => it.severity === "error")) {
    noHost(sources, path);
  }
  const end = outcome(sources);
  if (end.problems.length > 0) return end;
  return { settings: deepFreeze(settings), origins: originsOf(sources, catalog), warnings: end.warnings };
}

/** What a start without any configuration wants. */
export interface DefaultRequest extends Offer {
  readonly env: Environment;
  /** "localhost" when absent. */
  readonly host?: string;
  /** Whether anybody may register; otherwise only who connects from this machine. */
  readonly register?: boolean;
  readonly data?: string;
  /** More from the command line. */
  readonly overrides?: Tree;
}

/** The settings of a start with no configuration: one host, its services, registration for this machine. */
export function defaultSettings(request: DefaultRequest): Outcome {
  const { host = "localhost", register = false, data, overrides = {}, ...offer } = request;
  const canRegister = request.plugins.some((plugin) => plugin.name === REGISTRATION.plugin);
  const registration = { [REGISTRATION.option]: register ? REGISTRATION.everybody : REGISTRATION.loopback };
  const base: Tree = {
    ...(data === undefined ? {} : { server: { data } }),
    ...(canRegister ? { defaults: { [REGISTRATION.plugin]: registration } } : {}),
    host: { [host]: {} },
  };
  const sources = new Sources();
  const origin: Origin = { kind: "command line", source: "command line", folder: "" };
  sources.override(base, origin);
  sources.override(overrides, origin);
  return readSettings({ ...offer, overrides: sources.tree });
}

/** How the registration plugin is told who may register: the one plugin that a start by flags must know. */
export const REGISTRATION = {
  plugin: "registration",
  option: "open",
  everybody: "everybody",
  loopback: "loopback",
} as const;

/** The paths of plugins on disk, needed before their schemas can be known. Problems are left to readSettings. */
export function pluginFiles(request: Omit<Request, keyof Offer>): readonly string[] {
  const files = valueAt(unchecked(request), ["server", "plugin_files"]);
  return Array.isArray(files) ? files.filter((file) => typeof file === "string") : [];
}

/** Where a server is to be found, as far as that can be said although its configuration may be broken just now. */
export function serverFolders(request: Omit<Request, keyof Offer>): { data: string; run: string } {
  const tree = unchecked(request);
  const said = (key: string): string | undefined => {
    const value = valueAt(tree, ["server", key]);
    return typeof value === "string" ? value : undefined;
  };
  const folders = defaultFolders(request.env, request.path);
  const data = said("data") ?? folders.data;
  return { data, run: said("run") ?? folders.run(data) };
}

/** The values with their places filled and paths made whole, and nothing checked. */
function unchecked(request: Omit<Request, keyof Offer>): Tree {
  const sources = new Sources();
  const catalog = catalogOf({ plugins: [], services: [], listeners: [] });
  if (request.path !== undefined) addFiles(sources, request.path);
  addEnvironment(sources, request.env, catalog.root);
  sources.override(request.overrides ?? {}, { kind: "command line", source: "command line", folder: "" });
  fillPlaceholders(sources, request.env, false);
  prepare(sources, catalog.root, false);
  return sources.tree;
}

function readSections(
  sources: Sources,
  catalog: Catalog,
  env: Environment,
  path: string | undefined,
): Settings {
  const read = <T>(schema: z.ZodType<T>, ...key: string[]): T => {
    const result = schema.safeParse(valueAt(sources.tree, key));
    if (result.success) return result.data;
    reportIssues(sources, catalog.root, result.error, { place: (inner) => [...key, ...inner] });
    // Never seen by anybody: a problem was reported, so the settings are not handed out.
    return schema.parse(undefined);
  };
  for (const key of ["listen", "defaults", "host"]) {
    const value = sources.tree[key];
    if (value !== undefined && !isTree(value)) {
      sources.report([key], "expected a table", { value: shortValue(value) });
    }
  }
  const folders = defaultFolders(env, path);
  const server = read(serverSchema, "server");
  const data = server.data ?? folders.data;
  const tls = read(tlsSchema, "tls");
  return {
    server: { ...server, data, run: server.run ?? folders.run(data) },
    listen: readListeners(sources, catalog, (kind) => read(listenSchema(kind), "listen", kind)),
    tls: { ...tls, certs_dir: tls.certs_dir ?? joinPath(data, "certs") },
    limits: read(limitsSchema, "limits"),
    dns: read(dnsSchema, "dns"),
    metrics: read(metricsSchema, "metrics"),
    http: read(httpSchema, "http"),
    hosts: readHosts(sources, catalog),
  };
}

function readListeners(
  sources: Sources,
  catalog: Catalog,
  read: (kind: string) => ListenSettings,
): Record<string, ListenSettings> {
  const listen: Record<string, ListenSettings> = {};
  const taken = new Map<string, string>();
  for (const kind of catalog.listeners) {
    const listener = read(kind);
    if (!listener.enabled) continue;
    listen[kind] = listener;
    for (const address of listener.at) {
      const text = formatAddress(address);
      const other = taken.get(text);
      if (other !== undefined && address.port !== 0) {
        sources.report(["listen", kind, "at"], `${text} is taken by listen.${other}`);
      }
      taken.set(text, kind);
    }
  }
  return listen;
}

function noHost(sources: Sources, path: string | undefined): void {
  sources.problems.push({
    severity: "error",
    source: path ?? "",
    key: "host",
    rule: 'no host is configured or enabled; add one: [host."example.org"]',
    help: "metronome config explain host",
  });
}

function outcome(sources: Sources): { problems: Problem[]; warnings: Problem[] } {
  // Defaults are seen once by themselves and once in every host: one report is enough.
  const unique = [...new Map(sources.problems.map((it) => [describeProblem(it), it])).values()].sort(inOrder);
  return {
    problems: unique.filter((it) => it.severity === "error"),
    warnings: unique.filter((it) => it.severity === "warning"),
  };
}

/** File by file, each from top to bottom. */
function inOrder(a: Problem, b: Problem): number {
  return a.source === b.source ? (a.line ?? 0) - (b.line ?? 0) : a.source < b.source ? -1 : 1;
}

function originsOf(sources: Sources, catalog: Catalog): Origins {
  return { tree: sources.tree, catalog, originOf: (path) => sources.originOf(path) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) {
    return value;
  }
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
