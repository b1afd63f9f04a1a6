/**
 * Executions that wait for their next form: plain data, so that they outlive a reload; few and short-lived, whoever asks.
 * An id says whether it was ever given out, so that nothing is remembered of executions that have ended.
 */
import { randomId, StanzaError } from "#plugin";
import { badRequest, sessionExpired } from "./command_faults.ts";

/** Executions that may wait on one host at a time. */
const MOST = 1000;

/** What was submitted at a stage, checked. */
export type Filled = Readonly<Record<string, unknown>>;

/** One execution (XEP-0050 §3.3). */
export interface Execution {
  readonly id: string;
  readonly node: string;
  /** The full address of whom it belongs to. */
  readonly requester: string;
  /** By stage. */
  readonly filled: (Filled | undefined)[];
  stage: number;
  /** When it ends if nothing more comes, on the monotonic clock. */
  until: number;
  /** What was submitted last is still being worked on. */
  busy: boolean;
}

export class CommandSessions {
  /** By id, the one that was used longest ago first. */
  readonly #waiting = new Map<string, Execution>();
  readonly #epoch = randomId(6);
  #given = 0;

  /** An id that was never used. */
  newId(): string {
    return `${this.#epoch}.${++this.#given}.${randomId(12)}`;
  }

  /** Begins one; the account's oldest makes room where it has too many. */
  open(node: string, requester: string, each: number): Execution {
    const account = requester.split("/", 1)[0];
    const own = [...this.#waiting.values()].filter((it) => it.requester.split("/", 1)[0] === account);
    if (own.length >= each) this.end(own[0]!);
    if (this.#waiting.size >= MOST) {
      throw new StanzaError("resource-constraint", "too many commands are being executed, try again later");
    }
    const id = this.newId();
    const execution = { id, node, requester, filled: [], stage: 0, until: 0, busy: false };
    this.#waiting.set(id, execution);
    return execution;
  }

  /** The execution of an id, for the one it belongs to. Throws what answers for others. */
  find(id: string, node: string, requester: string, now: number): Execution {
    const found = this.#waiting.get(id);
    if (found !== undefined && (found.requester !== requester || found.node !== node)) {
      throw badRequest("bad-sessionid", "this sessionid belongs to somebody or something else");
    }
    if (found !== undefined && (found.busy || found.until > now)) return found;
    if (found !== undefined) this.end(found);
    else if (!this.#wasGiven(id)) throw badRequest("bad-sessionid", "this sessionid was never given out");
    throw sessionExpired();
  }

  /** Keeps one for longer. */
  keep(execution: Execution, until: number): void {
    execution.until = until;
    // Behind the others, which are due before it.
    if (this.#waiting.delete(execution.id)) this.#waiting.set(execution.id, execution);
  }

  end(execution: Execution): void {
    this.#waiting.delete(execution.id);
  }

  /** Ends those that are overdue. */
  sweep(now: number): void {
    for (const execution of this.#waiting.values()) {
      if (execution.until > now) return;
      if (!execution.busy) this.end(execution);
    }
  }

  /** Ends those of a client that has gone. */
  endAll(requester: string): void {
    for (const execution of this.#waiting.values()) {
      if (execution.requester === requester) this.end(execution);
    }
  }

  #wasGiven(id: string): boolean {
    const [epoch, number] = id.split(".");
    return epoch === this.#epoch && /^[1-9]\d{0,14}$/.test(number ?? "") && Number(number) <= this.#given;
  }
}
