/**
 * One server per data folder. An exclusive lock on `FILE.lock` is held for as long as the database is open; the
 * system drops it when the process dies, however it dies. The file keeps the process id for the error of the other.
 */
import { StorageError } from "./error.ts";

/** The lock of one database. */
export class Lock {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Takes the lock of a database file, or throws `locked` naming who has it. */
  static take(database: string): Lock {
    const path = `${database}.lock`;
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
    } catch (cause) {
      throw new StorageError(
        "readonly",
        `cannot write "${path}": ${
          reason(cause)
        }; the data folder must belong to the user that runs the server`,
        cause,
      );
    }
    if (!file.tryLockSync(true)) {
      const owner = holder(file);
      file.close();
      throw new StorageError(
        "locked",
        `"${database}" is in use by another server${owner}; stop that one first, or give this one another data folder`,
      );
    }
    file.truncateSync(0);
    file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    return new Lock(file);
  }

  /** Lets go. The file stays: removing it would race with a server that is just starting. */
  release(): void {
    this.#file.truncateSync(0);
    this.#file.unlockSync();
    this.#file.close();
  }
}

/** Some systems do not let others read a locked file; the error is good enough without the number then. */
function holder(file: Deno.FsFile): string {
  try {
    const bytes = new Uint8Array(32);
    const count = file.readSync(bytes) ?? 0;
    const pid = Number.parseInt(new TextDecoder().decode(bytes.subarray(0, count)), 10);
    return Number.isInteger(pid) ? ` (process ${pid})` : "";
  } catch {
    return "";
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
