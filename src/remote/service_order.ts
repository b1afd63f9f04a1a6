/**
 * The order in which the places of a service are tried (RFC 2782): by priority, and within one priority by chance, so
 * that over many tries each comes first as often as its weight says.
 */

/** What the order follows from. */
export interface Weighed {
  readonly priority: number;
  readonly weight: number;
}

/** "Records with weight 0 should have a very small chance of being selected": so much, where others have more. */
const SMALL = 0.01;

/** The places in the order in which to try them. `random` gives numbers from 0 up to 1, without 1. */
export function serviceOrder<T extends Weighed>(places: readonly T[], random: () => number): T[] {
  const left = [...places].sort((a, b) => a.priority - b.priority);
  const ordered: T[] = [];
  while (left.length > 0) {
    const priority = left[0]!.priority;
    const after = left.findIndex((it) => it.priority !== priority);
    const chosen = choose(after < 0 ? left : left.slice(0, after), random);
    ordered.push(...left.splice(chosen, 1));
  }
  return ordered;
}

/** The place of the one that is drawn. */
function choose(among: readonly Weighed[], random: () => number): number {
  const chance = ({ weight }: Weighed) => weight === 0 ? SMALL : weight;
  let drawn = random() * among.reduce((sum, it) => sum + chance(it), 0);
  for (let i = 0; i < among.length; i++) {
    drawn -= chance(among[i]!);
    if (drawn < 0) return i;
  }
  return among.length - 1;
}
