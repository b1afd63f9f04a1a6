/**
 * Presence (RFC 6121 §4): who is available, told to those who may know; probes; and presence to chosen receivers.
 *
 * Decisions where the RFC leaves them open: answers to probes carry the moment the presence came (XEP-0203 §1 names this
 * use, and both ejabberd and Prosody do it). Contacts on this host are looked up instead of probed (§4.3.1). Broadcasts
 * go to contacts whether they are available or not (§4.4.2).
 */
import {
  type Arriving,
  arriving,
  CLAIMED,
  type ClientSession,
  CONTENT_NS,
  definePlugin,
  DELAY_NS,
  type Departing,
  departing,
  el,
  type Element,
  type HostScope,
  Jid,
  options,
  randomId,
  type Refusal,
  sessionUnbound,
  Stanza,
  StanzaError,
  stopping,
  z,
} from "#plugin";
import { availability, becameUnavailable, presenceChanged, roster, type Rosters } from "./api.ts";
import { forget, forgetAll, remember, toldBy } from "./directed.ts";
import { Fanout, notify, tellPresence, unavailableOf } from "./notify.ts";
import { BAD_PRIORITY, readPriority } from "./priority.ts";
import { answerProbe, isOwnProbe, probeOf } from "./probe.ts";
import { isSubscriptionType } from "./subscription_table.ts";

interface PresenceOptions {
  readonly directed: number;
}

const config = options({
  directed: z.number().int().min(1).max(1_000_000).default(1000).describe(
    "Receivers outside the contact list that a session may send its presence to, such as rooms it is in.",
  ),
});

export const presence = definePlugin<PresenceOptions>({
  name: "presence",
  doc: "Tells contacts who is available.",
  rfcs: ["RFC 6121"],
  xeps: [[203, "2.0"]],
  config,
  standard: true,
  provides: [availability],
  needs: [roster],
  setup(host) {
    const presences = new Presences(host, host.use(roster));
    host.provide(availability, presences);
    host.at(departing).guard({ kind: "presence" }, (x) => presences.check(x));
    host.at(departing).claim({ kind: "presence", to: "host" }, (x) => presences.broadcast(x));
    host.at(departing).witness({ kind: "presence" }, (x) => presences.note(x));
    host.at(arriving).claim({ kind: "presence" }, (x) => presences.receive(x));
    host.on(sessionUnbound, ({ session }) => presences.ended(session));
    host.on(stopping, () => presences.stopping());
  },
});

class Presences {
  readonly #fanout: Fanout;
  #stopping = false;

  constructor(private readonly host: HostScope<PresenceOptions>, private readonly rosters: Rosters) {
    this.#fanout = new Fanout(host);
  }

  // --- availability -----------------------------------------------------------------------------------------------

  sessions(local: string): readonly ClientSession[] {
    return this.#sessions(local).filter((session) => session.presence !== undefined);
  }

  isAvailable(local: string): boolean {
    return this.#sessions(local).some((session) => session.presence !== undefined);
  }

  presence(full: Jid): Stanza | undefined {
    return this.host.session(full)?.presence;
  }

  withdraw(session: ClientSession, from: (to: Jid) => boolean): void {
    for (const address of toldBy(session) ?? []) {
      const to = Jid.parse(address);
      if (!from(to)) continue;
      forget(session, to);
      notify(this.host, session.username, unavailableOf(session.jid!, to), session);
    }
  }

  seek(local: string, contact: Jid): void {
    const { host } = this;
    const account = Jid.of(local, host.domain);
    const sessions = this.sessions(local);
    if (contact.domain !== host.domain || contact.local === "") {
      // By the rules of any of them (XEP-0016 §2.2): all hear the answer, which passes their own.
      const probe = probeOf(account).addressed(contact);
      sessions.some((session) => notify(host, local, probe, session));
    } else for (const session of sessions) this.#show(contact, account, session.jid!);
  }

  hasTold(session: ClientSession, contact: Jid): boolean {
    for (const address of toldBy(session) ?? []) {
      if (Jid.parse(address).bare.equals(contact.bare)) return true;
    }
    return false;
  }

  renew(session: ClientSession, change: (presence: Element) => Element): void {
    const { presence, jid } = session;
    if (presence === undefined) return;
    // Without our own note of the moment at which it came, which is now.
    const said = presence.source.without((it) =>
      it.name === "delay" && it.ns === DELAY_NS && it.attr("from") === this.host.domain
    );
    void this.#available(session, Stanza.of(change(said), jid));
  }

