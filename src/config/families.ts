/**
 * Which hosts there are, whose they are and how they belong together: the hosts that are written out, the
 * services that user hosts bring, and the parents of components.
 */
import { type Catalog, servicesSchema } from "./catalog.ts";
import { isTree, mergeTrees, type Tree } from "./key.ts";
import { nearest } from "./problems.ts";
import { domain } from "./schema.ts";
import type { ServiceSchema } from "./settings.ts";
import type { Sources } from "./sources.ts";
import { shortValue } from "./toml.ts";

/** A host and its place in the family. */
export interface Member {
  readonly domain: string;
  /** The key of its table as written; undefined for hosts that came with their parent. */
  readonly written: string | undefined;
  readonly own: Tree;
  readonly enabled: boolean;
  kind: string;
  parent: string | undefined;
  /** Its services: name to domain. */
  services: Record<string, string>;
}

type Members = Map<string, Member>;

/** All hosts by domain, the disabled ones too. */
export function readFamilies(sources: Sources, catalog: Catalog): Members {
  const members = writtenHosts(sources, catalog);
  const claims = claimsOf(sources, catalog, members);
  for (const member of members.values()) {
    const claim = claims.get(member.domain);
    if (member.kind === "") member.kind = claim?.service ?? "user";
    else if (claim !== undefined && claim.service !== member.kind) clash(sources, member, claim);
  }
  for (const [place, { service, parent }] of claims) {
    const known = members.get(place);
    if (known === undefined) {
      const derived: Member = {
        domain: place,
        written: undefined,
        own: {},
        enabled: true,
        kind: service,
        parent,
        services: {},
      };
      members.set(place, derived);
    } else if (known.kind === service) known.parent = parent;
    if (members.get(place)?.enabled === true) servicesOf(members, parent)[service] = place;
  }
  for (const member of members.values()) findParent(sources, members, member);
  return members;
}

interface Claim {
  readonly service: string;
  readonly parent: string;
}

function writtenHosts(sources: Sources, catalog: Catalog): Members {
  const members: Members = new Map();
  for (const [written, own] of Object.entries(isTree(sources.tree.host) ? sources.tree.host : {})) {
    const name = domain().safeParse(written);
    if (!name.success) sources.report(["host", written], 'expected a domain such as "example.org"');
    else if (!isTree(own)) sources.report(["host", written], "expected a table", { value: shortValue(own) });
    else if (members.has(name.data)) sources.report(["host", written], "this host is written twice");
    else {
      members.set(name.data, {
        domain: name.data,
        written,
        own,
        enabled: own.enabled !== false,
        kind: kindOf(sources, catalog, written, own),
        parent: undefined,
        services: {},
      });
    }
  }
  return members;
}

