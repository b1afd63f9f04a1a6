/** Circles in the graph of imports, found with Tarjan's strongly connected components. */
import type { SourceFile } from "./graph.ts";

interface Visit {
  readonly index: number;
  low: number;
  open: boolean;
}

/** Every set of files that import one another, each as one path that closes: `[a, b, a]`. */
export function findCycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, file.imports.flatMap((i) => i.target ?? [])]));
  const visits = new Map<string, Visit>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): Visit => {
    const own: Visit = { index: visits.size, low: visits.size, open: true };
    visits.set(path, own);
    stack.push(path);
    for (const next of edges.get(path) ?? []) {
      if (!edges.has(next)) continue;
      const seen = visits.get(next);
      if (seen === undefined) own.low = Math.min(own.low, visit(next).low);
      else if (seen.open) own.low = Math.min(own.low, seen.index);
    }
    if (own.low === own.index) {
      const group = stack.splice(stack.indexOf(path));
      for (const member of group) {
        const found = visits.get(member);
        if (found !== undefined) found.open = false;
      }
      if (group.length > 1 || edges.get(path)?.includes(path)) cycles.push(walk(path, new Set(group), edges));
    }
    return own;
  };
  for (const file of files) if (!visits.has(file.path)) visit(file.path);
  return cycles;
}

/** A shortest way from a file back to itself, inside its group. */
function walk(
  start: string,
  group: ReadonlySet<string>,
  edges: ReadonlyMap<string, readonly string[]>,
): string[] {
  const from = new Map<string, string>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const next of edges.get(at) ?? []) {
      if (next === start) {
        const path = [start];
        for (let back: string | undefined = at; back !== undefined && back !== start; back = from.get(back)) {
          path.unshift(back);
        }
        return [start, ...path];
      }
      if (group.has(next) && !from.has(next)) {
        from.set(next, at);
        queue.push(next);
      }
    }
  }
  return [start];
}
