/**
 * Privacy lists as they are kept (XEP-0016 §2.1). A blocklist (XEP-0191) is the part of the default list whose items deny
 * everything from one address (XEP-0191 §5); who only ever blocks has a default list without knowing of it.
 */

/** What an item may be about: the children of `<item/>`, and all that only an item without children covers. */
export const MESSAGE = 1;
export const IQ = 2;
export const PRESENCE_IN = 4;
export const PRESENCE_OUT = 8;
/** Subscriptions and probes both ways, and messages and iqs that go out. */
export const OTHER = 16;
export const EVERYTHING = MESSAGE | IQ | PRESENCE_IN | PRESENCE_OUT | OTHER;

export interface Item {
  /** Left out for the one that takes all (§2.1, "fall-through"). */
  readonly type?: "jid" | "group" | "subscription";
  /** Canonical, where it is an address. */
  readonly value?: string;
  /** Left out for "deny". */
  readonly allow?: true;
  readonly order: number;
  /** What it is about; left out for everything. */
  readonly kinds?: number;
}

export interface PrivacyList {
  readonly name: string;
  /** By ascending order; never empty. */
  readonly items: readonly Item[];
}

/** All that an account has. Never changed: a list that stays as it is stays the same object. */
export interface PrivacyRecord {
  readonly default?: string;
  readonly lists: readonly PrivacyList[];
}

export const NO_LISTS: PrivacyRecord = Object.freeze({ lists: Object.freeze([]) });

export function listOf(record: PrivacyRecord, name: string | undefined): PrivacyList | undefined {
  return name === undefined ? undefined : record.lists.find((list) => list.name === name);
}

/** The record with a list added, replaced or, where it is undefined, removed. */
export function withList(record: PrivacyRecord, name: string, list: PrivacyList | undefined): PrivacyRecord {
  const others = record.lists.filter((other) => other.name !== name);
  if (list === undefined) {
    return asDefault({ lists: others }, record.default === name ? undefined : record.default);
  }
  const known = record.lists.some((other) => other.name === name);
  const lists = known ? record.lists.map((other) => other.name === name ? list : other) : [...others, list];
  return asDefault({ lists }, record.default);
}

/** The record with another default list, or none. */
export function asDefault({ lists }: PrivacyRecord, name: string | undefined): PrivacyRecord {
  return name === undefined ? { lists } : { default: name, lists };
}
