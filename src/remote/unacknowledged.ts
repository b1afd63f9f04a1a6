/**
 * What becomes of stanzas that a peer has not acknowledged when its stream is lost (XEP-0198 §4, §5). First the stream may be
 * resumed, which tells. After that nobody knows whether they arrived, so nothing is sent again that must not come twice: its
 * sender is told. What says the same the second time is sent again, once.
 */
import type { Wheel } from "../base/wheel.ts";
import type { LocalDomain, PeerStream } from "../session/federation.ts";
import type { ServerAcks } from "../session/server_acks.ts";
import { StanzaError } from "../stanza/error.ts";
import { Stanza } from "../stanza/stanza.ts";
import type { Written } from "../stanza/written.ts";
import { StreamError } from "../stream/error.ts";
import type { End } from "../stream/stream.ts";
import { bounce } from "./lane.ts";
import { ParkedStreams } from "./parked.ts";
import { States } from "./states.ts";

/** What it may do. */
export interface Recovery {
  local(domain: string): LocalDomain | undefined;
  /** Sends a stanza once more. */
  send(local: LocalDomain, stanza: Stanza): void;
  /** Makes a stream that goes on with one of ours; false where that is of no use now. */
  resume(session: PeerStream, local: LocalDomain): boolean;
}

export class Unacknowledged {
  readonly parked: ParkedStreams;
  /** Stanzas that were sent again once. */
  readonly #repeated = new WeakSet<Written>();
  /**
   * Streams that may be gone on with, and of the presence that they have not delivered what nothing newer has replaced yet.
   * Empty, and of no cost to anybody, while no stream is broken.
   */
  readonly #current = new Map<PeerStream, States>();
  #stopped = false;

  constructor(wheel: Wheel, private readonly recovery: Recovery) {
    this.parked = new ParkedStreams(wheel);
  }

  /** A stream is gone. */
  lost(session: PeerStream, end: End): void {
    const { acks, local } = session;
    if (this.#stopped || acks === undefined) return;
    // There is none before the peer has agreed to count; what was sent by then is as uncertain as the rest.
    const { id } = acks;
    const resumeWithin = local?.policy.resumeWithin ?? 0;
    if (id !== undefined && local !== undefined && isBroken(end) && resumeWithin > 0) {
      this.#remember(session, acks.queue);
      if (session.direction === "in") {
        return this.parked.park(session, id, resumeWithin, () => this.settle(session));
      }
      if (acks.queue.length > 0 && this.recovery.resume(session, local)) return;
    }
    if (id !== undefined) this.parked.forget(session, id);
    this.#current.delete(session);
    // RFC 6120 §4.4: what had been sent before the peer closed in order, it still takes.
    if (end === undefined && session.peerCondition === "") acks.clear();
    else this.settle(session);
  }

  #remember(session: PeerStream, queue: Iterable<Written>): void {
    const current = new States();
    for (const written of queue) if (written.kind === "presence") current.add(written);
    if (!current.isEmpty) this.#current.set(session, current);
  }

  /** Presence goes another way meanwhile: what was said before must not come after it (RFC 6120 §10.1). */
  replaced(stanza: Stanza): void {
    if (this.#current.size === 0 || stanza.kind !== "presence") return;
    const { domain } = stanza.to!;
    for (const [{ pairs }, current] of this.#current) if (pairs.hasRemote(domain)) current.replace(stanza);
  }

  /** Another stream goes on with it: what newer presence has replaced meanwhile, on whatever way, is not told again. */
  resuming(session: PeerStream, acks: ServerAcks): void {
    const current = this.#current.get(session);
    this.#current.delete(session);
    if (current !== undefined) {
      acks.drop((written) => written.kind === "presence" && !current.has(written));
    }
  }

  /** It will not be resumed any more. */
  settle(session: PeerStream): void {
    const queue = session.acks?.queue ?? [];
    session.acks = undefined;
    const current = this.#current.get(session);
    this.#current.delete(session);
    if (this.#stopped) return;
    for (const written of queue) {
      const stanza = Stanza.again(written);
      const local = this.recovery.local(stanza.from!.domain);
      if (local === undefined) continue;
      if (written.kind === "presence" && current?.has(written) === false) continue;
      const { domain } = stanza.to!;
      // A pair that was taken back is not tried again.
      const isOver = !session.pairs.has(local.domain, domain);
      if (isOver || !bearsRepeating(stanza)) bounce(local, stanza, unknownFate(domain));
      else if (!this.#repeated.has(written)) {
        this.#repeated.add(written);
        this.recovery.send(local, stanza);
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.parked.stop();
  }
}

/** Whether it does no harm for a stanza to come twice: states, and answers that nobody awaits any more. */
function bearsRepeating(stanza: Stanza): boolean {
  if (stanza.kind === "presence") return true;
  return stanza.isError || (stanza.kind === "iq" && !stanza.isRequest);
}

function unknownFate(remote: string): StanzaError {
  return new StanzaError(
    "remote-server-timeout",
    `the connection to ${remote} was lost; whether this has arrived is not known`,
  );
}

/** The connection, and not the stream: only then is there something to resume. */
function isBroken(end: End): boolean {
  if (!(end instanceof StreamError)) return end !== undefined;
  return end.condition === "connection-timeout" || end.condition === "resource-constraint";
}
