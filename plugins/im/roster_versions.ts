/**
 * Roster versions (RFC 6121 §2.6): every change has a number, and the last removals are remembered, so that a client with
 * an older version gets only what has changed since. A version is `epoch.number`; the epoch is random and new for every
 * account, so that the versions of an account that was removed mean nothing to one of the same name.
 */
import { type HostScope, type Keyval, keyval, randomId } from "#plugin";

interface Record {
  readonly epoch: string;
  readonly ver: number;
  /** Clients with an older version need the whole roster: a removal since then is forgotten. */
  readonly floor: number;
  /** Contacts that were removed, oldest first. */
  readonly gone: readonly (readonly [contact: string, ver: number])[];
}

/** Removals that are remembered for each account. */
export const REMEMBERED_REMOVALS = 100;
/** The version of a roster that was never changed. */
const UNTOUCHED = "0";

export const rosterVersions = keyval<Record>("roster.version");

export class Versions {
  readonly #records: Keyval<Record>;

  constructor(host: HostScope<unknown>) {
    this.#records = host.open(rosterVersions);
  }

  /** The version of a roster as it is. */
  current(local: string): string {
    const record = this.#records.get(local);
    return record === undefined ? UNTOUCHED : `${record.epoch}.${record.ver}`;
  }

  /** Counts a change of a contact's item, or its removal; gives the number of the change. */
  next(local: string, contact: string, removed: boolean): number {
    const old = this.#records.get(local) ?? { epoch: randomId(6), ver: 0, floor: 0, gone: [] };
    const ver = old.ver + 1;
    const gone = old.gone.filter(([jid]) => jid !== contact);
    if (removed) gone.push([contact, ver]);
    let { floor } = old;
    if (gone.length > REMEMBERED_REMOVALS) floor = gone.shift()![1];
    this.#records.set(local, { epoch: old.epoch, ver, floor, gone });
    return ver;
  }

  /** The number in a client's version; undefined where nothing is known of the changes since then. */
  known(local: string, version: string): number | undefined {
    const record = this.#records.get(local);
    if (record === undefined) return version === UNTOUCHED ? 0 : undefined;
    const match = /^([^.]+)\.([1-9][0-9]{0,14})$/.exec(version);
    if (match === null || match[1] !== record.epoch) return undefined;
    const ver = Number(match[2]);
    return ver >= record.floor && ver <= record.ver ? ver : undefined;
  }

  /** What was removed after a version, oldest first. */
  removedSince(local: string, ver: number): [contact: string, ver: number][] {
    const gone = this.#records.get(local)?.gone ?? [];
    return gone.filter(([, at]) => at > ver).map(([contact, at]) => [contact, at]);
  }

  /** The number of the last change; 0 where there was none. */
  latest(local: string): number {
    return this.#records.get(local)?.ver ?? 0;
  }

  /** The version that belongs to a number. */
  spelled(local: string, ver: number): string {
    const record = this.#records.get(local);
    return record === undefined ? UNTOUCHED : `${record.epoch}.${ver}`;
  }

  clear(local: string): void {
    this.#records.set(local, undefined);
  }
}
