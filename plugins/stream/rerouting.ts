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
  type Outcome,
  type Stanza,
  StanzaError,
  stanzaIdBy,
} from "#plugin";
import { type Archiving, archiving } from "../archive/api.ts";
import { type Acceptance, acceptance, type Carbons, carbons } from "../im/api.ts";
import { type Privacy, privacy } from "../privacy/api.ts";
import type { Acknowledgements } from "./acknowledgements.ts";

export class Rerouting {
  readonly #acceptance: Acceptance | undefined;
  readonly #archiving: Archiving | undefined;
  readonly #carbons: Carbons | undefined;
  readonly #privacy: Privacy | undefined;

  constructor(private readonly host: HostScope<unknown>) {
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
    const { account } = acks.session;
    acks.queue.forEach((stanza, place) => {
      if (stanza.isError || stanza.kind === "presence") return;
      if (stanza.kind === "iq") {
        if (stanza.isRequest) this.host.refuse(stanza, new StanzaError("recipient-unavailable"));
        return;
      }
      // From the account itself: copies and pages of its archive, made for that session.
      if (stanza.type === "headline" || stanza.from?.equals(account) !== false) return;
      if (stanza.type === "groupchat") this.host.refuse(stanza, new StanzaError("recipient-unavailable"));
      else this.#message(acks, stanza, place);
    });
  }

  #message(acks: Acknowledgements, stanza: Stanza, place: number): void {
    const { host } = this;
    const { account, username } = acks.session;
    const others = host.sessions(account);
    // Whoever was blocked since then is not to find out by an error for what may have been read.
    if (stanza.from !== undefined && this.#privacy?.refuses(username, stanza.from, "message") === true) {
      return;
    }
    if (others.some((other) => this.#had(acks, other, stanza, place))) return;
    const at = delayOf(stanza.source, host.domain)?.stamp ?? acks.times[place]!;
    const again = late(stanza, at, host.domain);
    let taken = false;
    for (const other of others) {
      if (!this.#isReached(other)) continue;
      if (this.#reads(other, stanza, at)) {
        taken = true;
        continue;
      }
      const outcome = host.deliver(other, again);
      // One that has to think about it has it.
      if (outcome === CLAIMED || isPromise(outcome)) taken = true;
    }
    if (taken) return;
    const outcome = host.undelivered({ stanza, claimed: false, session: undefined, since: at });
    if (isPromise(outcome)) outcome.then((o) => this.#settle(stanza, o));
    else this.#settle(stanza, outcome);
  }

  /** Whether another session got a message when this one did: itself, or as a copy. */
  #had(acks: Acknowledgements, other: ClientSession, stanza: Stanza, place: number): boolean {
    if (stanza.to?.resource === "" && acks.unreached.had(other, place, this.#isReached(other))) return true;
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
    // What the archive has is found there; an error would only say what is not true.
    if (outcome === CLAIMED || stanzaIdBy(stanza.source, stanza.to!.bare) !== undefined) return;
    this.host.refuse(stanza, outcome ?? new StanzaError("recipient-unavailable"));
  }
}

/** A message that goes out a second time says when it came first; what says so already stays as it is. */
export function late(stanza: Stanza, at: number, domain: string): Stanza {
  if (stanza.kind !== "message" || stanza.isError || delayOf(stanza.source, domain) !== undefined) {
    return stanza;
  }
  return stanza.containing(stanza.source.plus(buildDelay(at, domain)));
}
