/** Where files are asked a place for, under the limits of the host, and where those go whose time is over. */
import { type HostScope, type Jid, StanzaError } from "#plugin";
import type { Keeper } from "./keeper.ts";
import type { UploadOptions } from "./options.ts";
import type { SlotRequest } from "./slot_request.ts";
import type { StoredFile, UploadStore } from "./store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export class Desk {
  #tidying = false;
  #again = false;

  /** `coming` are the ids of files that are being sent now. */
  constructor(
    private readonly host: HostScope<UploadOptions>,
    readonly store: UploadStore,
    private readonly keeper: Keeper,
    readonly coming: Set<string>,
  ) {}

  /** A place for a file, or the StanzaError that says why there is none. */
  place(from: Jid, { name, size, type, purpose, until }: SlotRequest): StoredFile {
    const { config, clock } = this.host;
    const now = clock.now();
    const account = from.bare.toString();
    if (until <= now) throw new StanzaError("bad-request", "the file would have expired already");
    const { bytes, expected } = this.store.sums(account);
    if (expected >= config.slots) {
      throw new StanzaError("resource-constraint", "send the files that you have asked a place for first");
    }
    const { quota } = config[purpose];
    if (size > quota) {
      throw new StanzaError("not-acceptable", `at most ${quota} bytes may be had for that purpose`);
    }
    const older = this.#inTheWay(account, purpose, bytes[purpose] + size - quota);
    const freed = older.reduce((sum, file) => sum + file.size, 0);
    if (config.host_quota !== Infinity && this.store.total - freed + size > config.host_quota) {
      throw new StanzaError("resource-constraint", "there is no room for more files on this server");
    }
    if (older.length > 0) this.remove(older);
    return this.store.expect({
      account,
      name,
      size,
      type,
      purpose,
      at: now,
      until: now + config.slot_timeout,
    });
  }

  /** A file has come now. `wish` is when its sender wants it to be gone. */
  arrived(file: StoredFile, wish: number): void {
    this.store.arrived(file, Math.min(this.host.clock.now() + this.host.config[file.purpose].keep, wish));
  }

  /** Nobody gets them from now on; from the disk they go as soon as may be, after a crash too. */
  remove(files: readonly StoredFile[]): void {
    for (const file of files) this.store.release(file);
    this.tidy();
  }

  /** Removes all files of an account; says how many. */
  purge(account: string): number {
    const files = [...this.store.of(account)];
    this.remove(files);
    return files.length;
  }

  /** Takes what is over and what was removed off the disk. */
  tidy(): void {
    this.#again = true;
    if (this.#tidying) return;
    this.#tidying = true;
    this.host.spawn(async (signal) => {
      try {
        while (this.#again && !signal.aborted) {
          this.#again = false;
          await this.#sweep(signal);
        }
      } finally {
        this.#tidying = false;
      }
    });
  }

  /** So much at a time that nobody waits for it. */
  async #sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What is still being sent may take longer than it may take to begin.
      const over = this.store.over(this.host.clock.now()).filter(({ id }) => !this.coming.has(id));
      if (over.length === 0) return;
      for (const file of over) {
        if (signal.aborted) return;
        this.store.release(file);
        try {
          await this.keeper.remove(file, signal);
          this.store.remove(file);
        } catch (error) {
          this.host.log.warn("a file could not be deleted; it is tried again in an hour", {
            id: file.id,
            error,
          });
          this.store.postpone(file, this.host.clock.now() + HOUR);
        }
      }
    }
  }

  /** The oldest files that make room for `wanted` bytes. What is meant to stay makes none. */
  #inTheWay(account: string, purpose: string, wanted: number): StoredFile[] {
    if (wanted <= 0) return [];
    if (purpose === "profile" || purpose === "permanent") {
      throw new StanzaError("resource-constraint", "your files have all the room they may have; delete some");
    }
    const found: StoredFile[] = [];
    let freed = 0;
    for (const file of this.store.of(account)) {
      if (file.purpose !== purpose || !file.here) continue;
      found.push(file);
      freed += file.size;
      if (freed >= wanted) return found;
    }
    throw new StanzaError(
      "resource-constraint",
      "files that you have asked a place for need all the room there is",
    );
  }
}

/** How long a browser or a proxy may keep a file without asking: it never changes, but it goes. */
export function secondsLeft(file: StoredFile, now: number): number {
  return Math.max(0, Math.min(365 * DAY, file.until - now) / 1000 | 0);
}
