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
  type Jid,
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

/** What a message and what is kept of it both tell. */
type Sent = Pick<Written, "from" | "to" | "type">;

interface Content {
  /** Made for the session alone: its view of what is kept for it. */
  readonly isView: boolean;
  /** It has a name in the account's archive. */
  readonly isNamed: boolean;
  /** The account's other devices get copies. */
  readonly isCopied: boolean;
}

/** Hands over what lies in storage; whether it stays there until the session has acknowledged it. */
export type Entrust = (session: ClientSession, safe: Safe, write: () => void) => boolean;

export class Rerouting {
  readonly #acceptance: Acceptance | undefined;
  readonly #archiving: Archiving | undefined;
  readonly #carbons: Carbons | undefined;
  readonly #privacy: Privacy | undefined;
  /** Of messages that were looked into: they are looked at again with every device that goes. */
  readonly #contents = new WeakMap<Written, Content>();
  /** Who got what came to each device of an account apart, by its content. */
  readonly #given: Given = new WeakMap();

  /**
   * `listens`: whether a session's client seems to be there; `queueOf`: what a session has not acknowledged.
   */
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly entrust: Entrust,
    readonly listens: (session: ClientSession) => boolean,
    private readonly queueOf: (session: ClientSession) => readonly Written[],
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

  /** A session has got something: remembered of what comes to each device apart, also where nothing is acknowledged. */
  gave(session: ClientSession, stanza: Stanza): void {
    const { kind, type } = stanza;
    if (kind !== "message" || type === "groupchat" || !stanza.isCopyOf(stanza)) return;
    if (!isForAccount(session, stanza)) return;
    const { content } = stanza.written();
    const sessions = this.#given.get(content);
    if (sessions === undefined) this.#given.set(content, new WeakSet([session]));
    else sessions.add(session);
  }

  /** For a session that is no more. */
  reroute(acks: Acknowledgements): void {
    const held = new Held(this.queueOf, this.#given);
    acks.queue.forEach((written, place) => {
      const { kind, type } = written;
      if (kind === "iq") {
        if (type === "result" || type === "error") return;
        const stanza = Stanza.again(written);
        // A client may have answered without having counted: nobody is to hear two answers.
        if (acks.owes(stanza)) this.#refuse(stanza);
      } else if (kind === "message") {
        if (type === "groupchat") this.#refuse(Stanza.again(written));
        else if (isForAccount(acks.session, written)) this.#message(acks, Stanza.again(written), place, held);
      }
    });
  }

  /** Whether a message would be lost with the memory of this server. */
  isAtStake(acks: Acknowledgements, written: Written, place: number): boolean {
    const { session, session: { account } } = acks;
    if (written.kind !== "message" || written.type === "groupchat" || !isForAccount(session, written)) {
      return false;
    }
    if (this.#isUnwanted(acks, written)) return false;
    const others = this.host.sessions(account).filter((it) => it !== session && this.listens(it));
    if (others.some((other) => this.#gotItself(acks, other, written, place))) return false;
    const { isView, isNamed, isCopied } = this.#content(written, account);
    if (isView) return false;
    // What has a name in the archive is there, or will be as soon as it has been given to all.
    if (isNamed && this.#archiving?.hasAsked(session, 0) === true) return false;
    return !(isCopied && others.some((other) => this.#gotCopy(acks, other, written, place)));
  }

  /** What only its content tells. */
  #content(written: Written, account: Jid): Content {
    let content = this.#contents.get(written);
    if (content === undefined) {
      const stanza = Stanza.again(written);
      content = {
        isView: isView(stanza),
        isNamed: stanzaIdBy(stanza.source, account) !== undefined,
        isCopied: this.#isCopied(stanza),
      };
      this.#contents.set(written, content);
    }
    return content;
  }

  #isCopied(stanza: Stanza): boolean {
    return this.#carbons?.copies(stanza) === true;
  }

  /** Whoever was blocked since then is not to find out by an error for what may have been read. */
  #isUnwanted({ session: { username } }: Acknowledgements, { from }: Sent): boolean {
    return from !== undefined && this.#privacy?.refuses(username, from, "message") === true;
  }

  #refuse(stanza: Stanza): void {
    this.host.refuse(stanza, new StanzaError("recipient-unavailable"));
  }

  #message(acks: Acknowledgements, stanza: Stanza, place: number, held: Held): void {
    if (isView(stanza)) return;
    const { host } = this;
    const others = host.sessions(acks.session.account);
    const safe = acks.safeOf(place);
    if (this.#isUnwanted(acks, stanza)) return safe?.empty();
    const copied: ClientSession[] = [];
    const isCopied = this.#isCopied(stanza);
    for (const other of others) {
      if (this.#gotItself(acks, other, stanza, place) || held.by(other, stanza.written())) {
        return safe?.leave();
      }
      if (!isCopied || !this.#gotCopy(acks, other, stanza, place)) continue;
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
  #gotItself(acks: Acknowledgements, other: ClientSession, { to }: Sent, place: number): boolean {
    return to?.resource === "" && acks.unreached.had(other, place, this.#isReached(other));
  }

  /** The same of a copy (XEP-0280) of a message of which copies are made. */
  #gotCopy(acks: Acknowledgements, other: ClientSession, { from }: Sent, place: number): boolean {
    // Nobody gets a copy of what it said itself.
    if (from?.equals(other.jid!) === true) return false;
    return acks.uncopied.had(other, place, this.#carbons?.isEnabled(other) === true);
  }

  /** Whether a device finds a message in the archive, where all of the account's are: it would show it a second time. */
  #reads(other: ClientSession, stanza: Stanza, at: number): boolean {
    return this.#archiving?.hasAsked(other, at) === true && this.#archiving.has(stanza);
  }

  #isReached(session: ClientSession): boolean {
    return session.presence !== undefined && this.accepts(session.priority);
  }

  #settle(stanza: Stanza, outcome: Outcome): void {
    if (outcome !== CLAIMED) this.host.refuse(stanza, outcome ?? new StanzaError("recipient-unavailable"));
  }
}

type Given = WeakMap<object, WeakSet<ClientSession>>;

/**
 * What sessions have themselves: a message that was given to several when another one ended is in their queues, and one that
 * came to each of several was at least.
 */
class Held {
  readonly #contents = new Map<ClientSession, Set<object>>();

  constructor(
    private readonly queueOf: (session: ClientSession) => readonly Written[],
    private readonly given: Given,
  ) {}

  by(session: ClientSession, { content }: Written): boolean {
    let contents = this.#contents.get(session);
    if (contents === undefined) {
      contents = new Set(this.queueOf(session).map((written) => written.content));
      this.#contents.set(session, contents);
    }
    return contents.has(content) || this.given.get(content)?.has(session) === true;
  }
}

/** Not what was made for the session alone: copies, pages of its archive; nor what nobody would miss. */
function isForAccount({ account }: ClientSession, { from, type }: Sent): boolean {
  return type !== "headline" && type !== "error" && from?.equals(account) === false;
}

function isView(stanza: Stanza): boolean {
  return stanza.child("offline", OFFLINE_NS) !== undefined;
}

/** A message that goes out a second time says when it came first; what says so already stays as it is. */
export function late(stanza: Stanza, at: number, domain: string): Stanza {
  if (stanza.kind !== "message" || stanza.isError || delayOf(stanza.source, domain) !== undefined) {
    return stanza;
  }
  return stanza.containing(stanza.source.plus(buildDelay(at, domain)));
}
