/**
 * XEP-0160: messages for somebody who is away are kept, and handed over in their order to the first device that becomes
 * available. A message is removed once it has gone out; one whose removal a crash undid comes twice rather than never.
 */
import {
  type Arriving,
  CLAIMED,
  type ClientSession,
  definePlugin,
  DROP,
  type HostScope,
  options,
  size,
  StanzaError,
  undelivered,
  z,
} from "#plugin";
import { type Archiving, archiving } from "../archive/api.ts";
import { type Acknowledging, acknowledging } from "../stream/api.ts";
import { byPriority, isReached } from "./acceptance.ts";
import { type Acceptance, acceptance, presenceChanged } from "./api.ts";
import { type Kept, OfflineQueue, stanzaOf } from "./offline_queue.ts";
import { OFFLINE_NS, Retrieval } from "./offline_retrieval.ts";
import { Sending } from "./offline_sending.ts";
import { worthOf } from "./offline_worth.ts";

/** Messages that are read and handed over at a time. */
const SLICE = 50;

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
  wants: [acceptance, archiving, acknowledging],
  setup(host) {
    host.feature("msgoffline", OFFLINE_NS);
    const queue = new OfflineQueue(host);
    const sending = new Sending(host);
    const retrieval = new Retrieval(host, queue, sending);
    retrieval.register();
    const storage = new Offline(
      host,
      queue,
      sending,
      retrieval,
      host.find(acceptance) ?? byPriority,
      host.find(archiving),
      host.find(acknowledging),
    );
    const at = host.at(undelivered);
    at.guard({ kind: "message" }, (x) => worthOf(x.stanza) === "forget" ? DROP : undefined);
    at.claim({ kind: "message" }, (x) => storage.keep(x));
    host.on(presenceChanged, ({ session, priorityBefore }) => storage.available(session, priorityBefore));
  },
});

class Offline {
  /** Accounts whose messages are on their way; the next device waits for what is left. */
  readonly #underWay = new Set<string>();

  constructor(
    private readonly host: HostScope<z.infer<typeof config>>,
    private readonly queue: OfflineQueue,
    private readonly sending: Sending,
    private readonly retrieval: Retrieval,
    private readonly acceptance: Acceptance,
    private readonly archiving: Archiving | undefined,
    private readonly acknowledging: Acknowledging | undefined,
  ) {}

  keep({ stanza, since }: Readonly<Arriving>): typeof CLAIMED | undefined {
    if (worthOf(stanza) !== "keep") return undefined;
    const to = stanza.to!;
    // XEP-0175 §4: what belongs to nobody once its session is gone is not kept.
    if (this.host.accounts.role(to) === "guest") return undefined;
    if (this.queue.append(to.local, stanza, since ?? this.host.clock.now(), this.host.config)) return CLAIMED;
    // What the archive has is not lost, and its sender needs no error.
    if (this.archiving?.willStore(stanza) === true) return CLAIMED;
    throw new StanzaError(
      "service-unavailable",
      "the receiver is away, and no more messages are kept for them",
    );
  }

  /** A device said something of its presence; messages are due when it takes them now and did not before. */
  available(session: ClientSession, priorityBefore: number | undefined): undefined {
    const before = priorityBefore !== undefined && this.acceptance.accepts(priorityBefore);
    if (!before && isReached(session, this.acceptance)) this.#flush(session);
  }

  /** XEP-0313 §5.1.1: a device that has asked for its archive gets nothing twice. */
  #isSpared(session: ClientSession, message: Kept): boolean {
    const { archiving } = this;
    return archiving?.hasAsked(session, message.at) === true && archiving.has(stanzaOf(message));
  }

  #flush(session: ClientSession): void {
    const { account } = session;
    const { local } = account;
    if (this.#underWay.has(local) || this.retrieval.isChosen(account) || this.queue.count(local) === 0) {
      return;
    }
    this.#underWay.add(local);
    this.host.spawn(async (signal) => {
      try {
        await this.#send(session, local, signal);
      } finally {
        this.#underWay.delete(local);
      }
      if (signal.aborted) return;
      const next = this.host.sessions(account).find((s) => isReached(s, this.acceptance));
      if (next !== undefined) this.#flush(next);
    });
  }

  async #send(session: ClientSession, local: string, signal: AbortSignal): Promise<void> {
    const { queue, sending } = this;
    while (!signal.aborted && session.isBound && isReached(session, this.acceptance)) {
      const messages = queue.page(local, 0, SLICE);
      if (messages.length === 0) return;
      const sent: Kept[] = [];
      for (const message of messages) {
        if (!session.isBound || !sending.hasRoom(session)) break;
        const comesBack = this.acknowledging?.isWatched(session) === true;
        const waits = this.#isSpared(session, message) ? undefined : sending.send(session, message);
        if (waits !== undefined) await waits;
        // What comes back by itself would come back twice if it was kept as well.
        if (comesBack) queue.remove(local, [message]);
        else sent.push(message);
      }
      await sending.room(session, signal);
      // A stream that broke over them has not delivered them.
      if (session.isBound) queue.remove(local, sent);
    }
  }
}
