/** What the system tells the process (STANDARDS 3.3). */

/** One method a signal. */
export interface Signalled {
  /** SIGTERM, SIGINT: the first time in order, from then on at once. */
  stop(): void;
  /** SIGHUP. */
  reload(): void;
  /** SIGUSR2: the log's file has been moved away. SIGUSR1 is the runtime's: it opens a debugger on this machine. */
  reopen(): void;
}

/** Listens until disposed of. Windows knows some of these signals only; the others never come there. */
export function followSignals(to: Signalled): Disposable {
  const handlers: readonly (readonly [Deno.Signal, () => void])[] = [
    ["SIGTERM", () => to.stop()],
    ["SIGINT", () => to.stop()],
    ["SIGHUP", () => to.reload()],
    ["SIGUSR2", () => to.reopen()],
  ];
  const added = handlers.filter(([signal, handler]) => {
    try {
      Deno.addSignalListener(signal, handler);
      return true;
    } catch {
      return false;
    }
  });
  return {
    [Symbol.dispose]() {
      for (const [signal, handler] of added) Deno.removeSignalListener(signal, handler);
    },
  };
}
