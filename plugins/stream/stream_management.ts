/**
 * XEP-0198: Stream Management 1.6.1, in its namespaces 3 and 2. Stanzas are counted both ways; a session whose connection
 * breaks waits for another one and loses nothing; what nobody fetched in time goes where it would have gone without the
 * session. Nothing is acknowledged before its effects are safe.
 *
 * Left out: `location` (there is one server) and resumption after a restart.
 */
import {
  Authenticated,
  CLAIMED,
  type ClientSession,
  definePlugin,
  defineSlot,
  duration,
  el,
  Element,
  entering,
  type HostScope,
  isPromise,
  kindOf,
  Lru,
  nextTurn,
  options,
  type Outcome,
  parting,
  randomId,
  type Resumption,
  sessionUnbound,
  type Stanza,
  StanzaError,
  STANZAS_NS,
  stopping,
  StreamError,
  writing,
  z,
} from "#plugin";
import { Acknowledgements, type Keeper, readCount } from "./acknowledgements.ts";
import { keptForParked, sessionParked, sessionResumed } from "./api.ts";

const NAMESPACES = ["urn:xmpp:sm:3", "urn:xmpp:sm:2"] as const;
const STANZA_ID_NS = "urn:xmpp:sid:0";
/** Sessions that ended lately, of which the counter is still known. */
const REMEMBERED = 10_000;

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
    "Stanzas that are kept for one session; with more it ends.",
  ),
});
type Config = z.infer<typeof config>;

const acknowledgements = defineSlot<Acknowledgements>("stream_management");
/** Sessions that can be resumed, by id; kept over reloads of the plugin. */
const resumable = defineSlot<Map<string, Acknowledgements>>("stream_management.resumable");

export const streamManagement = definePlugin({
  name: "stream_management",
  doc: "Counts stanzas both ways and lets a session survive its connection.",
  xeps: [[198, "1.6.1"]],
  config,
  standard: true,
  setup(host) {
    new StreamManagement(host).register();
  },
});

class StreamManagement implements Keeper {
  readonly requestAfter: number;
  readonly most: number;
  readonly #resumable: Map<string, Acknowledgements>;
  /** Of sessions that have ended, how many of the client's stanzas were dealt with (XEP-0198 §5, `failed` with `h`). */
  readonly #ended = new Lru<string, number>(REMEMBERED);

  constructor(private readonly host: HostScope<Config>) {
    this.requestAfter = host.config.request_after;
    this.most = host.config.unacknowledged;
    this.#resumable = host.hold(resumable, () => new Map());
  }

