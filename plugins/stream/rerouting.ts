/**
 * What becomes of stanzas that a session has not acknowledged when it ends (XEP-0198 §4): as far as can be known nobody has
 * got them. A message that another device of the account got as well is not lost; one that none got goes to those that
 * would get it now, or the way of messages for nobody. Requests are refused, so that whoever asks need not wait.
 */
import {
  buildDelay,
  CLAIMED,
  type ClientSession,
  delayOf,
  type HostScope,
  isPromise,
  type Maybe,
  type Outcome,
  Stanza,
  StanzaError,
  stanzaIdBy,
  type Written,
} from "#plugin";
import { type Archiving, archiving } from "../archive/api.ts";
import { type Acceptance, acceptance, type Carbons, carbons } from "../im/api.ts";
import { type Privacy, privacy } from "../privacy/api.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { Safe } from "./safe.ts";

/** XEP-0013: marks what a device has fetched from the messages kept for it, which stay there. */
const OFFLINE_NS = "http://jabber.org/protocol/offline";

/** Hands over what lies in storage; whether it stays there until the session has acknowledged it. */
export type Entrust = (session: ClientSession, safe: Safe, write: () => void) => boolean;

export class Rerouting {
  readonly #acceptance: Acceptance | undefined;
  readonly #archiving: Archiving | undefined;
  readonly #carbons: Carbons | undefined;
  readonly #privacy: Privacy | undefined;

