/**
 * How long a client may leave unsaid how far it is: then it is asked, then its messages are put into storage, too, and at last its
 * connection counts as broken. A session with something unacknowledged is looked at after a while, and again while there is:
 * acknowledgements, which come with every few stanzas, move no time-outs.
 */
import type { ClientSession, HostScope } from "#plugin";
import type { Acknowledgements } from "./acknowledgements.ts";

/** How long a client that has been asked may say nothing before its messages are put into storage, too. */
const SILENCE = 5000;

/** Both in milliseconds. */
interface Times {
  readonly request_within: number;
  readonly answer_within: number;
}

export class Patience {
  /** `silent`: a session's client has been asked and may be gone. */
  constructor(
    private readonly host: HostScope<Times>,
    private readonly silent: (session: ClientSession) => void,
  ) {}

  /** Something was sent. */
  sent(acks: Acknowledgements): void {
    if (acks.due === 0) this.#look(acks, this.host.config.request_within);
  }

  asked(acks: Acknowledgements): void {
    acks.askedAt = this.host.clock.monotonic();
    if (acks.due === 0) this.#look(acks, SILENCE);
  }

  /** It has been a while. */
  look(acks: Acknowledgements): void {
    if (acks.requested) this.#unanswered(acks);
    else this.#unasked(acks);
  }

  #unasked(acks: Acknowledgements): void {
    const since = acks.worthAskingSince;
    if (since === undefined) return;
    const { request_within: most } = this.host.config;
    const rest = since + most - this.host.clock.now();
    // More than all of it where the clock was set back.
    if (rest > 0 && rest <= most) this.#look(acks, rest);
    else acks.request();
  }

  /** It has been asked, and may have been only now. */
  #unanswered(acks: Acknowledgements): void {
    const { answer_within: most } = this.host.config;
    const silence = Math.min(SILENCE, most);
    const waited = this.host.clock.monotonic() - acks.askedAt;
    if (waited >= most) {
      acks.session.stream?.carrier.destroy(new Error("no acknowledgement in time"));
      return;
    }
    this.#look(acks, waited < silence ? silence - waited : most - waited);
    if (waited < silence || acks.silent) return;
    acks.silent = true;
    this.silent(acks.session);
  }

  #look(acks: Acknowledgements, rest: number): void {
    const { answer_within, request_within } = this.host.config;
    this.host.wheel.arm(acks, Math.min(rest, SILENCE, answer_within, request_within));
  }
}
