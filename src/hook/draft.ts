/** Registrations at points while a scope is being set up; later laid out by CompiledPoint. */
import type { Registration } from "./compiled.ts";
import type { Token } from "./token.ts";
import type { Amend, At, Claim, Guard, Passage, Point, When, Witness } from "./point.ts";

export class PointDraft {
  readonly #registrations = new Map<Token, Registration[]>();

  constructor(private readonly owner: string) {}

  at<X extends Passage>(point: Point<X>): At<X> {
    const add = (phase: Registration["phase"], when: When, fn: unknown): void => {
      const list = this.#registrations.get(point);
      const registration = { phase, when, fn, owner: this.owner };
      if (list === undefined) this.#registrations.set(point, [registration]);
      else list.push(registration);
    };
    return {
      guard: (when, fn: Guard<X>) => add("guard", when, fn),
      amend: (when, fn: Amend<X>) => add("amend", when, fn),
      claim: (when, fn: Claim<X>) => add("claim", when, fn),
      witness: (when, fn: Witness<X>) => add("witness", when, fn),
    };
  }

  of<X extends Passage>(point: Point<X>): readonly Registration[] {
    return this.#registrations.get(point) ?? [];
  }

  points(): Iterable<Token> {
    return this.#registrations.keys();
  }
}
