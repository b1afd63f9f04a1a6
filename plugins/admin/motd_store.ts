/**
 * The message of the day as it is now: the newer of what the configuration says and what an administrator has set. Every
 * message has a revision, by which an account remembers that it has seen it.
 */
import { type HostScope, type Keyval, keyval, randomId } from "#plugin";

interface Record {
  /** Undefined where there is none. */
  readonly text?: string;
  readonly revision: string;
  /** What the configuration said at the time: when that changes, it is the newer one. */
  readonly configured?: string;
}

export interface Motd {
  readonly text: string;
  readonly revision: string;
}

const records = keyval<Record>("motd");
const seen = keyval<string>("motd.seen");

export class MotdStore {
  readonly #records: Keyval<Record>;
  readonly #seen: Keyval<string>;
  /** What is stored, once it was read; every session that comes online asks. */
  #kept: Record | undefined | null = null;

  constructor(private readonly host: HostScope<unknown>, private readonly configured: string | undefined) {
    this.#records = host.open(records);
    this.#seen = host.open(seen);
  }

  get current(): Motd | undefined {
    const kept = this.#kept === null ? this.#kept = this.#records.get("") : this.#kept;
    if (kept?.configured !== this.configured) return this.#keep(this.configured, randomId(6));
    return kept?.text === undefined ? undefined : { text: kept.text, revision: kept.revision };
  }

  /** A new message, that nobody has seen yet. */
  set(text: string): void {
    this.#keep(text, randomId(6));
  }

  /** Other words for the same message: who has seen it does not see it again. */
  edit(text: string): void {
    this.#keep(text, this.current?.revision ?? randomId(6));
  }

  /** False where there was none. */
  remove(): boolean {
    if (this.current === undefined) return false;
    this.#keep(undefined, randomId(6));
    return true;
  }

  hasSeen(local: string, { revision }: Motd): boolean {
    return this.#seen.get(local) === revision;
  }

  saw(local: string, { revision }: Motd): void {
    // A temporary account would leave its row behind.
    if (this.host.accounts.exists(local) && this.#seen.get(local) !== revision) {
      this.#seen.set(local, revision);
    }
  }

  #keep(text: string | undefined, revision: string): Motd | undefined {
    this.#kept = {
      revision,
      ...(text === undefined ? {} : { text }),
      ...(this.configured === undefined ? {} : { configured: this.configured }),
    };
    this.#records.set("", this.#kept);
    // Where the disk takes it back, memory goes back too.
    this.host.flush().catch(() => this.#kept = null);
    return text === undefined ? undefined : { text, revision };
  }
}
