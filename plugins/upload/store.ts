/** What is known of each file: whose it is, what was promised, whether it has come, until when it is kept. */
import { type HostScope, Lru, randomId, tables } from "#plugin";
import { type Purpose, PURPOSES } from "./options.ts";

const uploadTables = tables("uploads", {
  files: {
    columns: {
      id: "text",
      account: "text",
      name: "text",
      size: "integer",
      type: "text",
      purpose: "text",
      /** When the place was asked for. */
      at: "integer",
      /** When it goes; FOREVER for never. */
      until: "integer",
      here: "boolean",
    },
    key: ["id"],
    indexes: { by_account: ["account", "at", "id"], by_until: ["until"] },
  },
});

/** Whose file it is that only waits to be taken off the disk. */
export const NOBODY = "";
/** As a number that a column holds. */
const FOREVER = Number.MAX_SAFE_INTEGER;
/** Rows read at a time. */
const SLICE = 500;
/** Accounts whose sums are remembered. */
const REMEMBERED = 1000;

/** A file that is here or is expected. */
export interface StoredFile {
  readonly id: string;
  /** The bare address of the account; NOBODY for what is about to go. */
  readonly account: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly purpose: Purpose;
  readonly at: number;
  readonly until: number;
  readonly here: boolean;
}

/** Bytes of an account for each purpose, and how many of its files have not come yet. */
export interface Sums {
  readonly bytes: Record<Purpose, number>;
  expected: number;
}

export class UploadStore {
  readonly #files;
  readonly #sums = new Lru<string, Sums>(REMEMBERED);
  #total: number | undefined;

  constructor(host: HostScope<unknown>) {
    this.#files = host.open(uploadTables).files;
  }

  /** Notes a file that is to come. */
  expect(file: Omit<StoredFile, "id" | "here">): StoredFile {
    const stored: StoredFile = { ...file, id: randomId(18), here: false };
    const until = Math.min(file.until, FOREVER);
    this.#files.insert("", { ...stored, until });
    this.#count(stored, 1);
    return stored;
  }

  find(id: string): StoredFile | undefined {
    const row = this.#files.get("", { id });
    return row === undefined ? undefined : fileOf(row);
  }

  /** It has come, and is kept until then. */
  arrived(file: StoredFile, until: number): void {
    this.#files.update("", { id: file.id }, { here: true, until: Math.min(until, FOREVER) });
    const sums = this.#sums.get(file.account);
    if (sums !== undefined) sums.expected--;
  }

  /** Nobody's from now on: nobody gets it or pays for it, whenever it goes from the disk. */
  release(file: StoredFile): void {
    if (file.account === NOBODY) return;
    if (this.#files.update("", { id: file.id }, { account: NOBODY, until: 0 })) this.#count(file, -1);
  }

  /** Tries to take a released file off the disk later. */
  postpone(file: StoredFile, until: number): void {
    this.#files.update("", { id: file.id }, { until });
  }

  /** Forgets a file that was released and is gone. */
  remove(file: StoredFile): void {
    this.#files.delete("", { id: file.id });
  }

  /** Some files whose time is over, oldest first. */
  over(now: number): StoredFile[] {
    return this.#files.range("", { index: "by_until", bounds: { to: now }, limit: SLICE }).map(fileOf);
  }

  /** The files of an account, oldest first. */
  *of(account: string): IterableIterator<StoredFile> {
    const index = "by_account";
    let rows = this.#files.range("", { index, where: { account }, limit: SLICE });
    for (let last = rows.at(-1); last !== undefined; last = rows.at(-1)) {
      yield* rows.map(fileOf);
      const { at, id } = last;
      rows = this.#files.range("", { index, where: { account, at }, bounds: { after: id }, limit: SLICE });
      if (rows.length > 0) continue;
      rows = this.#files.range("", { index, where: { account }, bounds: { after: at }, limit: SLICE });
    }
  }

  sums(account: string): Sums {
    const known = this.#sums.get(account);
    if (known !== undefined) return known;
    const sums: Sums = { bytes: { message: 0, profile: 0, ephemeral: 0, permanent: 0 }, expected: 0 };
    for (const { purpose, size, here } of this.of(account)) {
      sums.bytes[purpose] += size;
      if (!here) sums.expected++;
    }
    this.#sums.set(account, sums);
    return sums;
  }

  /** Bytes of all files of the host that are somebody's. */
  get total(): number {
    return this.#total ??= this.#addUp();
  }

  #addUp(): number {
    let total = 0;
    let after = "";
    while (true) {
      const rows = this.#files.range("", { bounds: { after }, limit: 10_000 });
      for (const { size, account } of rows) if (account !== NOBODY) total += size;
      if (rows.length < 10_000) return total;
      after = rows.at(-1)!.id;
    }
  }

  #count(file: StoredFile, sign: 1 | -1): void {
    if (this.#total !== undefined) this.#total += sign * file.size;
    const sums = this.#sums.get(file.account);
    if (sums === undefined) return;
    sums.bytes[file.purpose] += sign * file.size;
    if (!file.here) sums.expected += sign;
  }
}

function fileOf(row: Omit<StoredFile, "purpose"> & { readonly purpose: string }): StoredFile {
  const purpose = PURPOSES.find((it) => it === row.purpose) ?? "message";
  return { ...row, purpose, until: row.until === FOREVER ? Infinity : row.until };
}
