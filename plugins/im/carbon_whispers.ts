/**
 * Private messages from rooms elsewhere. A room gives each to all devices that are there (XEP-0280 §6.1), one by one; here
 * they become copies of one message again, as those from rooms of this server are. So an archive keeps it once, and it is
 * known which devices had it.
 */
import { type Clock, CONTENT_NS, type Stanza } from "#plugin";
import { MUC_USER_NS } from "./carbon_rules.ts";

/** Milliseconds within which all of them come. */
const MOMENT = 1000;

interface Whisper {
  readonly stanza: Stanza;
  readonly at: number;
  /** The devices that have got it: what comes to one of them again is another one. */
  readonly receivers: Set<string>;
}

export class Whispers {
  /** The last: nearly always the one that is asked about next. */
  #last: Whisper | undefined;

  constructor(private readonly clock: Clock) {}

  /** A message for a device: as a copy of what another device got, or such that it may have copies. */
  arrives(stanza: Stanza): Stanza | undefined {
    if (!isWhisper(stanza) || stanza.isCopyOf(stanza)) return undefined;
    const receiver = stanza.to!.toString();
    const at = this.clock.monotonic();
    const last = this.#last;
    if (
      last !== undefined && at - last.at < MOMENT && !last.receivers.has(receiver) &&
      isSame(stanza, last.stanza)
    ) {
      last.receivers.add(receiver);
      return last.stanza.addressed(stanza.to);
    }
    const first = stanza.addressed(stanza.to);
    this.#last = { stanza: first, at, receivers: new Set([receiver]) };
    return first;
  }
}

function isWhisper({ type, from, source }: Stanza): boolean {
  if ((type !== "chat" && type !== "normal") || from === undefined || from.resource === "") return false;
  return source.child("x", MUC_USER_NS) !== undefined;
}

/** Whether two messages to one account differ in nothing but the device. */
function isSame(one: Stanza, other: Stanza): boolean {
  return one.id === other.id && one.type === other.type && one.from!.equals(other.from!) &&
    one.to!.bare.equals(other.to!.bare) &&
    one.source.attr("xml:lang") === other.source.attr("xml:lang") &&
    one.source.inner(CONTENT_NS) === other.source.inner(CONTENT_NS);
}
