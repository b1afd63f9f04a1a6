/**
 * XEP-0160: messages for somebody who is away are kept, and handed over in their order to the first device that becomes
 * available. A message is removed once the device has acknowledged it or, where it does not do that (XEP-0198), once it has
 * gone out; one whose removal a crash undid comes twice rather than never. Messages that a session may not have got are kept
 * here as well, until it has.
 */
import {
  type Arriving,
  CLAIMED,
  type ClientSession,
  definePlugin,
  delivering,
  DROP,
  type End,
  type HostScope,
  isPromise,
  type Maybe,
  mayBeRetracted,
  options,
  parseXml,
  retractionOf,
  retracts,
  sessionUnbound,
  size,
  type Stanza,
  StanzaError,
  stanzaIdBy,
  undelivered,
  z,
} from "#plugin";
import { type Archiving, archiving } from "../archive/api.ts";
import { type Acknowledging, acknowledging, atStake, type Stake } from "../stream/api.ts";
import { byPriority, isReached } from "./acceptance.ts";
import { type Acceptance, acceptance, presenceChanged } from "./api.ts";
import { OnItsWay, onItsWay } from "./offline_on_its_way.ts";
import { Order } from "./offline_order.ts";
import { type Kept, OfflineQueue, stanzaOf } from "./offline_queue.ts";
import { OFFLINE_NS, Retrieval } from "./offline_retrieval.ts";
import { Sending } from "./offline_sending.ts";
import { worthOf } from "./offline_worth.ts";

/** Messages that are read and handed over at a time. */
const SLICE = 50;
/** Messages that are looked into for one that is retracted. */
const CANDIDATES = 100;

const config = options({
  messages: z.number().int().min(1).default(1000).describe("Messages that are kept for one account at most."),
  size: size().prefault("4 MiB").describe("What the messages kept for one account may take up."),
});

export const offline = definePlugin({
  name: "offline",
  doc: "Keeps messages for accounts that are away, until they come back or fetch them.",
  xeps: [[160, "1.0.1"], [13, "1.3"], [203, "2.0"], [334, "1.0.0"]],
  config,
  standard: true,
  wants: [acceptance],
  setup(host) {
    host.feature("msgoffline", OFFLINE_NS);
    const queue = new OfflineQueue(host);
    const underWay = host.hold(onItsWay, () => new OnItsWay(queue));
    underWay.queue = queue;
    const accepts = host.find(acceptance) ?? byPriority;
    const order = new Order(host, (session) => isReached(session, accepts));
    const sending = new Sending(host);
    const retrieval = new Retrieval(host, queue, sending);
    retrieval.register();
    const storage = new Offline(
      host,
      queue,
      order,
      underWay,
      sending,
      retrieval,
      accepts,
    );
    const at = host.at(undelivered);
    at.guard({ kind: "message" }, (x) => worthOf(x.stanza) === "forget" ? DROP : undefined);
    at.claim({ kind: "message" }, (x) => storage.keep(x));
    host.at(delivering).claim({ kind: "message" }, (x) => order.hold(x));
    host.on(atStake, (stake) => storage.secure(stake));
    host.on(sessionUnbound, ({ session, end }) => storage.left(session, end));
    host.on(presenceChanged, ({ session, priorityBefore }) => storage.available(session, priorityBefore));
  },
});

class Offline {
  /** What has been written to sessions and may not have gone out. */
  readonly #written = new Map<ClientSession, Kept[]>();

  constructor(
    private readonly host: HostScope<z.infer<typeof config>>,
    private readonly queue: OfflineQueue,
    private readonly order: Order,
    private readonly onItsWay: OnItsWay,
    private readonly sending: Sending,
    private readonly retrieval: Retrieval,
    private readonly acceptance: Acceptance,
  ) {}

  /** Found when they are asked: the archive is set up after this plugin, since it takes what is not kept here. */
  private get archiving(): Archiving | undefined {
    return this.host.find(archiving);
  }

  private get acknowledging(): Acknowledging | undefined {
    return this.host.find(acknowledging);
  }

  keep({ stanza, since }: Readonly<Arriving>): typeof CLAIMED | undefined {
    if (worthOf(stanza) !== "keep") return undefined;
    const to = stanza.to!;
    // XEP-0175 §4: what belongs to nobody once its session is gone is not kept.
    if (this.host.accounts.role(to) === "guest") return undefined;
    this.#retract(to.local, stanza);
    const message = this.queue.append(to.local, stanza, since ?? this.host.clock.now(), this.host.config);
    if (message !== undefined) return CLAIMED;
    // What has a name in the archive is taken there: it is not lost, and its sender needs no error.
    if (stanzaIdBy(stanza.source, to.bare) !== undefined) return undefined;
    throw new StanzaError(
      "service-unavailable",
      "the receiver is away, and no more messages are kept for them",
    );
  }

