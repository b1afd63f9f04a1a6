/** What a device is to be told, before it is known how. */
import type { Cause } from "./cause.ts";

/** What may be said in clear. */
export interface Openness {
  readonly sender: boolean;
  /** "placeholder" says that there are words, which some services want to see before they show anything. */
  readonly body: "never" | "placeholder" | "always";
}

export interface Notice {
  readonly cause: Cause;
  /** Messages since the account was last there. */
  readonly messages: number;
  /** Requests of people that wait for an answer. */
  readonly requests: number;
  readonly open: Openness;
}
