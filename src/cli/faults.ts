/**
 * What nobody caught. A fault in one session never harms another (FEATURES §2.19, RFC 6120 §4.9.1.1 keeps errors to their
 * stream): streams, handlers and routes catch their own, so whatever gets here is a bug in something detached, such as a
 * timer of a plugin. Ending the process would end every session for it; it is logged with its stack, counted, and served on.
 */
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";

/** Takes what nobody caught, until disposed of. */
export function catchFaults(log: Log, metrics: Metrics): Disposable {
  const faults = metrics.counter(
    "metronome_faults",
    "Errors that nobody caught: bugs, each with its stack in the log.",
  );
  const caught = (error: unknown): void => {
    faults.add();
    log.error("an error that nobody caught; please report it", { error });
  };
  const onError = (event: ErrorEvent): void => {
    event.preventDefault();
    caught(event.error);
  };
  const onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    caught(event.reason);
  };
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onRejection);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("error", onError);
      globalThis.removeEventListener("unhandledrejection", onRejection);
    },
  };
}
