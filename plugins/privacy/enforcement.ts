/**
 * Where the rules of accounts are applied: to what they send, to what comes for them, and to what the server says for
 * them. Whoever is kept out hears what they would hear of an account that is not there, here and elsewhere
 * (XEP-0191 §3.3, XEP-0016 §2.14).
 */
import {
  type Arriving,
  arriving,
  type ClientSession,
  type Delivering,
  delivering,
  type Departing,
  departing,
  DROP,
  el,
  errorOf,
  forwardedOf,
  type HostScope,
  Jid,
  type Refusal,
  type Stanza,
  StanzaError,
  undelivered,
} from "#plugin";
import { type Availability, availability, type Notifying, notifying } from "../im/api.ts";
import { IQ, MESSAGE, OTHER, PRESENCE_IN, PRESENCE_OUT } from "./item.ts";
import type { RuleBook } from "./rule_book.ts";
import type { Rules } from "./rule_store.ts";

const CARBONS_NS = "urn:xmpp:carbons:2";

/** Registers the guards of a host. */
export function enforce(host: HostScope<unknown>, book: RuleBook): void {
  const rules = new Enforcement(host, book);
  host.at(departing).guard({}, (x) => rules.departs(x));
  host.at(arriving).guard({ to: "account" }, (x) => rules.arrives(x));
  host.at(arriving).guard({ to: "resource" }, (x) => rules.arrives(x));
  host.at(undelivered).guard({ kind: "message" }, (x) => rules.remains(x));
  host.at(delivering).guard({}, (x) => rules.reaches(x));
  host.at(notifying).guard({}, (x) => rules.tells(x));
}

// XEP-0191, example 8: the type of the condition is "cancel" here.
const BLOCKED = new StanzaError("not-acceptable", "you have blocked this address", {
  type: "cancel",
  extra: [el("blocked", "urn:xmpp:blocking:errors")],
});
const KEPT_BACK = new StanzaError("not-acceptable", "your privacy list keeps this back", { type: "cancel" });
/** What the host says for an account that does not exist (RFC 6121 §8.5.1). */
const NOBODY = new StanzaError("service-unavailable");

class Enforcement {
  readonly #availability: Availability | undefined;

  constructor(private readonly host: HostScope<unknown>, private readonly book: RuleBook) {
    this.#availability = host.find(availability);
  }

  /** What a session sends. Presence for all subscribers is looked at copy by copy, in `tells`. */
  departs({ stanza, session }: Readonly<Departing>): Refusal | undefined {
    const { book } = this;
    const rules = book.rules(session.username);
    const { to } = stanza;
    if (rules === undefined || to === undefined) return undefined;
    const kind = isNotification(stanza) ? PRESENCE_OUT : OTHER;
    const rule = book.denial(book.applied(rules, session), kind, session.username, to);
    if (rule === undefined) return undefined;
    // Written by us: on the usual way back it would be kept out, as it comes from a blocked address.
    const reply = errorOf(stanza, rule.blocks ? BLOCKED : KEPT_BACK);
    if (reply !== undefined) session.write(reply);
    return DROP;
  }

  /** What comes for an account, or for a resource of it, there or not. */
  arrives({ stanza }: Readonly<Arriving>): Refusal | undefined {
    const { book, host } = this;
    const to = stanza.to!;
    const rules = book.rules(to.local);
    const { from } = stanza;
    if (rules === undefined || from === undefined) return undefined;
    const kind = kindOfInbound(stanza);
    const session = to.resource === "" ? undefined : host.session(to);
    const list = session === undefined ? rules.standard : book.applied(rules, session);
    if (book.denial(list, kind, to.local, from) === undefined) return undefined;
    const forAll = session === undefined && (kind === MESSAGE || kind === PRESENCE_IN);
    if (forAll && this.#someAllow(rules, kind, to, from)) return undefined;
    return session !== undefined && this.#isFromRoom(stanza, session) ? DROP : refusalOf(stanza);
  }

  /**
   * A room takes an error for the end of whoever it comes from, and would put a session out that does not want to hear one
   * of the others there. The answer is only recommended (XEP-0191 §3.3), and the room knows that the session is there.
   */
  #isFromRoom({ kind, from }: Stanza, session: ClientSession): boolean {
    return kind === "message" && from!.resource !== "" &&
      this.#availability?.hasTold(session, from!) === true;
  }