  register(): void {
    const { host } = this;
    for (const ns of NAMESPACES) {
      host.streamFeature({
        ns,
        needs: Authenticated,
        forbids: 0,
        // Enabled with the resource already (XEP-0386): a client that sees it offered again would ask for it again.
        offer: (session) => session.get(acknowledgements) === undefined ? el("sm", ns) : undefined,
      });
      host.nonza(ns, "enable", (session, element) => this.#enable(session, element));
      host.nonza(ns, "resume", (session, element) => this.#resume(session, element));
      host.nonza(ns, "r", (session) => this.#answer(session));
      host.nonza(ns, "a", (session, element) => this.#acknowledged(session, element));
    }
    this.#registerInlines();
    host.tap(entering, ({ session, element }) => {
      const acks = session.get(acknowledgements);
      if (acks !== undefined && kindOf(element) !== undefined) acks.received();
      return undefined;
    });
    host.tap(writing, ({ session, stanza }) => {
      const acks = session.get(acknowledgements);
      if (acks !== undefined) this.#sent(acks, stanza);
    });
    host.tap(parting, ({ session, end }) => this.#park(session, end));
    host.on(sessionUnbound, ({ session }) => this.#over(session));
    host.on(stopping, () => {
      for (const { session } of [...this.#resumable.values()]) if (session.parked) session.unbind();
    });
  }

  /** XEP-0198 §9: resumed within the login, or enabled with a new resource. */
  #registerInlines(): void {
    const [ns] = NAMESPACES;
    this.host.inline("resume", {
      offer: () => el("sm", ns),
      take: ({ session, request }) => {
        const element = request.child("resume", ns);
        return element === undefined ? undefined : this.#resumption(session, element);
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
    if (id !== undefined) this.#resumable.set(id, acks);
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
    const found = await this.#resumption(session, element);
    // The client has gone away meanwhile.
    if (session.stream === undefined) return undefined;
    if (found instanceof Element) {
      session.stream.send(found);
      return undefined;
    }
    session.stream.send(found.answer());
    found.session.resume(session);
    found.resumed();
  }

  /** The session that the client means, once it can go on with another stream; or why it cannot. */
  async #resumption(session: ClientSession, element: Element): Promise<Resumption<ClientSession> | Element> {
    const { ns } = element;
    const h = readCount(element);
    const id = element.attr("previd");
    if (h === undefined || id === undefined) return failure(ns, "bad-request");
    const acks = this.#resumable.get(id);
    // Of another account's session nothing is said.
    if (acks === undefined || acks.ns !== ns || acks.session.username !== session.username) {
      return failure(ns, "item-not-found", this.#ended.get(`${session.username} ${id}`));
    }
    acks.acknowledge(h);
    // What the client will be told is dealt with must be safe first; its old stream may still be read.
    for (let safe = -1; safe !== acks.inbound;) {
      safe = acks.inbound;
      await this.host.flush();
    }
    if (!acks.session.isBound) return failure(ns, "item-not-found", acks.inbound);
    return {
      session: acks.session,
      answer: () => el("resumed", ns, { previd: id, h: String(acks.inbound) }),
      resumed: () => this.#goOn(acks),
    };
  }

  #goOn(acks: Acknowledgements): void {
    this.host.wheel.disarm(acks);
    acks.requested = false;
    for (const stanza of acks.queue) acks.session.stream?.put(stanza.toText());
    if (acks.queue.length > 0) {
      acks.request();
      this.host.wheel.arm(acks, this.host.config.answer_within);
    }
    this.host.log.debug("resumed", { session: acks.session.jid?.toString(), again: acks.queue.length });
    this.host.emit(sessionResumed, { session: acks.session });
  }

  #answer(session: ClientSession): undefined | Promise<undefined> {
    const acks = session.get(acknowledgements);
    if (acks === undefined) return undefined;
    // An acknowledgement promises that nothing of it can be lost any more; while it waits, nothing more is read.
    return this.host.flush().then(() => {
      session.stream?.put(`<a xmlns="${acks.ns}" h="${acks.inbound}"/>`);
      return undefined;
    });
  }

  #acknowledged(session: ClientSession, element: Element): undefined {
    const acks = session.get(acknowledgements);
    if (acks === undefined) return undefined;
    const h = readCount(element);
    if (h === undefined) throw new StreamError("bad-format", "'h' is a number of stanzas");
    acks.acknowledge(h);
    if (acks.queue.length === 0) this.host.wheel.disarm(acks);
  }

  // --- a stanza goes out ------------------------------------------------------------------------------------------

  #sent(acks: Acknowledgements, stanza: Stanza): void {
    const { session } = acks;
    if (session.parked) {
      acks.sent(stanza.containing(stanza.source.detached()));
      this.host.emit(keptForParked, { session, stanza });
      return;
    }
    acks.sent(stanza);
    if (acks.due === 0) this.host.wheel.arm(acks, this.host.config.request_within);
  }

  overdue(acks: Acknowledgements): void {
    const { session } = acks;
    if (session.parked) {
      session.unbind(new Error("not resumed in time"));
    } else if (acks.queue.length > 0 && !acks.requested) {
      acks.request();
      this.host.wheel.arm(acks, this.host.config.answer_within);
    } else if (acks.requested) {
      session.stream?.carrier.destroy(new Error("no acknowledgement in time"));
    }
  }

  overflowed({ session }: Acknowledgements): void {
    const error = new StreamError("resource-constraint", "too many stanzas are unacknowledged");
    this.host.log.info("unacknowledged", { session: session.jid?.toString(), most: this.most });
    session.end(error);
  }

  // --- the stream is gone -----------------------------------------------------------------------------------------

  /** Only what broke waits: a stream that was closed in order, or ended by us, is over. */
  #park(session: ClientSession, end: unknown): "keep" | undefined {
    const acks = session.get(acknowledgements);
    if (acks?.id === undefined || end === undefined || end instanceof StreamError) return undefined;
    acks.detach();
    acks.requested = false;
    this.host.wheel.disarm(acks);
    this.host.wheel.arm(acks, acks.patience);
    this.host.log.debug("parked", { session: session.jid?.toString(), unacknowledged: acks.queue.length });
    const unacknowledged = [...acks.queue];
    this.host.spawn(async () => {
      // After the stream's end has been dealt with: whoever listens may write to the session.
      await nextTurn();
      if (!session.parked) return;
      for (const stanza of unacknowledged) this.host.emit(keptForParked, { session, stanza });
      this.host.emit(sessionParked, { session });
    });
    return "keep";
  }

  #over(session: ClientSession): undefined {
    const acks = session.get(acknowledgements);
    if (acks === undefined) return;
    this.host.wheel.disarm(acks);
    session.set(acknowledgements, undefined);
    if (acks.id !== undefined) {
      this.#resumable.delete(acks.id);
      this.#ended.set(`${session.username} ${acks.id}`, acks.inbound);
    }
    for (const stanza of acks.queue) this.#reroute(session, stanza);
  }

  /**
   * A stanza that the client never acknowledged. A message that the account's archive has is found there; another one goes
   * the way of messages for nobody (offline storage); requests are refused, so that whoever asks need not wait.
   */
  #reroute(session: ClientSession, stanza: Stanza): void {
    if (stanza.isError || stanza.kind === "presence") return;
    if (stanza.kind === "iq") {
      if (stanza.isRequest) this.host.refuse(stanza, new StanzaError("recipient-unavailable"));
      return;
    }
    if (isArchived(stanza, session)) return;
    const settle = (outcome: Outcome): void => {
      if (outcome === CLAIMED || stanza.type === "headline") return;
      this.host.refuse(stanza, outcome ?? new StanzaError("recipient-unavailable"));
    };
    const outcome = this.host.undelivered({ stanza, claimed: false, session: undefined });
    if (isPromise(outcome)) outcome.then(settle);
    else settle(outcome);
  }
}

function failure(ns: string, condition: string, h?: number): Element {
  return el("failed", ns, h === undefined ? {} : { h: String(h) }, [el(condition, STANZAS_NS)]);
}

/** The archive marks what it keeps with an id of the account's (XEP-0359 §3). */
function isArchived(stanza: Stanza, session: ClientSession): boolean {
  const account = session.account.toString();
  return stanza.source.elementsOf(STANZA_ID_NS).some((id) =>
    id.name === "stanza-id" && id.attr("by") === account
  );
}
