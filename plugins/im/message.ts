/**
 * RFC 6121 §8: where a message for an account goes. Two places differ from the letter of the RFC, as servers do today: a
 * message for all devices goes to every one that is available and not only to the "most available" (§8.5.2.1.1 leaves the
 * choice), and a message of type "normal" for a device that is gone is treated as one for the account, as the RFC has it for
 * "chat" (§8.5.3.2.1): the sender cannot know that the device went, and the person is still there.
 */
import {
  type Arriving,
  arriving,
  CLAIMED,
  type ClientSession,
  definePlugin,
  departing,
  DROP,
  type HostScope,
  isPromise,
  type Maybe,
  options,
  type Outcome,
  type Refusal,
  type Stanza,
  z,
} from "#plugin";
import { type Acceptance, acceptance } from "./api.ts";
import { withoutForgedDelay } from "./forged_delay.ts";

type Claimed = Maybe<typeof CLAIMED | undefined>;

const config = options({
  ignore_priority: z.boolean().default(false).describe(
    "Gives messages for an account also to devices of negative priority, which asked not to get them.",
  ),
});

export const message = definePlugin({
  name: "message",
  doc:
    "Delivers messages to the devices they are for, and finds out what becomes of those that nobody takes.",
  rfcs: ["RFC 6121"],
  config,
  standard: true,
  provides: [acceptance],
  // What is for the account itself is taken before its devices get it (XEP-0060 §8.6).
  after: ["pep"],
  setup(host) {
    const delivery = new Delivery(host);
    host.provide(acceptance, delivery);
    const at = host.at(arriving);
    const honest = ({ stanza }: { readonly stanza: Stanza }) => withoutForgedDelay(stanza, host.domain);
    host.at(departing).amend({ kind: "message" }, honest);
    for (const to of ["account", "resource"] as const) at.amend({ kind: "message", to }, honest);
    at.claim({ kind: "message", to: "account" }, (x) => delivery.toAccount(x));
    at.claim({ kind: "message", to: "resource" }, (x) => delivery.toResource(x));
  },
});

class Delivery implements Acceptance {
  readonly #lowest: number;

  constructor(private readonly host: HostScope<z.infer<typeof config>>) {
    this.#lowest = host.config.ignore_priority ? -128 : 0;
  }

  accepts(priority: number): boolean {
    return priority >= this.#lowest;
  }

  /** RFC 6121 §8.5.3: the device that is named, whatever its type, its priority and its presence. */
  toResource(x: Readonly<Arriving>): Claimed {
    const { stanza } = x;
    const session = this.host.session(stanza.to!);
    if (session === undefined) return this.toAccount(x);
    const outcome = this.host.deliver(session, stanza);
    return isPromise(outcome) ? outcome.then((o) => this.#toDevice(x, o)) : this.#toDevice(x, outcome);
  }

  /** Nothing came of it where the device went while its own guards waited: then it is one that is not there. */
  #toDevice(x: Readonly<Arriving>, outcome: Outcome): Claimed {
    return outcome === undefined ? this.toAccount(x) : this.#settle(x.stanza, outcome);
  }

  /** RFC 6121 §8.5.2, and §8.5.3.2 for a device that is not there. */
  toAccount(x: Readonly<Arriving>): Claimed {
    const { stanza } = x;
    // Not claimed: the host answers with service-unavailable.
    if (stanza.type === "groupchat") return undefined;
    if (stanza.type === "error") return this.#drop(stanza);
    // A headline for a device is of no use to another one.
    if (stanza.type === "headline" && stanza.to!.resource !== "") return this.#drop(stanza);

    const sessions = this.host.sessions(stanza.to!);
    let taken = false;
    let refusal: Refusal | undefined;
    let waiting: Promise<Outcome>[] | undefined;
    for (let i = 0; i < sessions.length; i++) {
      const session = sessions[i]!;
      if (!this.#reaches(session)) continue;
      const outcome = this.host.deliver(session, stanza);
      if (outcome === CLAIMED) taken = true;
      else if (isPromise(outcome)) (waiting ??= []).push(outcome);
      else refusal ??= outcome;
    }
    if (waiting !== undefined) return this.#await(x, waiting, taken, refusal);
    return this.#done(x, taken, refusal);
  }

  #reaches(session: ClientSession): boolean {
    return session.presence !== undefined && session.priority >= this.#lowest;
  }

  async #await(
    x: Readonly<Arriving>,
    waiting: readonly Promise<Outcome>[],
    taken: boolean,
    refusal: Refusal | undefined,
  ): Promise<typeof CLAIMED | undefined> {
    for (const outcome of await Promise.all(waiting)) {
      if (outcome === CLAIMED) taken = true;
      else refusal ??= outcome;
    }
    return await this.#done(x, taken, refusal);
  }

  /** One device that took it is enough; a refusal only counts where all refused. */
  #done(x: Readonly<Arriving>, taken: boolean, refusal: Refusal | undefined): Claimed {
    if (taken) return CLAIMED;
    const { stanza } = x;
    if (refusal !== undefined) return this.#settle(stanza, refusal);
    // RFC 6121 §8.5.2.2.1, and the same for accounts that do not exist, so that it does not tell them apart.
    if (stanza.type === "headline") return this.#drop(stanza);
    // RFC 6121 §8.5.1: refused as it is where nobody keeps messages.
    if (!this.host.accounts.exists(stanza.to!.local)) return undefined;
    const outcome = this.host.undelivered(x);
    return isPromise(outcome) ? outcome.then((o) => this.#settle(stanza, o)) : this.#settle(stanza, outcome);
  }

  #settle(stanza: Stanza, outcome: Outcome): typeof CLAIMED | undefined {
    if (outcome === CLAIMED || outcome === undefined) return outcome;
    if (outcome === DROP) return this.#drop(stanza);
    // Thrown from a claim it refuses the stanza, and no witness takes it for delivered.
    throw outcome;
  }

  #drop(stanza: Stanza): typeof CLAIMED {
    this.host.refuse(stanza, DROP);
    return CLAIMED;
  }
}
