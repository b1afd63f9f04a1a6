/**
 * What can go wrong with stored data, in one error. The message is a whole sentence for the log: what failed, for
 * which store and owner, and what the operator can do. Values never appear in it.
 */

/**
 * Why it failed. `full`, `readonly`, `busy` and `io` come from the disk and may pass; `lost` means that an earlier
 * write of the same commit group was taken back; `corrupt` is one bad row or a damaged file; `newer`, `locked` and
 * `foreign` only happen when opening; `conflict` is a key that exists; `invalid` is a mistake of the caller.
 */
export type StorageFault =
  | "full"
  | "readonly"
  | "busy"
  | "io"
  | "lost"
  | "corrupt"
  | "newer"
  | "locked"
  | "foreign"
  | "migration"
  | "conflict"
  | "invalid"
  | "closed"
  | "failed";

/** Every failure of this floor. `fault` is for programs, `message` for people. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly fault: StorageFault;

  constructor(fault: StorageFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  full: "the disk is full; free some space, writing goes on by itself then",
  readonly:
    "the database cannot be written; check the owner and mode of the data folder and that it is not mounted read-only",
  busy: "another program holds the database; close it (a database shell, a backup tool) and try again",
  io: "the disk reported an error; look at the system log, check the disk",
  corrupt: "the database file is damaged; stop the server and restore the last copy",
  conflict: "a row with this key exists already, or a value broke a rule of its table",
  failed: "unexpected; please report it",
};

/** SQLite's primary result codes that have a meaning of their own here (https://sqlite.org/rescode.html). */
const CODES: Readonly<Record<number, StorageFault>> = {
  5: "busy",
  6: "busy",
  8: "readonly",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "io",
  19: "conflict",
  26: "corrupt",
};

/** `exec` and `open` report no code in this runtime, only SQLite's fixed English text. */
const TEXTS: readonly (readonly [string, StorageFault])[] = [
  ["disk is full", "full"],
  ["readonly", "readonly"],
  ["locked", "busy"],
  ["disk I/O", "io"],
  ["unable to open", "io"],
  ["malformed", "corrupt"],
  ["not a database", "corrupt"],
  ["constraint failed", "conflict"],
];

/** Turns whatever SQLite threw into a `StorageError`; `what` says what was being done, e.g. `writing store "roster"`. */
export function storageError(what: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const fault = faultOf(cause);
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(fault, `${what} failed: ${detail}; ${ADVICE[fault]}`, cause);
}

function faultOf(cause: unknown): StorageFault {
  if (!(cause instanceof Error)) return "failed";
  const code = (cause as { errcode?: unknown }).errcode;
  if (typeof code === "number") return CODES[code & 0xff] ?? "failed";
  for (const [text, fault] of TEXTS) if (cause.message.includes(text)) return fault;
  return "failed";
}
