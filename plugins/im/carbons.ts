/**
 * XEP-0280: Message Carbons 1.0.1. Every device that asks for it sees both sides of the account's conversations.
 *
 * Decisions: a message that no device took is kept for later, and a device that is not available yet will get it then: it
 * gets no copy. Messages to the own account are copied as received ones, once. `<private/>` stays in the message:
 * §9 gave up its removal as a hole, and the receiver's server must see it.
 */
import {
  type Arriving,
  arriving,
  buildForwarded,
  type ClientSession,
  CONTENT_NS,
  definePlugin,
  defineSlot,
  type Departing,
  departing,
  el,
  type HostScope,
  type Jid,
  none,
  NotYours,
  type Query,
  sessionUnbound,
  Stanza,
  StanzaError,
} from "#plugin";
import { byPriority, isReached } from "./acceptance.ts";
import {
  type Acceptance,
  acceptance,
  type Carbons,
  carbons as service,
  carbonsSwitched,
  copying,
} from "./api.ts";
import { CopiedMessages } from "./carbon_errors.ts";
import { CARBONS_NS, carbonWorth, type Direction } from "./carbon_rules.ts";
import { Whispers } from "./carbon_whispers.ts";

/** The session wants copies. */
const enabled = defineSlot<true>("carbons");

export const carbons = definePlugin({
  name: "carbons",
  doc: "Gives copies of an account's conversations to those of its devices that ask for them.",
  xeps: [[280, "1.0.1"], [297, "1.0"], [334, "1.0.0"]],
  config: none,
  standard: true,
  provides: [service],
  wants: [acceptance],
  setup(host) {
    host.feature(CARBONS_NS, "urn:xmpp:carbons:rules:0");
    const copies = new Copies(host, host.find(acceptance) ?? byPriority);
    host.provide(service, copies);
    host.iq.set(CARBONS_NS, "enable", "own", (query) => copies.enable(sessionOf(query)));
    host.iq.set(CARBONS_NS, "disable", "own", (query) => copies.disable(sessionOf(query)));
    for (const name of ["enable", "disable"]) {
      host.iq.set(CARBONS_NS, name, "account", () => {
        throw new NotYours("copies are for the account's own devices", "not-allowed");
      });
    }
    // XEP-0386 §3.1: within the login.
    host.inline("bind2", {
      feature: CARBONS_NS,
      take: (session, request) => request.has("enable", CARBONS_NS) ? copies.enable(session) : undefined,
    });
    const whispers = new Whispers(host.clock);
    host.at(arriving).amend({ kind: "message", to: "resource" }, ({ stanza }) => whispers.arrives(stanza));
    host.at(departing).witness({ kind: "message" }, (x) => copies.sent(x));
    for (const to of ["account", "resource"] as const) {
      host.at(arriving).witness({ kind: "message", to }, (x) => copies.received(x));
    }
    host.on(sessionUnbound, ({ session }) => copies.ended(session));
  },
});

/** XEP-0280 §4.1: only devices of this server, each for itself. */
function sessionOf({ session }: Query): ClientSession {
  if (session === undefined) {
    throw new StanzaError("not-allowed", "copies are for the account's own devices");
  }
  return session;
}

class Copies implements Carbons {
  /** Of accounts with several devices: what was copied, for the errors that may follow. */
  readonly #copied = new Map<string, CopiedMessages>();

  constructor(private readonly host: HostScope<unknown>, private readonly acceptance: Acceptance) {}

  enable(session: ClientSession): undefined {
    this.#switch(session, true);
  }

  disable(session: ClientSession): undefined {
    this.#switch(session, false);
  }

  #switch(session: ClientSession, on: boolean): void {
    if (this.isEnabled(session) === on) return;
    session.set(enabled, on ? true : undefined);
    this.host.emit(carbonsSwitched, { session, on });
  }

  isEnabled(session: ClientSession): boolean {
    return session.get(enabled) === true;
  }

  copies(stanza: Stanza): boolean {
    return carbonWorth(stanza, "received") === "copy";
  }

  /** XEP-0280 §8: all other devices that want it, whether the sender does or not. */
  sent({ stanza, session }: Readonly<Departing>): undefined {
    const account = session.account;
    const sessions = this.host.sessions(account);
    if (stanza.to!.bare.equals(account)) return;
    let copy: Stanza | undefined | false;
    for (let i = 0; i < sessions.length && copy !== false; i++) {
      const other = sessions[i]!;
      if (other === session || other.get(enabled) === undefined) continue;
      copy ??= this.#copyOf(stanza, "sent", account) ?? false;
      if (copy !== false) this.host.deliver(other, copy.addressed(other.jid));
    }
  }

  /** XEP-0280 §7: those that want it and did not get the message itself. */
  received(x: Readonly<Arriving>): undefined {
    if (!x.claimed) return;
    const { stanza } = x;
    const to = stanza.to!;
    const sessions = this.host.sessions(to);
    const named = to.resource === "" ? undefined : this.host.session(to);
    if (sessions.length === 0 || (named !== undefined && sessions.length === 1)) return;
    let copy: Stanza | undefined | false;
    for (let i = 0; i < sessions.length && copy !== false; i++) {
      const session = sessions[i]!;
      if (session.get(enabled) === undefined || session === named || session === x.session) continue;
      if (named === undefined && !this.#misses(session, sessions, stanza)) continue;
      copy ??= this.#copyOf(stanza, "received", to.bare) ?? false;
      if (copy !== false) this.host.deliver(session, copy.addressed(session.jid));
    }
  }

  ended({ account }: ClientSession): undefined {
    if (this.host.sessions(account).length === 0) this.#copied.delete(account.local);
  }

  /** Whether a message for the account as a whole, or for a device that has gone, passes a session by, now and later. */
  #misses(session: ClientSession, sessions: readonly ClientSession[], { isError }: Stanza): boolean {
    // Such an error is given to nobody and kept for nobody (RFC 6121 §8.5.2).
    if (isError) return true;
    if (isReached(session, this.acceptance)) return false;
    return session.presence !== undefined || sessions.some((other) => isReached(other, this.acceptance));
  }

  /** One copy, to be addressed to each receiver; its text is shared. */
  #copyOf(stanza: Stanza, direction: Direction, account: Jid): Stanza | undefined {
    const peer = direction === "sent" ? stanza.to : stanza.from;
    if (peer === undefined) return undefined;
    const worth = carbonWorth(stanza, direction);
    if (worth === "leave") return undefined;
    if (worth === "if-asked") {
      if (stanza.id === undefined || this.#copied.get(account.local)?.has(stanza.id, peer) !== true) {
        return undefined;
      }
    } else if (stanza.id !== undefined) this.#note(account.local, stanza.id, peer);
    const x = { stanza, claimed: false, direction, account };
    // A guard that has to think says no.
    return this.host.pass(copying, x) === undefined ? wrap(x.stanza, direction, account) : undefined;
  }

  #note(local: string, id: string, peer: Jid): void {
    let copied = this.#copied.get(local);
    if (copied === undefined) this.#copied.set(local, copied = new CopiedMessages());
    copied.add(id, peer);
  }
}

/** The wrapper speaks for the account: only its own server can say that (XEP-0280 §11). */
function wrap(stanza: Stanza, direction: Direction, account: Jid): Stanza {
  const copy = el(direction, CARBONS_NS, undefined, buildForwarded(stanza.toElement()));
  // `with` makes the copies share the text once it is written.
  const message = el("message", CONTENT_NS, { type: stanza.type }, copy).with({});
  return Stanza.of(message, account);
}
