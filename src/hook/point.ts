/**
 * Points: the places on a stanza's way where plugins may act, and the four phases at each of them. A phase is named for
 * what it may do, and its type holds a handler to it: only guards and claims may wait.
 */
import type { Maybe } from "../base/maybe.ts";
import type { StanzaError } from "../stanza/error.ts";
import type { Kind } from "../stanza/kind.ts";
import type { Reach, Stanza } from "../stanza/stanza.ts";

/** The stanza goes no further, and nobody is told. */
export const DROP: unique symbol = Symbol("drop");
/** The handler has taken the stanza over. */
export const CLAIMED: unique symbol = Symbol("claimed");

/** Why a stanza goes no further: answered with an error, or dropped without a word. */
export type Refusal = StanzaError | typeof DROP;

/** What passes a point: a stanza and whatever else that point knows about it. */
export interface Passage {
  stanza: Stanza;
  /** Whether a claim has taken it; true only in witnesses. */
  claimed: boolean;
}

/** A place on a stanza's way. Identity is the value itself; the label is for people. */
export interface Point<X extends Passage> {
  readonly label: string;
  readonly of?: X;
}

/** Makes a point; its owner exports it. */
export function definePoint<X extends Passage>(label: string): Point<X> {
  return Object.freeze({ label });
}

/** Which stanzas a handler is called for; what is left out matches all. */
export interface When {
  readonly kind?: Kind;
  readonly to?: Reach;
}

export type Guard<X> = (x: Readonly<X>) => Maybe<Refusal | undefined>;
export type Amend<X> = (x: Readonly<X>) => Stanza | undefined;
export type Claim<X> = (x: Readonly<X>) => Maybe<typeof CLAIMED | undefined>;
export type Witness<X> = (x: Readonly<X>) => undefined;

/** What may be done at a point. The phases run in this order. */
export interface At<X> {
  /** May refuse, may wait. Sees the stanza, cannot change it. A throw refuses: guards fail closed. */
  guard(when: When, fn: Guard<X>): void;
  /** May replace the stanza with another; at once. */
  amend(when: When, fn: Amend<X>): void;
  /** The first to answer CLAIMED owns the stanza; may wait. */
  claim(when: When, fn: Claim<X>): void;
  /** Sees what was not refused; at once; cannot alter it. A throw is logged and the rest still run. */
  witness(when: When, fn: Witness<X>): void;
}

export type Phase = "guard" | "amend" | "claim" | "witness";
export const PHASES: readonly Phase[] = ["guard", "amend", "claim", "witness"];

/** The nine cells of a point: three kinds of stanza times three reaches. */
export const CELLS = 9;
const KINDS: readonly Kind[] = ["message", "presence", "iq"];
const REACHES: readonly Reach[] = ["host", "account", "resource"];

/** The cell that a stanza falls into. */
export function cellOf(stanza: Stanza): number {
  const kind = stanza.kind === "message" ? 0 : stanza.kind === "presence" ? 3 : 6;
  const to = stanza.to;
  return kind + (to === undefined || to.local === "" ? 0 : to.resource === "" ? 1 : 2);
}

/** The cells that a registration asks for. */
export function cellsOf(when: When): number[] {
  const cells: number[] = [];
  KINDS.forEach((kind, k) => {
    if (when.kind !== undefined && when.kind !== kind) return;
    REACHES.forEach((to, r) => {
      if (when.to === undefined || when.to === to) cells.push(k * 3 + r);
    });
  });
  return cells;
}

/** A cell in words, for `check --hooks`. */
export function cellName(cell: number): string {
  return `${KINDS[Math.floor(cell / 3)]} to ${REACHES[cell % 3]}`;
}
