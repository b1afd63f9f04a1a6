/** A message of the host's to many accounts, so that everything else gets its turn in between. */
import {
  type ClientSession,
  CONTENT_NS,
  el,
  type Element,
  type HostScope,
  Jid,
  nextTurn,
  randomId,
  Stanza,
} from "#plugin";
import type { Acceptance } from "../im/api.ts";

/** Accounts that are served at a time. */
const SLICE = 256;

/** A message from the host, to be addressed. */
export function notice(type: "headline" | "normal", subject: string | undefined, body: string): Element {
  return el("message", CONTENT_NS, { type: type === "normal" ? undefined : type, id: randomId(6) }, [
    subject === undefined || subject === "" ? undefined : el("subject", CONTENT_NS, {}, subject),
    el("body", CONTENT_NS, {}, body),
  ]);
}

/** Whether a session gets what its account is sent (RFC 6121 §8.5.2.1.1). */
export function isReached({ presence, priority }: ClientSession, by: Acceptance | undefined): boolean {
  return presence !== undefined && (by?.accepts(priority) ?? priority >= 0);
}

/** Sends each account what `choose` has for it; resolves to how many got something. Stops early when the host does. */
export function broadcast(
  host: HostScope<unknown>,
  accounts: Iterable<string>,
  choose: (local: string) => Stanza | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    host.spawn(async (signal) => {
      let looked = 0;
      let sent = 0;
      try {
        for (const local of accounts) {
          if (signal.aborted) break;
          const stanza = choose(local);
          if (stanza !== undefined) {
            host.send(stanza.addressed(Jid.of(local, host.domain)));
            sent++;
          }
          if (++looked % SLICE === 0) await nextTurn();
        }
        resolve(sent);
      } catch (error) {
        reject(error);
      }
    });
  });
}
