/**
 * Which sessions are being sent what was kept for their accounts. What people say to such a session meanwhile is held until
 * that has gone out, so that it comes last; but not for long: a device that reads slowly gets it in between, and finds the
 * order in the stamps (XEP-0203). Nobody else waits for it: the message has been taken, and goes into archives and to other
 * devices in its turn.
 */
import { CLAIMED, type ClientSession, delayOf, type Delivering, type HostScope, type Stanza } from "#plugin";

const MAM_NS = "urn:xmpp:mam:2";

/** Milliseconds that a message is held at most, and how many are. */
const PATIENCE = 1_000;
const MOST = 200;

interface UnderWay {
  readonly session: ClientSession;
  /** What is held; undefined where it is not any more. */
  held: { readonly stanza: Stanza; readonly since: number }[] | undefined;
  cancel(): void;
}

export class Order {
  readonly #underWay = new Map<string, UnderWay>();

  /** `isReached`: whether another device takes messages for its account. */
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly isReached: (session: ClientSession) => boolean,
  ) {}

  /** Whether an account is being sent its messages: the next device waits for what is left. */
  isUnderWay(local: string): boolean {
    return this.#underWay.has(local);
  }

  begin(session: ClientSession): void {
    const timer = this.host.clock.after(PATIENCE, () => this.#release(underWay));
    const underWay: UnderWay = { session, held: [], cancel: () => timer.cancel() };
    this.#underWay.set(session.username, underWay);
  }

  end(local: string): void {
    const underWay = this.#underWay.get(local);
    this.#underWay.delete(local);
    if (underWay !== undefined) this.#release(underWay);
  }

  /** Holds a message for a session whose turn has not come. */
  hold({ stanza, session }: Readonly<Delivering>): typeof CLAIMED | undefined {
    if (this.#underWay.size === 0) return undefined;
    const underWay = this.#underWay.get(session.username);
    if (underWay?.held === undefined || underWay.session !== session) return undefined;
    if (stanza.type !== "chat" && stanza.type !== "normal") return undefined;
    // Pages of the archive, and what comes out of the queue itself; copies wait with what they would overtake.
    if (stanza.child("result", MAM_NS) !== undefined) return undefined;
    if (delayOf(stanza.source, this.host.domain) !== undefined) return undefined;
    underWay.held.push({ stanza, since: this.host.clock.now() });
    if (underWay.held.length >= MOST) this.#release(underWay);
    return CLAIMED;
  }

  #release(underWay: UnderWay): void {
    underWay.cancel();
    const { held, session } = underWay;
    underWay.held = undefined;
    for (const { stanza, since } of held ?? []) {
      if (session.isBound) session.write(stanza);
      // A copy of what others have got.
      else if (stanza.from?.equals(session.account) === true) continue;
      else if (stanza.to!.resource !== "" || !this.host.sessions(session.account).some(this.isReached)) {
        // It went while it was being sent to: nobody has got it.
        this.host.undelivered({ stanza, claimed: false, session: undefined, since });
      }
    }
  }
}