  /** A message that a session has and may not have got; where there is no room for it, it is as safe as it was. */
  secure({ stanza, since, deposited }: Stake): undefined {
    const to = stanza.to!;
    if (worthOf(stanza) !== "keep" || this.host.accounts.role(to) === "guest") return;
    const message = this.queue.append(to.local, stanza, since, this.host.config);
    if (message !== undefined) deposited(this.onItsWay.goes(to.local, message));
  }

  /** XEP-0424 §6: what was retracted before anybody got it is not handed over; what is on its way to a device stays. */
  #retract(local: string, stanza: Stanza): void {
    const retraction = retractionOf(stanza);
    if (retraction === undefined) return;
    const by = stanza.from!.bare;
    const sender = by.toString();
    const named: Kept[] = [];
    for (const message of this.queue.all(local)) {
      if (!message.sender.startsWith(sender) || !mayBeRetracted(message.stanza, retraction)) continue;
      if (!this.onItsWay.has(local, message)) named.push(message);
    }
    const found = named.slice(-CANDIDATES).findLast((it) => retracts(retraction, parseXml(it.stanza), by));
    if (found !== undefined) this.queue.remove(local, [found]);
  }

  /** A device said something of its presence; messages are due when it takes them now and did not before. */
  available(session: ClientSession, priorityBefore: number | undefined): undefined {
    const before = priorityBefore !== undefined && this.acceptance.accepts(priorityBefore);
    if (!before && isReached(session, this.acceptance)) this.#flush(session);
  }

  /** Who closes the stream in order reads up to our own closing tag, which is behind what was written. */
  left(session: ClientSession, end: End): undefined {
    const written = this.#written.get(session);
    if (written !== undefined && end === undefined) this.queue.remove(session.username, written.splice(0));
  }

  /** XEP-0313 §5.1.1: a device that has asked for its archive gets nothing twice. */
  #isSpared(session: ClientSession, message: Kept): boolean {
    const { archiving } = this;
    return archiving?.hasAsked(session, message.at) === true && archiving.has(stanzaOf(message));
  }

  #flush(session: ClientSession): void {
    const { account } = session;
    const { local } = account;
    if (
      this.order.isUnderWay(local) || this.retrieval.isChosen(account) || this.onItsWay.waiting(local) <= 0
    ) {
      return;
    }
    this.order.begin(session);
    this.host.spawn(async (signal) => {
      try {
        // What it has just asked its archive for comes from there.
        const answering = this.archiving?.answering(session);
        if (answering !== undefined) await answering;
        await this.#send(session, local, signal);
      } finally {
        this.#written.delete(session);
        this.order.end(local);
      }
      if (signal.aborted) return;
      const next = this.host.sessions(account).find((s) => isReached(s, this.acceptance));
      if (next !== undefined) this.#flush(next);
    });
  }

  async #send(session: ClientSession, local: string, signal: AbortSignal): Promise<void> {
    const { queue, sending } = this;
    let after: Kept | undefined;
    while (!signal.aborted && session.isBound && isReached(session, this.acceptance)) {
      const messages = queue.page(local, after, SLICE);
      if (messages.length === 0) return;
      const sent: Kept[] = [];
      this.#written.set(session, sent);
      for (const message of messages) {
        if (!session.isBound || !sending.hasRoom(session)) break;
        after = message;
        if (this.onItsWay.has(local, message)) continue;
        if (this.#isSpared(session, message)) {
          queue.remove(local, [message]);
          continue;
        }
        const given = this.#give(session, local, message);
        if (isPromise(given) ? await given : given) sent.push(message);
      }
      await sending.room(session, signal, sent.length > 0 ? 0 : undefined);
      // A stream that broke over them has not delivered them.
      if (session.isBound) queue.remove(local, sent);
    }
  }

  /** Hands a message over; whether it is to be removed as soon as it has gone out. */
  #give(session: ClientSession, local: string, message: Kept): Maybe<boolean> {
    const { acknowledging, sending } = this;
    let waits: Promise<void> | undefined;
    const write = (): void => void (waits = sending.send(session, message));
    if (acknowledging?.isWatched(session) !== true) {
      write();
      return waits === undefined ? true : waits.then(() => true);
    }
    const deposit = this.onItsWay.goes(local, message);
    const entrusted = acknowledging.entrust(session, deposit, write);
    const settle = (): boolean => {
      // It has to wait, and comes back by itself: it would come twice if it was kept as well.
      if (!entrusted) deposit.remove();
      return false;
    };
    return waits === undefined ? settle() : waits.then(settle);
  }
}