  /**
   * `listens`: whether a session's client seems to be there; `holds`: whether a message is in the queue of a session itself,
   * as it is where it was given to several when another one ended.
   */
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly entrust: Entrust,
    readonly listens: (session: ClientSession) => boolean,
    private readonly holds: (session: ClientSession, written: Written) => boolean,
  ) {
    this.#acceptance = host.find(acceptance);
    this.#archiving = host.find(archiving);
    this.#carbons = host.find(carbons);
    this.#privacy = host.find(privacy);
  }

  /** Whether a device of this priority takes messages for its account. */
  accepts(priority: number): boolean {
    return this.#acceptance?.accepts(priority) ?? priority >= 0;
  }

  /** For a session that is no more. */
  reroute(acks: Acknowledgements): void {
    acks.queue.forEach((written, place) => {
      if (written.kind === "presence") return;
      const stanza = Stanza.again(written);
      if (stanza.isError) return;
      if (stanza.kind === "iq") {
        // A client may have answered without having counted: nobody is to hear two answers.
        if (stanza.isRequest && acks.owes(stanza)) this.#refuse(stanza);
      } else if (stanza.type === "groupchat") this.#refuse(stanza);
      else if (this.#isForAccount(acks, stanza)) this.#message(acks, stanza, place);
    });
  }

  /** Whether a message would be lost with the memory of this server. */
  isAtStake(acks: Acknowledgements, stanza: Stanza, place: number): boolean {
    const { session, session: { account } } = acks;
    if (stanza.kind !== "message" || stanza.isError || stanza.type === "groupchat") return false;
    if (!this.#isForAccount(acks, stanza) || this.#isUnwanted(acks, stanza)) return false;
    // What has a name in the archive is there, or will be as soon as it has been given to all.
    const isArchived = stanzaIdBy(stanza.source, account) !== undefined;
    if (isArchived && this.#archiving?.hasAsked(session, 0) === true) return false;
    return !this.host.sessions(account).some((other) =>
      other !== session && this.listens(other) && this.#had(acks, other, stanza, place)
    );
  }

  /** Not what was made for the session alone: copies, pages of its archive, its view of what is kept for it. */
  #isForAccount({ session: { account } }: Acknowledgements, stanza: Stanza): boolean {
    return stanza.type !== "headline" && stanza.from?.equals(account) === false &&
      stanza.child("offline", OFFLINE_NS) === undefined;
  }

  /** Whoever was blocked since then is not to find out by an error for what may have been read. */
  #isUnwanted({ session: { username } }: Acknowledgements, { from }: Stanza): boolean {
    return from !== undefined && this.#privacy?.refuses(username, from, "message") === true;
  }

  #refuse(stanza: Stanza): void {
    this.host.refuse(stanza, new StanzaError("recipient-unavailable"));
  }

  #message(acks: Acknowledgements, stanza: Stanza, place: number): void {
    const { host } = this;
    const others = host.sessions(acks.session.account);
    const safe = acks.safeOf(place);
    if (this.#isUnwanted(acks, stanza)) return safe?.empty();
    const copied: ClientSession[] = [];
    for (const other of others) {
      if (this.#gotItself(acks, other, stanza, place) || this.holds(other, stanza.written())) {
        return safe?.leave();
      }
      if (!this.#gotCopy(acks, other, stanza, place)) continue;
      // A copy that a session has not acknowledged ends with it: only one that listens has it for sure.
      if (this.listens(other)) return safe?.leave();
      copied.push(other);
    }
    const at = delayOf(stanza.source, host.domain)?.stamp ?? acks.times[place]!;
    const again = late(stanza, at, host.domain);
    let taken = false;
    for (const other of others) {
      if (!this.#isReached(other) || copied.includes(other)) continue;
      if (this.#reads(other, stanza, at) || this.#give(other, again, safe)) taken = true;
    }
    if (taken) return safe?.leave();
    // Both in one commit: it lies there under a new number, or does not lie there any more.
    safe?.empty();
    const outcome = host.undelivered({ stanza, claimed: false, session: undefined, since: at });
    if (isPromise(outcome)) outcome.then((o) => this.#settle(stanza, o));
    else this.#settle(stanza, outcome);
  }

  #give(other: ClientSession, stanza: Stanza, safe: Safe | undefined): boolean {
    let outcome: Maybe<Outcome>;
    const write = (): void => {
      outcome = this.host.deliver(other, stanza);
    };
    if (safe === undefined) write();
    else this.entrust(other, safe, write);
    // One that has to think about it has it.
    return outcome === CLAIMED || isPromise(outcome);
  }

  /** Whether another session got a message when this one did. */
  #had(acks: Acknowledgements, other: ClientSession, stanza: Stanza, place: number): boolean {
    return this.#gotItself(acks, other, stanza, place) || this.#gotCopy(acks, other, stanza, place);
  }

  #gotItself(acks: Acknowledgements, other: ClientSession, { to }: Stanza, place: number): boolean {
    return to?.resource === "" && acks.unreached.had(other, place, this.#isReached(other));
  }

  #gotCopy(acks: Acknowledgements, other: ClientSession, stanza: Stanza, place: number): boolean {
    const copies = this.#carbons;
    // Nobody gets a copy of what it said itself.
    if (stanza.from?.equals(other.jid!) === true) return false;
    return copies?.copies(stanza) === true && acks.uncopied.had(other, place, copies.isEnabled(other));
  }

  /** Whether a device that came later finds a message in the archive: it would show it a second time. */
  #reads(other: ClientSession, stanza: Stanza, at: number): boolean {
    const copied = stanza.to?.resource === "" || this.#carbons?.isEnabled(other) === true;
    return copied && this.#archiving?.hasAsked(other, at) === true && this.#archiving.has(stanza);
  }

  #isReached(session: ClientSession): boolean {
    return session.presence !== undefined && this.accepts(session.priority);
  }

  #settle(stanza: Stanza, outcome: Outcome): void {
    if (outcome !== CLAIMED) this.host.refuse(stanza, outcome ?? new StanzaError("recipient-unavailable"));
  }
}

/** A message that goes out a second time says when it came first; what says so already stays as it is. */
export function late(stanza: Stanza, at: number, domain: string): Stanza {
  if (stanza.kind !== "message" || stanza.isError || delayOf(stanza.source, domain) !== undefined) {
    return stanza;
  }
  return stanza.containing(stanza.source.plus(buildDelay(at, domain)));
}
