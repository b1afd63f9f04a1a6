/**
 * XEP-0191: a person blocks an address, and nothing goes between them any more: "politely", that is without a word to the
 * blocked (§4). The engine behind it also serves privacy lists, where those are on.
 */
import {
  accountRemoved,
  type ClientSession,
  CONTENT_NS,
  definePlugin,
  defineSlot,
  el,
  Element,
  type HostScope,
  Jid,
  options,
  type Query,
  randomId,
  sessionUnbound,
  Stanza,
  StanzaError,
  z,
} from "#plugin";
import { availability, roster, sharedContacts } from "../im/api.ts";
import { privacy } from "./api.ts";
import { blockedIn, withBlocked, withoutBlocked } from "./blocklist.ts";
import { enforce } from "./enforcement.ts";
import { REPORTING_NS, reportSubmitted } from "./report.ts";
import { RuleBook, ruleBook, rulesChanged } from "./rule_book.ts";

const NS = "urn:xmpp:blocking";

/** Has asked for the blocklist, and gets its changes. */
const interested = defineSlot<true>("blocklist");

const config = options({
  addresses: z.number().int().min(1).max(100_000).default(1000).describe(
    "Addresses that an account may block.",
  ),
});
type Config = z.infer<typeof config>;

export const blocking = definePlugin<Config>({
  name: "blocking",
  doc: "Lets people block addresses: nothing comes from them or goes to them any more.",
  xeps: [[191, "1.3"]],
  config,
  standard: true,
  provides: [ruleBook, privacy],
  wants: [roster, availability, sharedContacts],
  setup(host) {
    const book = new RuleBook(host);
    host.provide(ruleBook, book);
    host.provide(privacy, book);
    enforce(host, book);
    host.on(sessionUnbound, ({ session }) => void book.release(session.account));
    host.on(accountRemoved, ({ local }) => void book.forget(local));

    const face = new Blocklist(host, book);
    host.feature(NS);
    host.iq.get(NS, "blocklist", "own", (query) => face.get(query));
    host.iq.set(NS, "block", "own", (query) => face.block(query));
    host.iq.set(NS, "unblock", "own", (query) => face.unblock(query));
    host.on(rulesChanged, ({ account, before, after, by }) => {
      if (by !== "blocklist") face.follow(account, blockedIn(before), blockedIn(after));
    });
  },
});

class Blocklist {
  constructor(private readonly host: HostScope<Config>, private readonly book: RuleBook) {}

  get({ from, session }: Query): Element {
    session?.set(interested, true);
    return blocklist("blocklist", blockedIn(this.book.record(from.local)));
  }

  block({ from, payload }: Query): undefined {
    const account = from.bare;
    const items = itemsOf(payload);
    if (items.length === 0) throw new StanzaError("bad-request", "name the addresses to be blocked");
    const addresses = items.map(({ jid }) => jid.toString());
    const record = this.book.record(account.local);
    const most = this.host.config.addresses;
    if (new Set([...blockedIn(record), ...addresses]).size > most) {
      throw new StanzaError("resource-constraint", `an account may block ${most} addresses`);
    }
    this.book.change(account, withBlocked(record, addresses), "blocklist");
    this.#push(account, blocklist("block", addresses));
    for (const { jid, item } of items) {
      const report = item.child("report", REPORTING_NS);
      if (report !== undefined) this.host.emit(reportSubmitted, { account, reported: jid, report });
    }
  }

  unblock({ from, payload }: Query): undefined {
    const account = from.bare;
    const items = itemsOf(payload);
    // §3.5: "all" is said by saying nothing, and not by something that we do not know.
    if (items.length === 0 && payload.first() !== undefined) {
      throw new StanzaError("bad-request", "name the addresses to be unblocked, or nothing for all");
    }
    const addresses = items.map(({ jid }) => jid.toString());
    const record = this.book.record(account.local);
    const after = withoutBlocked(record, addresses.length === 0 ? undefined : addresses);
    this.book.change(account, after, "blocklist");
    this.#push(account, blocklist("unblock", addresses));
  }

  /** §5: what privacy lists change is seen here too. */
  follow(account: Jid, before: readonly string[], after: readonly string[]): undefined {
    const [old, now] = [new Set(before), new Set(after)];
    const gone = before.filter((address) => !now.has(address));
    const come = after.filter((address) => !old.has(address));
    if (gone.length > 0) this.#push(account, blocklist("unblock", gone));
    if (come.length > 0) this.#push(account, blocklist("block", come));
  }

  /** As a roster push it comes without a sender, which means the account. */
  #push(account: Jid, payload: Element): void {
    let push: Stanza | undefined;
    for (const session of this.host.sessions(account)) {
      if (!isInterested(session)) continue;
      push ??= Stanza.of(el("iq", CONTENT_NS, { type: "set", id: `push-${randomId(6)}` }, [payload]));
      this.host.deliver(session, push.addressed(session.jid));
    }
  }
}

function isInterested(session: ClientSession): boolean {
  return session.get(interested) === true;
}

function blocklist(name: "blocklist" | "block" | "unblock", addresses: readonly string[]): Element {
  return el(name, NS, {}, addresses.map((jid) => el("item", NS, { jid })));
}

function itemsOf(payload: Element): { jid: Jid; item: Element }[] {
  return payload.elements().filter(({ name, ns }) => name === "item" && ns === NS).map((item) => {
    const text = item.attr("jid");
    if (text === undefined) throw new StanzaError("bad-request", "an item needs the address in 'jid'");
    const jid = Jid.tryParse(text);
    if (jid === undefined) throw new StanzaError("jid-malformed", "this is not an address");
    return { jid, item };
  });
}