/** The written kind; "" when none is, or none that is known. */
function kindOf(sources: Sources, catalog: Catalog, written: string, own: Tree): string {
  const { kind } = own;
  if (typeof kind !== "string") return "";
  if (catalog.kinds.has(kind)) return kind;
  const suggestion = nearest(kind, catalog.kinds);
  sources.report(["host", written, "kind"], `expected one of ${[...catalog.kinds].join(", ")}`, {
    value: JSON.stringify(kind),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  return "";
}

/** Domains that user hosts want for their services. A host that is claimed is no user host, unless it says so. */
function claimsOf(sources: Sources, catalog: Catalog, members: Members): Map<string, Claim> {
  const candidates = [...members.values()].filter((it) =>
    it.enabled && (it.kind === "" || it.kind === "user")
  );
  const first = new Set(
    candidates.flatMap((it) => wishes(sources, catalog, members, it).map(([place]) => place)),
  );
  const claims = new Map<string, Claim>();
  for (const host of candidates) {
    if (host.kind === "" && first.has(host.domain)) continue;
    for (const [place, service] of wishes(sources, catalog, members, host)) {
      const other = claims.get(place);
      if (other !== undefined) {
        sources.report(
          ["host", host.written ?? host.domain, "services", service],
          `${place} is the ${other.service} service of ${other.parent} already`,
        );
      } else claims.set(place, { service, parent: host.domain });
    }
    Object.assign(host.services, atHome(sources, catalog, members, host));
  }
  return claims;
}

/** Domains beside its own that a host wants, each with its service. */
function wishes(
  sources: Sources,
  catalog: Catalog,
  members: Members,
  host: Member,
): [place: string, service: string][] {
  const wanted: [string, string][] = [];
  for (const service of catalog.services.values()) {
    const said = saying(sources, catalog, host, service);
    if (said === undefined) continue;
    const own = ownPlace(sources, catalog, members, host, service);
    if (own !== undefined) wanted.push([own, service.name]);
    else if (said !== "@") {
      const place = said.includes(".") ? said : `${said}.${host.domain}`;
      wanted.push([place.toLowerCase(), service.name]);
    }
  }
  return wanted;
}

/** A host that was written for a service takes the place of the default one. */
function ownPlace(
  sources: Sources,
  catalog: Catalog,
  members: Members,
  host: Member,
  service: ServiceSchema,
): string | undefined {
  return isDefault(sources, catalog, host, service) ? writtenService(members, host, service.name) : undefined;
}

/** `[host."rooms.example.org"] kind = "muc"`, instead of the default `muc.example.org`. */
function writtenService(members: Members, host: Member, service: string): string | undefined {
  for (const member of members.values()) {
    const near = member.own.parent === host.domain ||
      (member.own.parent === undefined && member.domain.endsWith(`.${host.domain}`));
    if (member.kind === service && member.enabled && near) return member.domain;
  }
  return undefined;
}

function atHome(
  sources: Sources,
  catalog: Catalog,
  members: Members,
  host: Member,
): Record<string, string> {
  const home: Record<string, string> = {};
  for (const service of catalog.services.values()) {
    if (saying(sources, catalog, host, service) !== "@") continue;
    if (ownPlace(sources, catalog, members, host, service) === undefined) home[service.name] = host.domain;
  }
  return home;
}

function said(
  sources: Sources,
  catalog: Catalog,
  host: Member,
): Readonly<Record<string, boolean | string | undefined>> {
  const layers = [
    isTree(sources.tree.defaults) ? sources.tree.defaults.services : undefined,
    host.own.services,
  ];
  const merged = layers.reduce<Tree>((below, layer) => isTree(layer) ? mergeTrees(below, layer) : below, {});
  // What is wrong with it is reported when the host's options are read.
  return servicesSchema(catalog.services).safeParse(merged).data ?? {};
}

function isDefault(sources: Sources, catalog: Catalog, host: Member, { name }: ServiceSchema): boolean {
  const value = said(sources, catalog, host)[name];
  return value === undefined || value === true;
}

function saying(
  sources: Sources,
  catalog: Catalog,
  host: Member,
  service: ServiceSchema,
): string | undefined {
  const value = said(sources, catalog, host)[service.name] ?? true;
  return value === true ? service.at : value === false ? undefined : value;
}

function servicesOf(members: Members, parent: string): Record<string, string> {
  return members.get(parent)?.services ?? {};
}

function clash(sources: Sources, member: Member, claim: Claim): void {
  sources.report(
    ["host", member.written ?? member.domain],
    `is a host of kind "${member.kind}", but also the ${claim.service} service of ${claim.parent}; ` +
      `rename that or switch it off: host."${claim.parent}".services.${claim.service} = false`,
  );
}

/** A component belongs to the user host with the longest name that its own name ends in. */
function findParent(sources: Sources, members: Members, member: Member): void {
  const { parent: named } = member.own;
  const path = ["host", member.written ?? member.domain, "parent"];
  if (member.kind === "user") {
    if (named !== undefined) sources.report(path, "a user host has no parent");
    return;
  }
  if (typeof named === "string") {
    const parent = members.get(named.toLowerCase());
    if (parent?.kind === "user") member.parent = parent.domain;
    else sources.report(path, "expected the domain of a user host", { value: JSON.stringify(named) });
    return;
  }
  if (member.parent !== undefined) return;
  let best = "";
  for (const { domain: name, kind } of members.values()) {
    if (kind === "user" && member.domain.endsWith(`.${name}`) && name.length > best.length) {
      best = name;
    }
  }
  member.parent = best === "" ? undefined : best;
}
