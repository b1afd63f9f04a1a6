/**
 * Answers to clients that ask how far we are (XEP-0198 §4). An answer promises that nothing of what it counts can be lost
 * any more, and nobody waits for it: so where many ask, those of some milliseconds share one commit, and each goes out with
 * whatever its client is sent next, or soon after by itself. A client that asks after each message would else cost a commit,
 * a write and being woken up for each of them, which is more than the message does. Who asks alone is answered at once.
 */
import { type ClientSession, type HostScope, nextTurn, shortly, StreamError } from "#plugin";
import type { Acknowledgements } from "./acknowledgements.ts";

/** Milliseconds in which questions are collected, and then again in which an answer waits for something to go with. */
const COLLECTED = 5;
const CARRIED = 10;
/** Answers to one client at a time; who asks more often than that is answered less often. */
const MOST = 100;

type Stream = NonNullable<ClientSession["stream"]>;

interface Answer {
  readonly acks: Acknowledgements;
  /** Where it was asked: on another stream the client has been told otherwise. */
  readonly stream: Stream;
  /** How often it asked. */
  times: number;
}

export class AckAnswers {
  /** Those who have asked since the last commit began. */
  #asked = new Map<ClientSession, Answer>();
  #running = false;

  constructor(private readonly host: HostScope<unknown>) {}

  ask(acks: Acknowledgements): void {
    const { session } = acks;
    const { stream } = session;
    if (stream === undefined) return;
    const known = this.#asked.get(session);
    if (known?.stream === stream) {
      if (known.times < MOST) known.times++;
      return;
    }
    // Its stream is not closed without the answer.
    if (known === undefined) session.owe();
    this.#asked.set(session, { acks, stream, times: 1 });
    if (this.#running) return;
    this.#running = true;
    this.host.spawn(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      for (let alone = true; this.#asked.size > 0; alone = false) {
        await (alone ? nextTurn() : shortly(COLLECTED));
        const asked = this.#asked;
        this.#asked = new Map();
        await this.#answer([...asked.values()], alone);
      }
    } finally {
      this.#running = false;
    }
  }

  async #answer(answers: readonly Answer[], alone: boolean): Promise<void> {
    // What has been dealt with by now is safe when this commit is.
    const counts = answers.map(({ acks }) => acks.handled);
    try {
      await this.host.flush();
    } catch {
      // The storage has said why. What was counted may be lost: the clients will come back and send it again.
      for (const { acks, stream } of answers) {
        if (acks.session.stream === stream) stream.end(new StreamError("internal-server-error"));
        acks.session.paid();
      }
      return;
    }
    // A turn later than what it acknowledges goes to others: where no archive has that, it is in the hands of their systems.
    await nextTurn();
    answers.forEach(({ acks, stream, times }, i) => {
      if (acks.session.stream === stream) stream.putLater(acks.answer(counts[i]!).repeat(times));
    });
    if (!alone) await shortly(CARRIED);
    for (const { acks, stream } of answers) {
      stream.nudge();
      acks.session.paid();
    }
  }
}
