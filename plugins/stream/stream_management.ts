/**
 * XEP-0198: Stream Management 1.6.1, in its namespaces 3 and 2. Stanzas are counted both ways; a session whose connection
 * breaks waits for another one and loses nothing; what nobody fetched in time goes where it would have gone without the
 * session. Nothing is acknowledged before its effects are safe, and messages do not depend for long on the memory of this
 * server (`stakes.ts`; docs/durability.md says what holds).
 *
 * Left out: `location` (there is one server) and resumption after a restart.
 */
import {
  Authenticated,
  type ClientSession,
  definePlugin,
  defineSlot,
  departing,
  duration,
  el,
  Element,
  type End,
  entering,
  type HostScope,
  kindOf,
  nextTurn,
  options,
  parting,
  randomId,
  readHandledCount,
  sessionUnbound,
  size,
  Stanza,
  stopping,
  StreamError,
  writing,
  z,
} from "#plugin";
import { archiving } from "../archive/api.ts";
import { acceptance, carbons } from "../im/api.ts";
import { privacy } from "../privacy/api.ts";
import { watchDevices } from "./absences_watch.ts";
import { Acknowledgements, type Keeper } from "./acknowledgements.ts";
import { AckAnswers } from "./ack_answers.ts";
import { acknowledging, keptForParked, sessionParked, sessionResumed } from "./api.ts";
import { Patience } from "./patience.ts";
import { late, Rerouting } from "./rerouting.ts";
import { failure, Resumptions } from "./resumptions.ts";
import { Stakes } from "./stakes.ts";
import { Safe } from "./safe.ts";

const NAMESPACES = ["urn:xmpp:sm:3", "urn:xmpp:sm:2"] as const;
/** Characters of what a session has not acknowledged that are told of in one turn. */
const SLICE = 65_536;

const config = options({
  resume_timeout: duration({ off: 0 }).prefault("10 min").describe(
    'How long a session whose connection broke waits for another one; "off" lets none wait.',
  ),
  request_after: z.number().int().min(1).max(1000).default(5).describe(
    "Stanzas that go to a client before it is asked how far it is.",
  ),
  request_within: duration().prefault("30 s").describe("After how long it is asked for fewer than that."),
  answer_within: duration().prefault("60 s").describe(
    "How long it may take to answer before its connection counts as broken.",
  ),
  unacknowledged: z.number().int().min(10).max(100_000).default(2000).describe(
    "Stanzas that are kept for one session; with more that its client has not read it ends.",
  ),
  unacknowledged_size: size().prefault("8 MiB").describe(
    "What the stanzas may take up that are kept for a session without a connection; with more it ends.",
  ),
});
type Config = z.infer<typeof config>;

const acknowledgements = defineSlot<Acknowledgements>("stream_management");

export const streamManagement = definePlugin({
  name: "stream_management",
  doc: "Counts stanzas both ways and lets a session survive its connection.",
  xeps: [[198, "1.6.1"]],
  config,
  standard: true,
  provides: [acknowledging],
  wants: [acceptance, archiving, carbons, privacy],
  setup(host) {
    new StreamManagement(host).register();
  },
});

class StreamManagement implements Keeper {
  readonly requestAfter: number;
  readonly most: number;
  readonly largest: number;
  readonly #rerouting: Rerouting;
  readonly #stakes: Stakes;
  readonly #resumptions: Resumptions;
  readonly #answers: AckAnswers;
  readonly #patience: Patience;

