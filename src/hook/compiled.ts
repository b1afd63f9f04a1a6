/**
 * A point with all its registrations laid out in flat arrays, one set a cell. `pass` walks them synchronously and only
 * turns into a promise at the first handler that really waits (ARCHITECTURE: run to completion).
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import { StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import {
  type Amend,
  cellOf,
  CELLS,
  cellsOf,
  type Claim,
  CLAIMED,
  type Guard,
  type Passage,
  type Phase,
  PHASES,
  type Refusal,
  type When,
  type Witness,
} from "./point.ts";

/** A handler with the name of the plugin that registered it. */
export interface Owned<F> {
  readonly owner: string;
  readonly fn: F;
}

export interface Registration {
  readonly phase: Phase;
  readonly when: When;
  readonly owner: string;
  // The phase says which of the four shapes this is; `add` is the only place that narrows it.
  readonly fn: unknown;
}

/** What came of a pass: a refusal, CLAIMED, or undefined where nobody took the stanza. */
export type Outcome = Refusal | typeof CLAIMED | undefined;

/** Told of every handler that threw something that is not an answer; says what the sender is told. */
export type FaultReport = (owner: string, error: unknown, stanza: Stanza) => StanzaError;

class Cell<X> {
  readonly guard: Owned<Guard<X>>[] = [];
  readonly amend: Owned<Amend<X>>[] = [];
  readonly claim: Owned<Claim<X>>[] = [];
  readonly witness: Owned<Witness<X>>[] = [];
}

export class CompiledPoint<X extends Passage> {
  readonly #cells: Cell<X>[] = Array.from({ length: CELLS }, () => new Cell<X>());
  /** False where nobody registered anything: the pass may be skipped. */
  readonly used: boolean;

  constructor(
    readonly label: string,
    registrations: readonly Registration[],
    private readonly report: FaultReport,
    /** The kernel's own last claim, after all others. */
    private readonly last?: Claim<X>,
  ) {
    this.used = registrations.length > 0 || last !== undefined;
    for (const { phase, when, owner, fn } of registrations) {
      for (const cell of cellsOf(when)) this.#cells[cell]![phase].push({ owner, fn } as never);
    }
  }

  /** Who is registered for a cell, by phase and in order, for `check --hooks`. */
  owners(cell: number): Record<Phase, string[]> {
    const of = (phase: Phase) => this.#cells[cell]![phase].map((h: Owned<unknown>) => h.owner);
    return Object.fromEntries(PHASES.map((phase) => [phase, of(phase)])) as Record<Phase, string[]>;
  }

  /** Takes a stanza through the phases. Never throws. */
  pass(x: X): Maybe<Outcome> {
    const cell = this.#cells[cellOf(x.stanza)]!;
    return this.#guards(x, cell, 0);
  }

  #guards(x: X, cell: Cell<X>, from: number): Maybe<Outcome> {
    const guards = cell.guard;
    for (let i = from; i < guards.length; i++) {
      const guard = guards[i]!;
      let verdict: Maybe<Refusal | undefined>;
      try {
        verdict = guard.fn(x);
      } catch (error) {
        return this.#fault(guard.owner, error, x.stanza);
      }
      if (verdict === undefined) continue;
      if (!isPromise(verdict)) return verdict;
      return verdict.then(
        (v) => v === undefined ? this.#guards(x, cell, i + 1) : v,
        (error) => this.#fault(guard.owner, error, x.stanza),
      );
    }
    return this.#amends(x, cell);
  }

  #amends(x: X, cell: Cell<X>): Maybe<Outcome> {
    for (const amend of cell.amend) {
      try {
        const replaced = amend.fn(x);
        if (replaced !== undefined) x.stanza = replaced;
      } catch (error) {
        return this.#fault(amend.owner, error, x.stanza);
      }
    }
    return this.#claims(x, cell, 0);
  }

  #claims(x: X, cell: Cell<X>, from: number): Maybe<Outcome> {
    const claims = cell.claim;
    const total = claims.length + (this.last === undefined ? 0 : 1);
    for (let i = from; i < total; i++) {
      const owner = i < claims.length ? claims[i]!.owner : "kernel";
      const fn = i < claims.length ? claims[i]!.fn : this.last!;
      let verdict: Maybe<typeof CLAIMED | undefined>;
      try {
        verdict = fn(x);
      } catch (error) {
        return this.#fault(owner, error, x.stanza);
      }
      if (verdict === undefined) continue;
      if (!isPromise(verdict)) return this.#witnesses(x, cell, true);
      return verdict.then(
        (v) => v === CLAIMED ? this.#witnesses(x, cell, true) : this.#claims(x, cell, i + 1),
        (error) => this.#fault(owner, error, x.stanza),
      );
    }
    return this.#witnesses(x, cell, false);
  }

  #witnesses(x: X, cell: Cell<X>, claimed: boolean): Outcome {
    x.claimed = claimed;
    for (const witness of cell.witness) {
      try {
        witness.fn(x);
      } catch (error) {
        this.report(witness.owner, error, x.stanza);
      }
    }
    return claimed ? CLAIMED : undefined;
  }

  /** A StanzaError that is thrown is an answer; anything else is a bug, logged with its owner. */
  #fault(owner: string, error: unknown, stanza: Stanza): Refusal {
    if (error instanceof StanzaError) return error;
    return this.report(owner, error, stanza);
  }
}
