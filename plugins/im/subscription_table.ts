/** The subscription states of RFC 6121 Appendix A, and what every subscription stanza does in each of them. */
import type { Subscription } from "./api.ts";

/** RFC 6121 A.1: the roster's subscription, with "out" where the account has asked and "in" where the contact has. */
export type State =
  | "none"
  | "none+out"
  | "none+in"
  | "none+out+in"
  | "to"
  | "to+in"
  | "from"
  | "from+out"
  | "both";

export type SubscriptionType = "subscribe" | "unsubscribe" | "subscribed" | "unsubscribed";

/** Whether the stanza goes on (to the contact, or to the account's clients), and the state after it. */
export type Cell = readonly [passes: boolean, next: State];

export type Table = Readonly<Record<SubscriptionType, Readonly<Record<State, Cell>>>>;

/** RFC 6121 A.2: the account's own stanza. Where "subscribed" does not go on it is a pre-approval (§3.4.2). */
export const OUTBOUND: Table = {
  subscribe: {
    "none": [true, "none+out"],
    "none+out": [true, "none+out"],
    "none+in": [true, "none+out+in"],
    "none+out+in": [true, "none+out+in"],
    "to": [true, "to"],
    "to+in": [true, "to+in"],
    "from": [true, "from+out"],
    "from+out": [true, "from+out"],
    "both": [true, "both"],
  },
  unsubscribe: {
    "none": [true, "none"],
    "none+out": [true, "none"],
    "none+in": [true, "none+in"],
    "none+out+in": [true, "none+in"],
    "to": [true, "none"],
    "to+in": [true, "none+in"],
    "from": [true, "from"],
    "from+out": [true, "from"],
    "both": [true, "from"],
  },
  subscribed: {
    "none": [false, "none"],
    "none+out": [false, "none+out"],
    "none+in": [true, "from"],
    "none+out+in": [true, "from+out"],
    "to": [false, "to"],
    "to+in": [true, "both"],
    "from": [false, "from"],
    "from+out": [false, "from+out"],
    "both": [false, "both"],
  },
  unsubscribed: {
    "none": [false, "none"],
    "none+out": [false, "none+out"],
    "none+in": [true, "none"],
    "none+out+in": [true, "none+out"],
    "to": [false, "to"],
    "to+in": [true, "to"],
    "from": [true, "none"],
    "from+out": [true, "none+out"],
    "both": [true, "to"],
  },
};

/** RFC 6121 A.3: a stanza of the contact's. */
export const INBOUND: Table = {
  subscribe: {
    "none": [true, "none+in"],
    "none+out": [true, "none+out+in"],
    "none+in": [false, "none+in"],
    "none+out+in": [false, "none+out+in"],
    "to": [true, "to+in"],
    "to+in": [false, "to+in"],
    "from": [false, "from"],
    "from+out": [false, "from+out"],
    "both": [false, "both"],
  },
  unsubscribe: {
    "none": [false, "none"],
    "none+out": [false, "none+out"],
    "none+in": [true, "none"],
    "none+out+in": [true, "none+out"],
    "to": [false, "to"],
    "to+in": [true, "to"],
    "from": [true, "none"],
    "from+out": [true, "none+out"],
    "both": [true, "to"],
  },
  subscribed: {
    "none": [false, "none"],
    "none+out": [true, "to"],
    "none+in": [false, "none+in"],
    "none+out+in": [true, "to+in"],
    "to": [false, "to"],
    "to+in": [false, "to+in"],
    "from": [false, "from"],
    "from+out": [true, "both"],
    "both": [false, "both"],
  },
  unsubscribed: {
    "none": [false, "none"],
    "none+out": [true, "none"],
    "none+in": [false, "none+in"],
    "none+out+in": [true, "none+in"],
    "to": [true, "none"],
    "to+in": [true, "none+in"],
    "from": [false, "from"],
    "from+out": [true, "from"],
    "both": [true, "from"],
  },
};

export const STATES = Object.keys(OUTBOUND.subscribe) as readonly State[];

export function isSubscriptionType(type: string): type is SubscriptionType {
  return Object.hasOwn(OUTBOUND, type);
}

/** A state from what a roster keeps. */
export function stateOf(subscription: Subscription, out: boolean, incoming: boolean): State {
  return subscription === "none"
    ? out ? incoming ? "none+out+in" : "none+out" : incoming ? "none+in" : "none"
    : subscription === "to"
    ? incoming ? "to+in" : "to"
    : subscription === "from"
    ? out ? "from+out" : "from"
    : "both";
}

/** What a roster keeps of a state. */
export function partsOf(state: State): { subscription: Subscription; out: boolean; in: boolean } {
  const [subscription, ...pending] = state.split("+") as [Subscription, ...string[]];
  return { subscription, out: pending.includes("out"), in: pending.includes("in") };
}

/** Whether the contact may see the account's presence. */
export function seesPresence(state: State): boolean {
  return state === "from" || state === "from+out" || state === "both";
}
