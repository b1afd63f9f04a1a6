/**
 * The shared groups of a host as they change: those of the file and those that administrators have stored. When they are
 * others, everybody who is online hears of it; the others find them in their roster when they come.
 */
import { defineSlot, type HostScope, Jid, map, type MapStore, nextTurn } from "#plugin";
import { type RosterChange, type RosterItem, type SharedContacts, sharedContactsChanged } from "./api.ts";
import { type Group, GroupBook } from "./groups_book.ts";

/** As it is stored under the group's name. */
interface StoredGroup {
  readonly everybody?: true;
  /** Address and name. */
  readonly members: readonly (readonly [jid: string, name?: string])[];
}

const stored = map<StoredGroup>("groups");
/** What a reload leaves as it is; the groups that it changed are shown only when it has succeeded. */
interface Shown {
  book: GroupBook;
  /** Accounts that are online and still to be told, with the groups that they know of. */
  readonly untold: Map<string, GroupBook>;
  telling: Promise<void>;
}

const shown = defineSlot<Shown>("groups");

/** Changes that clients are told of before everything else gets its turn. */
const SLICE = 256;

export class Groups implements SharedContacts {
  readonly #store: MapStore<StoredGroup>;
  readonly #shown: Shown;
  #inFile: readonly Group[];
  /** The groups may have become others than those that are shown: nothing else needs a comparison. */
  #stale = true;

  constructor(private readonly host: HostScope<unknown>, inFile: readonly Group[]) {
    this.#store = host.open(stored);
    this.#inFile = inFile;
    this.#shown = host.hold(shown, () => ({
      book: this.#read(),
      untold: new Map(),
      telling: Promise.resolve(),
    }));
  }

  // --- for the roster ---------------------------------------------------------------------------------------------

  get(local: string, contact: Jid): RosterItem | undefined {
    return this.#shown.book.get(local, contact);
  }

  items(local: string): readonly RosterItem[] {
    const items = this.#shown.book.items(local);
    return items.size === 0 ? NONE : [...items.values()];
  }

  sees(local: string, contact: Jid): boolean {
    return this.#shown.book.sees(local, contact);
  }

  version(local: string): string {
    return this.#shown.book.version(local);
  }

  told(local: string): string {
    return (this.#shown.untold.get(local) ?? this.#shown.book).version(local);
  }

  watchers(local: string): Jid[] {
    const { book } = this.#shown;
    const watchers: Jid[] = [];
    if (!book.isPublic(local)) return watchers;
    const account = Jid.of(local, this.host.domain);
    for (const viewer of this.#online()) {
      if (book.get(viewer, account)?.subscription === "to") watchers.push(Jid.of(viewer, this.host.domain));
    }
    return watchers;
  }

  #online(): Set<string> {
    const online = new Set<string>();
    for (const session of this.host.allSessions()) online.add(session.username);
    return online;
  }

  // --- for administrators -----------------------------------------------------------------------------------------

  get all(): readonly Group[] {
    return this.#shown.book.groups;
  }

  isInFile(name: string): boolean {
    return this.#inFile.some((group) => group.name === name);
  }

  /** The groups that administrators have made. */
  get stored(): Group[] {
    return this.#store.entries("").map(([name, { everybody, members }]) => ({
      name,
      everybody: everybody === true,
      members: members.map(([jid, own]) => ({ jid: Jid.parse(jid), name: own })),
    }));
  }

  /** Makes a group, changes it, or with `undefined` removes it; resolves when everybody online knows. */
  put(name: string, group: Group | undefined): Promise<void> {
    this.#write(name, group);
    return this.renew();
  }

  /** An account is gone: whoever takes its name later must not find itself in its groups. */
  forget(local: string): void {
    if (!this.#stale && !this.#shown.book.isMember(local)) return;
    const account = Jid.of(local, this.host.domain);
    for (const group of this.stored) {
      const members = group.members.filter(({ jid }) => !jid.equals(account));
      if (members.length < group.members.length) this.#write(group.name, { ...group, members });
    }
  }

  /** The file says something else now. */
  replaceFile(groups: readonly Group[]): Promise<void> {
    this.#inFile = groups;
    this.#stale = true;
    return this.renew();
  }

  #write(name: string, group: Group | undefined): void {
    this.#stale = true;
    const members = group?.members.map(({ jid, name: own }) =>
      own === undefined ? [jid.toString()] as const : [jid.toString(), own] as const
    );
    this.#store.set(
      "",
      name,
      members === undefined ? undefined : { members, ...(group!.everybody ? { everybody: true } : {}) },
    );
  }

  // --- changes ----------------------------------------------------------------------------------------------------

  /** The groups have become others, and nobody was told: a reload is under way. */
  get isBehind(): boolean {
    return !same(this.#shown.book.groups, this.#read().groups);
  }

  /** Goes over to the groups as they are now, if they are others. */
  renew(): Promise<void> {
    const shown = this.#shown;
    if (!this.#stale) return shown.telling;
    this.#stale = false;
    const before = shown.book;
    const after = this.#read();
    if (same(before.groups, after.groups)) return shown.telling;
    shown.book = after;
    for (const local of this.#online()) if (!shown.untold.has(local)) shown.untold.set(local, before);
    // Also those who have gone before they were told: they may come back in time to hear a part of it.
    const locals = [...shown.untold.keys()];
    const told = shown.telling.then(() => this.#tell(locals, before, after));
    this.host.spawn(() => told);
    shown.telling = told.catch(() => {});
    return shown.telling;
  }

  #read(): GroupBook {
    const inFile = new Set(this.#inFile.map(({ name }) => name));
    // Of two groups with one name that of the file counts: it is what the administrator sees there.
    const own = this.stored.filter(({ name }) => !inFile.has(name));
    return new GroupBook(this.host.domain, [...this.#inFile, ...own]);
  }

  async #tell(locals: readonly string[], before: GroupBook, after: GroupBook): Promise<void> {
    const { untold } = this.#shown;
    let work = 0;
    for (const local of locals) {
      const changes = difference(local, before.items(local), after.items(local));
      const versions = { before: before.version(local), after: after.version(local) };
      for (let start = 0; start < changes.length; start += SLICE) {
        if (work >= SLICE) {
          work = 0;
          await nextTurn();
        }
        const slice = changes.slice(start, start + SLICE);
        const last = start + SLICE >= changes.length;
        this.host.emit(sharedContactsChanged, {
          local,
          changes: slice,
          versions: { before: versions.before, after: last ? versions.after : versions.before },
        });
        work += slice.length;
      }
      // The next change may be waiting already.
      if (after === this.#shown.book) untold.delete(local);
      else untold.set(local, after);
    }
  }
}

const NONE: readonly RosterItem[] = Object.freeze([]);

function difference(
  local: string,
  before: ReadonlyMap<string, RosterItem>,
  after: ReadonlyMap<string, RosterItem>,
): RosterChange[] {
  const changes: RosterChange[] = [];
  for (const [key, item] of before) {
    const next = after.get(key);
    if (next === undefined || !same(item, next)) {
      changes.push({ local, contact: item.jid, before: item, after: next });
    }
  }
  for (const [key, item] of after) {
    if (!before.has(key)) changes.push({ local, contact: item.jid, before: undefined, after: item });
  }
  return changes;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
