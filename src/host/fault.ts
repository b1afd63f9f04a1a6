/**
 * What went wrong while something was served: the line for whoever runs the server, and the error for whoever asked. Data
 * that cannot be kept is nobody's bug: it has a line of its own, which says what to do.
 */
import type { Fields, Logger } from "../base/log.ts";
import { StanzaError } from "../stanza/error.ts";
import { StorageError } from "../storage/error.ts";

/** Logs an error that is no answer, and gives the one that is. Content stays out of the log. */
export function logFault(
  log: Logger,
  error: unknown,
  what: string,
  owner: string,
  about: Fields,
): StanzaError {
  if (!(error instanceof StorageError)) {
    const trace = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error(what, { ...about, error: trace });
    return new StanzaError("internal-server-error");
  }
  log.error("data could not be kept or read", {
    ...about,
    for: owner,
    fault: error.fault,
    reason: error.message,
  });
  // RFC 6120 §8.3.3.18, §8.3.3.6: either way it may work later, so the sender is told to wait.
  return error.fault === "full"
    ? new StanzaError("resource-constraint", "there is no room to keep this now, try again later")
    : new StanzaError("internal-server-error", "this could not be done now, try again later", {
      type: "wait",
    });
}
