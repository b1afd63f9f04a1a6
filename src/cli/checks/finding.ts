/** A check is a record: a name, what it looks at, and a function that says what it found. */
import type { Clock } from "../../base/clock.ts";
import type { Status } from "../../server/status.ts";
import type { Loaded, Read } from "../load.ts";

export type Severity = "ok" | "note" | "warning" | "error";

export interface Finding {
  readonly severity: Severity;
  readonly text: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** What checks look at: a configuration that can be read, and the running server where there is one. */
export interface Subject {
  readonly loaded: Loaded & { readonly read: Read };
  readonly running: Status | undefined;
  readonly clock: Clock;
}

export interface Check {
  readonly id: string;
  /** What it looks at. */
  readonly line: string;
  run(subject: Subject): Promise<readonly Finding[]>;
}
