/** Tidying up now and then: long work in small steps, between which everything else gets its turn. */
import type { Maybe } from "../base/maybe.ts";
import { nextTurn } from "../base/turn.ts";
import type { HostScope } from "./host_scope.ts";

/** How often; nothing that is tidied up matters sooner. */
const INTERVAL = 600_000;

/**
 * Begins every ten minutes, unless it is still at it, and takes a step a turn until one says that it was the last.
 */
export function sweep(
  host: Pick<HostScope<unknown>, "every" | "spawn">,
  begin: () => () => Maybe<boolean>,
): void {
  let busy = false;
  host.every(INTERVAL, () => {
    if (busy) return;
    busy = true;
    host.spawn(async (signal) => {
      try {
        const step = begin();
        while (!signal.aborted && !(await step())) await nextTurn();
      } finally {
        busy = false;
      }
    });
  });
}
