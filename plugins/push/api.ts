/** What other plugins may know of push notifications (XEP-0357): how devices are woken for what no session is going to get. */
import { defineService, type Jid, type Stanza } from "#plugin";

/** XEP-0452: what was said in a room about somebody who is not there, forwarded by the room. */
export const MENTIONS_NS = "urn:xmpp:mmn:0";

export interface Pushing {
  /** Whether an account has a device that could be woken. */
  reaches(local: string): boolean;
  /** Wakes the devices of an account for a message, as far as they want to be. */
  tell(account: Jid, stanza: Stanza): void;
}

export const pushing = defineService<Pushing>("pushing");
