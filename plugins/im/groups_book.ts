/**
 * Shared groups as they are at one moment; never changed, another book takes its place. Members of a group see each other
 * ("both"). Everybody on the host sees the members of a group that is for everybody ("to"), who do not see everybody.
 */
import { encodeHex, encodeUtf8, hmac, Jid, Lru } from "#plugin";
import type { RosterItem } from "./api.ts";

export interface Member {
  /** Bare. */
  readonly jid: Jid;
  readonly name: string | undefined;
}

export interface Group {
  readonly name: string;
  /** Everybody on the host sees its members. */
  readonly everybody: boolean;
  readonly members: readonly Member[];
}

type Items = ReadonlyMap<string, RosterItem>;

/** Accounts whose contacts, and versions of them, are remembered. */
const REMEMBERED = 1000;
const NOBODY: Items = new Map();
const UNKEYED = encodeUtf8("groups");

export class GroupBook {
  readonly #ofMember = new Map<string, Group[]>();
  readonly #forEverybody: readonly Group[];
  readonly #items = new Lru<string, Items>(REMEMBERED);
  readonly #versions = new Lru<string, string>(REMEMBERED);

  constructor(private readonly domain: string, readonly groups: readonly Group[]) {
    for (const group of groups) {
      for (const { jid } of group.members) {
        const key = jid.toString();
        const own = this.#ofMember.get(key);
        if (own === undefined) this.#ofMember.set(key, [group]);
        else own.push(group);
      }
    }
    this.#forEverybody = groups.filter(({ everybody }) => everybody);
  }

  /** What an account has through its groups, by address. */
  items(local: string): Items {
    if (this.groups.length === 0) return NOBODY;
    const groups = this.#ofMember.get(this.#address(local));
    if (groups === undefined && this.#forEverybody.length === 0) return NOBODY;
    let items = this.#items.get(local);
    if (items === undefined) this.#items.set(local, items = this.#collect(local, groups ?? []));
    return items;
  }

  get(local: string, contact: Jid): RosterItem | undefined {
    return this.items(local).get(contact.bare.toString());
  }

  /** Whether everybody on the host sees an account's presence. */
  isPublic(local: string): boolean {
    return this.#forEverybody.length > 0 &&
      this.#ofMember.get(this.#address(local))?.some(({ everybody }) => everybody) === true;
  }

  sees(local: string, contact: Jid): boolean {
    return contact.domain === this.domain && contact.local !== "" && this.isPublic(local);
  }

  version(local: string): string {
    const items = this.items(local);
    if (items.size === 0) return "";
    let version = this.#versions.get(local);
    if (version === undefined) this.#versions.set(local, version = versionOf(items));
    return version;
  }

  /** Whether an account is in a group. */
  isMember(local: string): boolean {
    return this.#ofMember.has(this.#address(local));
  }

  #address(local: string): string {
    return `${local}@${this.domain}`;
  }

  #collect(local: string, own: readonly Group[]): Items {
    const items = new Map<string, RosterItem>();
    const account = this.#address(local);
    const add = (group: Group, subscription: "both" | "to"): void => {
      for (const { jid, name } of group.members) {
        const key = jid.toString();
        if (key === account) continue;
        const before = items.get(key);
        items.set(key, {
          jid,
          name: before?.name ?? name,
          subscription: before?.subscription ?? subscription,
          ask: false,
          approved: false,
          groups: [...before?.groups ?? [], group.name],
        });
      }
    };
    for (const group of own) add(group, "both");
    for (const group of this.#forEverybody) if (!own.includes(group)) add(group, "to");
    return items;
  }
}

function versionOf(items: Items): string {
  const lines = [...items].map(([jid, { name, subscription, groups }]) =>
    JSON.stringify([jid, name, subscription, groups])
  );
  return encodeHex(hmac("SHA-1", UNKEYED, lines.sort().join("\n"))).slice(0, 16);
}