  /** Whether a session has chosen other rules than the account's, by which it gets what the account does not. */
  #someAllow(rules: Rules, kind: number, to: Jid, from: Jid): boolean {
    const { book, host } = this;
    return host.sessions(to).some((session) => {
      return book.denial(book.applied(rules, session), kind, to.local, from) === undefined;
    });
  }

  /** A message that no session took: from here on the account as a whole is meant. */
  remains({ stanza }: Readonly<Arriving>): Refusal | undefined {
    const { book } = this;
    const { local } = stanza.to!;
    const rules = book.rules(local);
    if (rules === undefined || stanza.from === undefined) return undefined;
    return book.denial(rules.standard, MESSAGE, local, stanza.from) && refusalOf(stanza);
  }

  /** What is about to be written to a session: by its own rules, and for what was kept before they were made. */
  reaches({ stanza, session }: Readonly<Delivering>): Refusal | undefined {
    const { book } = this;
    const { from } = stanza;
    if (from === undefined) return undefined;
    if (this.#passesBy(stanza, from, session)) return DROP;
    const rules = book.rules(session.username);
    if (rules === undefined) return undefined;
    const list = book.applied(rules, session);
    const copied = copiedSender(stanza, session.account);
    if (copied !== undefined) return book.denial(list, MESSAGE, session.username, copied) && DROP;
    return book.denial(list, kindOfInbound(stanza), session.username, from) && refusalOf(stanza);
  }

  /**
   * Presence for an account as a whole was judged as that; here its sender may have rules for the single device, and not
   * for the account. Which devices of accounts elsewhere get it is not for us to say.
   */
  #passesBy(stanza: Stanza, from: Jid, { jid, account }: ClientSession): boolean {
    const { book, host } = this;
    if (!isNotification(stanza) || stanza.to?.resource !== "" || from.domain !== host.domain) return false;
    const rules = book.rules(from.local);
    if (rules === undefined) return false;
    const sender = host.session(from);
    const list = sender === undefined ? rules.standard : book.applied(rules, sender);
    const denies = (to: Jid) => book.denial(list, PRESENCE_OUT, from.local, to) !== undefined;
    return denies(jid!) && !denies(account);
  }

  /** What the server says of an account's presence, and asks of others' for it. */
  tells({ stanza, local, session }: Readonly<Notifying>): Refusal | undefined {
    const { book } = this;
    const rules = book.rules(local);
    if (rules === undefined) return undefined;
    const list = session === undefined ? rules.standard : book.applied(rules, session);
    return book.denial(list, isNotification(stanza) ? PRESENCE_OUT : OTHER, local, stanza.to!) && DROP;
  }
}

/** XEP-0016 §2: what presence notifications are. */
function isNotification({ kind, type }: Stanza): boolean {
  return kind === "presence" && (type === "available" || type === "unavailable");
}

function kindOfInbound(stanza: Stanza): number {
  if (stanza.kind === "message") return MESSAGE;
  if (stanza.kind === "iq") return IQ;
  return isNotification(stanza) ? PRESENCE_IN : OTHER;
}

/** Whose message it is that another device got, where that is a copy of it (XEP-0280 §7): it is the account that sends copies. */
function copiedSender(stanza: Stanza, account: Jid): Jid | undefined {
  if (stanza.kind !== "message" || stanza.from?.equals(account) !== true) return undefined;
  const received = stanza.child("received", CARBONS_NS);
  const from = received && forwardedOf(received)?.stanza.attr("from");
  return from === undefined ? undefined : Jid.tryParse(from);
}

/** XEP-0191 §3.3. Headlines and errors get no answer when there is nobody either (RFC 6121 §8.5.2.2.1). */
function refusalOf({ kind, type, isRequest }: Stanza): Refusal {
  if (kind === "iq") return isRequest ? NOBODY : DROP;
  if (kind === "presence") return DROP;
  return type === "headline" || type === "error" ? DROP : NOBODY;
}