  constructor(private readonly host: HostScope<Config>) {
    this.requestAfter = host.config.request_after;
    this.most = host.config.unacknowledged;
    this.largest = host.config.unacknowledged_size;
    this.#rerouting = new Rerouting(
      host,
      (session, safe, write) => this.#entrust(session, safe, write),
      (session) => !session.parked && session.get(acknowledgements)?.silent !== true,
      (session) => session.get(acknowledgements)?.queue ?? [],
    );
    this.#stakes = new Stakes(host, this.#rerouting, (session) => session.get(acknowledgements));
    this.#answers = new AckAnswers(host);
    this.#patience = new Patience(host, (session) => this.#stakes.lookAt(session.account));
    this.#resumptions = new Resumptions(host, (acks, from) => this.#goOn(acks, from));
  }

  register(): void {
    const { host } = this;
    for (const ns of NAMESPACES) {
      const offered = el("sm", ns);
      host.streamFeature({
        ns,
        needs: Authenticated,
        forbids: 0,
        // Enabled with the resource already (XEP-0386): a client that sees it offered again would ask for it again.
        offer: (session) => session.get(acknowledgements) === undefined ? offered : undefined,
      });
      host.nonza(ns, "enable", (session, element) => this.#enable(session, element));
      host.nonza(ns, "resume", (session, element) => this.#resume(session, element));
      host.nonza(ns, "r", (session) => this.#answer(session));
      host.nonza(ns, "a", (session, element) => this.#acknowledged(session, element));
    }
    this.#registerInlines();
    watchDevices(
      host,
      (priority) => this.#rerouting.accepts(priority),
      (session) => session.get(acknowledgements),
    );
    host.provide(acknowledging, {
      isWatched: (session) => session.get(acknowledgements) !== undefined,
      entrust: (session, deposit, write) => this.#entrust(session, new Safe(deposit), write),
    });
    // Behind the guards of the way out: an answer that did not leave is none.
    host.at(departing).witness({ kind: "iq" }, ({ stanza, session }) => {
      if (!stanza.isRequest) session?.get(acknowledgements)?.answered(stanza.to, stanza.id);
    });
    host.tap(entering, ({ session, element }) => {
      const acks = session.get(acknowledgements);
      if (acks !== undefined && kindOf(element) !== undefined) acks.received();
      return undefined;
    });
    host.tap(writing, ({ session, stanza, text }) => {
      const acks = session.get(acknowledgements);
      if (acks === undefined) this.#rerouting.gave(session, stanza);
      else this.#sent(acks, stanza, text);
    });
    host.tap(parting, ({ session, end }) => this.#park(session, end));
    host.on(sessionUnbound, ({ session }) => this.#over(session));
    host.on(stopping, () => {
      for (const { session } of this.#resumptions.all()) if (session.parked) session.unbind();
    });
  }

  /** XEP-0198 §9: resumed within the login, or enabled with a new resource. */
  #registerInlines(): void {
    const [ns] = NAMESPACES;
    const offered = el("sm", ns);
    this.host.inline("resume", {
      offer: () => offered,
      take: ({ session, request }) => {
        const element = request.child("resume", ns);
        return element === undefined ? undefined : this.#resumptions.find(session, element);
      },
    });
    this.host.inline("bind2", {
      feature: ns,
      take: (session, request) => {
        const element = request.child("enable", ns);
        return element === undefined ? undefined : this.#begin(session, element);
      },
    });
  }

  // --- the client's requests --------------------------------------------------------------------------------------

  #enable(session: ClientSession, element: Element): undefined {
    const { ns } = element;
    if (!session.isBound || session.get(acknowledgements) !== undefined) {
      session.stream?.send(failure(ns, "unexpected-request"));
      return undefined;
    }
    session.stream?.send(this.#begin(session, element));
  }

  /** Counts from now on, and says so. */
  #begin(session: ClientSession, element: Element): Element {
    const { ns } = element;
    const resume = element.attr("resume");
    const most = this.host.config.resume_timeout;
    const resumes = most > 0 && (resume === "true" || resume === "1");
    const asked = Number(element.attr("max"));
    const patience = Number.isInteger(asked) && asked > 0 ? Math.min(asked * 1000, most) : most;
    const id = resumes ? randomId(18) : undefined;
    const acks = new Acknowledgements(session, ns, id, patience, this);
    session.set(acknowledgements, acks);
    this.#resumptions.add(acks);
    return el("enabled", ns, {
      id,
      resume: resumes ? "true" : undefined,
      max: resumes ? String(Math.round(patience / 1000)) : undefined,
    });
  }

  async #resume(session: ClientSession, element: Element): Promise<undefined> {
    if (session.isBound || (session.state & Authenticated) === 0) {
      session.stream?.send(failure(element.ns, "unexpected-request"));
      return undefined;
    }
    const found = await this.#resumptions.find(session, element);
    // The client has gone away meanwhile.
    if (session.stream === undefined) return undefined;
    if (!session.home!.isCurrent(session, session.username)) {
      throw new StreamError("not-authorized", "this account is not what it was at the login");
    }
    if (found instanceof Element || !found.session.isBound) {
      session.stream.send(found instanceof Element ? found : found.over());
      return undefined;
    }
    session.stream.send(found.answer());
    found.session.resume(session);
    found.resumed(session);
  }

  #goOn(acks: Acknowledgements, from: ClientSession): void {
    this.host.wheel.disarm(acks);
    acks.goOn();
    const { domain } = this.host;
    // XEP-0198 §4: with the time of the first attempt.
    acks.queue.forEach((written, place) => {
      const { kind, text } = written;
      const again = kind !== "message"
        ? text
        : late(Stanza.again(written), acks.times[place]!, domain).toText();
      acks.session.stream?.put(again);
    });
    if (acks.queue.length > 0) acks.request();
    this.#resumptions.count("resumed");
    this.host.log.debug("resumed", { session: acks.session.jid?.toString(), again: acks.queue.length });
    this.host.emit(sessionResumed, { session: acks.session, from });
  }

  #answer(session: ClientSession): undefined {
    const acks = session.get(acknowledgements);
    if (acks !== undefined) this.#answers.ask(acks);
  }

  #acknowledged(session: ClientSession, element: Element): undefined {
    const acks = session.get(acknowledgements);
    if (acks === undefined) return undefined;
    const h = readHandledCount(element);
    if (h === undefined) throw new StreamError("bad-format", "'h' is a number of stanzas");
    acks.acknowledge(h);
  }

  // --- a stanza goes out ------------------------------------------------------------------------------------------

  #sent(acks: Acknowledgements, stanza: Stanza, text: string | undefined): void {
    const { session } = acks;
    acks.sent(stanza, text, this.host.clock.now());
    // The session is over.
    if (acks.overfull) return;
    this.#rerouting.gave(session, stanza);
    if (session.parked) this.host.emit(keptForParked, { session, stanza });
    else this.#patience.sent(acks);
    if ((acks.silent || session.parked) && !acks.entrusting) this.#stakes.came(acks);
  }

  /** Whether what `write` hands to a session is in its queue now, and in storage until it leaves that. */
  #entrust(session: ClientSession, safe: Safe, write: () => void): boolean {
    const acks = session.get(acknowledgements);
    if (acks === undefined) {
      write();
      return false;
    }
    const { next } = acks;
    acks.entrusting = true;
    try {
      write();
    } finally {
      acks.entrusting = false;
    }
    // It may have to wait, or have been the one stanza too many.
    if (acks.next <= next || session.get(acknowledgements) !== acks) return false;
    acks.secure(acks.queue.length - 1, safe);
    return true;
  }

  asked(acks: Acknowledgements): void {
    this.#patience.asked(acks);
  }

  overdue(acks: Acknowledgements): void {
    const { session } = acks;
    if (session.parked) session.unbind(new Error("not resumed in time"));
    else this.#patience.look(acks);
  }

  overflowed({ session }: Acknowledgements): void {
    const error = new StreamError("resource-constraint", "too many stanzas are unacknowledged");
    this.host.log.info("unacknowledged", { session: session.jid?.toString(), most: this.most });
    session.end(error);
  }

  // --- the stream is gone -----------------------------------------------------------------------------------------

  /** Only what broke waits: a stream that was closed in order, or ended by us, is over. */
  #park(session: ClientSession, end: End): "keep" | undefined {
    const acks = session.get(acknowledgements);
    if (acks?.id === undefined || acks.overfull || !isBroken(end) || !acks.wait()) return undefined;
    this.host.wheel.disarm(acks);
    this.host.wheel.arm(acks, acks.patience);
    this.host.log.debug("parked", { session: session.jid?.toString(), unacknowledged: acks.queue.length });
    const unacknowledged = [...acks.queue];
    this.host.spawn(async () => {
      // After the stream's end has been dealt with: whoever listens may write to the session.
      await nextTurn();
      if (!session.parked) return;
      this.#stakes.lookAt(session.account);
      this.host.emit(sessionParked, { session });
      let left = SLICE;
      for (const written of unacknowledged) {
        // Nobody is waiting for word of a request.
        if (written.kind === "iq") continue;
        if (left <= 0) {
          await nextTurn();
          if (!session.parked) return;
          left = SLICE;
        }
        left -= written.length;
        this.host.emit(keptForParked, { session, stanza: Stanza.again(written) });
      }
    });
    return "keep";
  }

  #over(session: ClientSession): undefined {
    const acks = session.get(acknowledgements);
    if (acks === undefined) return;
    this.host.wheel.disarm(acks);
    session.set(acknowledgements, undefined);
    this.#resumptions.over(acks);
    this.#rerouting.reroute(acks);
    this.#stakes.lookAt(session.account);
  }
}

/** The connection, and not the session: also where we gave it up because nobody answered or read any more. */
function isBroken(end: End): boolean {
  if (!(end instanceof StreamError)) return end !== undefined;
  return end.condition === "connection-timeout" || end.condition === "resource-constraint";
}