  #sessions(local: string): readonly ClientSession[] {
    return this.host.sessions(Jid.parse(`${local}@${this.host.domain}`));
  }

  // --- from clients -----------------------------------------------------------------------------------------------

  check({ stanza, session }: Readonly<Departing>): Refusal | undefined {
    const { type, to } = stanza;
    if (to === undefined) {
      if (type === "available") return readPriority(stanza) === undefined ? BAD_PRIORITY : undefined;
      return isSubscriptionType(type) ? new StanzaError("bad-request", `"${type}" needs a 'to'`) : undefined;
    }
    if (type !== "available") return undefined;
    const known = toldBy(session);
    if (known === undefined || known.size < this.host.config.directed || known.has(to.toString())) {
      return undefined;
    }
    return new StanzaError("resource-constraint", "presence was sent to too many addresses in this session");
  }

  /** Presence for everybody who may know (RFC 6121 §4.2.2, §4.4.2, §4.5.2). */
  broadcast({ stanza, session }: Readonly<Departing>): Promise<typeof CLAIMED> | typeof CLAIMED | undefined {
    if (stanza.to !== undefined) return undefined;
    const { type } = stanza;
    const done = type === "available"
      ? this.#available(session, stanza)
      : type === "unavailable"
      ? this.#unavailable(session, stanza)
      : undefined;
    return done === undefined ? CLAIMED : done.then((): typeof CLAIMED => CLAIMED);
  }

  #available(session: ClientSession, stanza: Stanza): Promise<void> | undefined {
    const { host } = this;
    const { username } = session;
    const priorityBefore = session.presence === undefined ? undefined : session.priority;
    session.presence = this.#kept(stanza, session.jid!);
    session.priority = readPriority(stanza) ?? 0;
    let done = this.#fanout.run(username, this.#subscribers(session), (to) => {
      notify(host, username, stanza.addressed(to), session);
    });
    if (priorityBefore === undefined) done = this.#introduce(session) ?? done;
    host.emit(presenceChanged, { session, stanza, priorityBefore });
    return done;
  }

  /** The account itself, which is always subscribed to itself, and all contacts that are. */
  #subscribers({ account, username }: ClientSession): Jid[] {
    const receivers = [account];
    for (const { jid, subscription } of this.rosters.items(username)) {
      if (subscription === "from" || subscription === "both") receivers.push(jid);
    }
    return receivers;
  }

  /** What a session that has just become available must know of the others (RFC 6121 §4.2.2, §4.3.1). */
  #introduce(session: ClientSession): Promise<void> | undefined {
    const { host } = this;
    const { account, username } = session;
    const full = session.jid!;
    for (const other of host.sessions(account)) if (other !== session) tellPresence(host, other, full);
    const watched: Jid[] = [];
    for (const { jid, subscription } of this.rosters.items(username)) {
      if (subscription === "to" || subscription === "both") watched.push(jid);
    }
    const probe = probeOf(account);
    return this.#fanout.run(username, watched, (contact) => {
      if (contact.domain === host.domain && contact.local !== "") this.#show(contact, account, full);
      else notify(host, username, probe.addressed(contact), session);
    });
  }

  /** A contact of this host is shown to one session of a subscriber's. */
  #show(contact: Jid, subscriber: Jid, to: Jid): void {
    const sessions = this.host.sessions(contact);
    if (sessions.length === 0 || !this.rosters.sees(contact.local, subscriber)) return;
    for (const session of sessions) tellPresence(this.host, session, to);
  }

  /** As it is kept for those who ask later: nothing of it is a slice of what came over the wire. */
  #kept(stanza: Stanza, from: Jid): Stanza {
    const { id, source } = stanza;
    const delay = el("delay", DELAY_NS, {
      from: this.host.domain,
      stamp: new Date(this.host.clock.now()).toISOString(),
    });
    const kept = source.with({ id, from: undefined, to: undefined, type: undefined }).plus(delay);
    return Stanza.of(kept.detached(), from);
  }

  // --- the end of it ----------------------------------------------------------------------------------------------

  #unavailable(session: ClientSession, stanza: Stanza): Promise<void> | undefined {
    const { host } = this;
    const receivers = this.#informed(session);
    const was = session.presence !== undefined;
    const priorityBefore = session.priority;
    session.presence = undefined;
    session.priority = 0;
    forgetAll(session);
    if (was && session.isBound) host.deliver(session, stanza.addressed(session.jid));
    const { username } = session;
    const done = this.#fanout.run(username, receivers, (to) => {
      notify(host, username, stanza.addressed(to), session);
    });
    if (was) host.emit(becameUnavailable, { session, stanza, priorityBefore });
    return done;
  }

  /** Everybody who believes a session to be available: subscribers, and those it has told itself (RFC 6121 §4.6.3). */
  #informed(session: ClientSession): Jid[] {
    const subscribers = session.presence === undefined ? [] : this.#subscribers(session);
    const told = toldBy(session);
    if (told === undefined) return this.#reachable(subscribers);
    const covered = new Set(subscribers.map(String));
    const others = [...told].filter((address) => !covered.has(address)).map((address) => Jid.parse(address));
    return this.#reachable([...subscribers, ...others]);
  }

  /** When the server stops, nobody on it will be there to hear. */
  #reachable(receivers: Jid[]): Jid[] {
    return this.#stopping ? receivers.filter((to) => to.domain !== this.host.domain) : receivers;
  }

  /** A session's stream is gone: the server says what the client did not (RFC 6121 §4.5.2). */
  ended(session: ClientSession): undefined {
    if (session.presence === undefined && toldBy(session) === undefined) return;
    this.#unavailable(session, unavailableOf(session.jid!));
  }

  stopping(): undefined {
    this.#stopping = true;
  }

  // --- directed presence ------------------------------------------------------------------------------------------

  /** RFC 6121 §4.6.3: who is told outside of broadcasts must be told of the end too. */
  note({ stanza, session }: Readonly<Departing>): undefined {
    const { type, to } = stanza;
    if (to === undefined || (type !== "available" && type !== "unavailable")) return;
    if (type === "unavailable") forget(session, to);
    else if (!to.bare.equals(session.account)) remember(session, to);
  }

  // --- to clients -------------------------------------------------------------------------------------------------

  receive({ stanza }: Readonly<Arriving>): typeof CLAIMED | undefined {
    const { host } = this;
    const { type, from } = stanza;
    const to = stanza.to!;
    if (to.local === "" || from === undefined) return this.#forHost(stanza);
    if (type === "probe") this.#probed(stanza, from, to);
    // The answer to a probe of ours is of no use to a client.
    else if (isSubscriptionType(type) || (type === "error" && isOwnProbe(stanza.id))) return undefined;
    else if (to.resource !== "") {
      const session = host.session(to);
      if (session !== undefined) this.#deliver(session, stanza, from);
    } else {
      const sessions = host.sessions(to);
      for (let i = 0; i < sessions.length; i++) {
        const session = sessions[i]!;
        if (session.presence !== undefined) this.#deliver(session, stanza, from);
      }
    }
    return CLAIMED;
  }

  #deliver(session: ClientSession, stanza: Stanza, from: Jid): void {
    if (stanza.type !== "available") forget(session, from);
    this.host.deliver(session, stanza);
  }

  #probed(stanza: Stanza, from: Jid, to: Jid): void {
    const { host, rosters } = this;
    const exists = host.accounts.exists(to.local);
    const session = to.resource === "" ? undefined : host.session(to);
    const answers = answerProbe(stanza, {
      sees: exists && rosters.sees(to.local, from),
      told: session !== undefined && toldBy(session)?.has(from.toString()) === true,
      available: exists ? this.sessions(to.local) : [],
    });
    for (const answer of answers) {
      if (isSubscriptionType(answer.type)) host.send(answer);
      else notify(host, to.local, answer, host.session(answer.from!));
    }
  }

  /** The host itself is always there, for whoever asks; nothing is kept of that. */
  #forHost(stanza: Stanza): typeof CLAIMED | undefined {
    const { host } = this;
    const { type, from, to, id } = stanza;
    if (from === undefined || to === undefined || to.resource !== "") return undefined;
    const reply = (type: string | undefined): void => {
      host.send(Stanza.of(el("presence", CONTENT_NS, { type, id: id ?? randomId(6) }), host.jid, from.bare));
    };
    if (type === "subscribe") reply("subscribed");
    else if (type === "unsubscribe") reply("unsubscribed");
    if (type === "subscribe" || type === "probe") reply(undefined);
    return CLAIMED;
  }
}
