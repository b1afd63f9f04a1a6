/** A request from one occupant to another that waits for its answer (XEP-0045 §17.4, rule 3). */
import type { Jid } from "#plugin";

export interface Forwarding {
  /** Who asked: the true address, and the id they gave the request. */
  readonly asker: Jid;
  readonly id: string | undefined;
  /** Who will answer: the true address, full or bare. */
  readonly answerer: string;
  /** Their address in the room, as it was asked (RFC 6120 §8.1.2.1). */
  readonly asked: Jid;
  readonly room: string;
  /** In milliseconds, by the clock that only goes forward. */
  readonly until: number;
}
