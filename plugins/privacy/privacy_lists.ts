/**
 * XEP-0016: named lists of rules, one for the account and others for single sessions; with them invisibility (XEP-0126).
 * They are deprecated and hard to get right for people: only for the clients that still use them.
 *
 * Presence follows the rules at once: where a change hides a session from a contact, that contact is told that it is gone
 * (§2.11), and where it shows it again, what it is. A session need not send its presence anew, but may (XEP-0126 §3.2).
 */
import {
  type ClientSession,
  CONTENT_NS,
  definePlugin,
  el,
  type Element,
  type HostScope,
  type Jid,
  options,
  type Query,
  randomId,
  Stanza,
  StanzaError,
  z,
} from "#plugin";
import { roster, type Rosters } from "../im/api.ts";
import { asDefault, type Item, listOf, type PrivacyRecord, withList } from "./item.ts";
import { listElement, PRIVACY_NS, readItems, wrong } from "./list_syntax.ts";
import { type RuleBook, ruleBook, rulesChanged } from "./rule_book.ts";

const config = options({
  lists: z.number().int().min(1).max(1000).default(20).describe("Lists that an account may have."),
  items: z.number().int().min(1).max(100_000).default(1000).describe("Items that a list may have."),
  name_length: z.number().int().min(1).max(1023).default(255).describe("Characters in a list's name."),
});
type Config = z.infer<typeof config>;

export const privacyLists = definePlugin<Config>({
  name: "privacy_lists",
  doc: "Rules for whom one hears from and who sees one's presence, for older clients; needs `blocking`.",
  xeps: [[16, "1.7"], [126, "1.1"]],
  config,
  needs: [ruleBook],
  wants: [roster],
  setup(host) {
    const book = host.use(ruleBook);
    const face = new PrivacyLists(host, book, host.find(roster));
    host.onStop(book.serveLists());
    host.feature(PRIVACY_NS);
    host.iq.get(PRIVACY_NS, "query", "own", (query) => face.get(query));
    host.iq.set(PRIVACY_NS, "query", "own", (query) => face.set(query));
    host.on(rulesChanged, ({ account, before, after }) => face.announce(account, before, after));
  },
});

class PrivacyLists {
  constructor(
    private readonly host: HostScope<Config>,
    private readonly book: RuleBook,
    private readonly rosters: Rosters | undefined,
  ) {}

  /** §2.3 */
  get({ from, payload, session }: Query): Element {
    const record = this.book.record(from.local);
    const asked = payload.elements();
    if (asked.length > 1) throw wrong("one list is asked for at a time");
    if (asked[0] !== undefined) {
      const name = nameOf(asked[0], "list");
      return el("query", PRIVACY_NS, {}, [listElement(listOf(record, name) ?? throwMissing())]);
    }
    const named = (element: string, name: string | undefined) =>
      name === undefined ? undefined : el(element, PRIVACY_NS, { name });
    return el("query", PRIVACY_NS, {}, [
      named("active", session && this.book.active(session)),
      named("default", record.default),
      ...record.lists.map(({ name }) => named("list", name)),
    ]);
  }

  set({ from, payload, session }: Query): undefined {
    const account = from.bare;
    const asked = payload.elements();
    const [wish] = asked;
    // §2.1: exactly one of the three.
    if (wish === undefined || asked.length > 1 || wish.ns !== PRIVACY_NS) throw wrong("one thing at a time");
    if (wish.name === "active") this.#activate(account, wish, session);
    else if (wish.name === "default") this.#setDefault(account, wish, session);
    else this.#edit(account, wish, session);
  }

  /** §2.4 */
  #activate(account: Jid, wish: Element, session: ClientSession | undefined): void {
    if (session === undefined) throw new StanzaError("not-allowed", "only a session has an active list");
    const name = wish.attr("name");
    if (name !== undefined && listOf(this.book.record(account.local), name) === undefined) throwMissing();
    this.book.activate(session, name);
  }

  /** §2.5 */
  #setDefault(account: Jid, wish: Element, session: ClientSession | undefined): void {
    const record = this.book.record(account.local);
    const name = wish.attr("name");
    if (name !== undefined && listOf(record, name) === undefined) throwMissing();
    if (name === record.default) return;
    if (record.default !== undefined && this.#isUsed(account, record, record.default, session)) throw inUse();
    this.book.change(account, asDefault(record, name), "lists");
  }

  /** §2.6 to §2.9: without items it is a removal. */
  #edit(account: Jid, wish: Element, session: ClientSession | undefined): void {
    const record = this.book.record(account.local);
    const name = nameOf(wish, "list");
    const items = readItems(wish);
    const known = listOf(record, name) !== undefined;
    if (items.length === 0) {
      if (!known) throwMissing();
      if (this.#isUsed(account, record, name, session)) throw inUse();
      this.book.change(account, withList(record, name, undefined), "lists");
      return;
    }
    const { lists, items: most, name_length: longest } = this.host.config;
    if (name.length > longest) throw new StanzaError("policy-violation", "this name is too long");
    if (items.length > most || (!known && record.lists.length >= lists)) {
      throw new StanzaError("resource-constraint", `at most ${lists} lists of ${most} items are kept`);
    }
    this.#checkGroups(account, items);
    this.book.change(account, withList(record, name, { name, items }), "lists");
  }

  /** §2.2, rule 11: by another connected resource than the one that asks. */
  #isUsed(account: Jid, record: PrivacyRecord, name: string, asking: ClientSession | undefined): boolean {
    return this.host.sessions(account).some((session) => {
      return session !== asking && (this.book.active(session) ?? record.default) === name;
    });
  }

  /** §2.1: groups are those of the roster. */
  #checkGroups({ local }: Jid, items: readonly Item[]): void {
    const missing = new Set(items.flatMap(({ type, value }) => type === "group" ? [value] : []));
    if (missing.size === 0) return;
    for (const { groups } of this.rosters?.items(local) ?? []) {
      for (const group of groups) missing.delete(group);
    }
    if (missing.size > 0) throw new StanzaError("item-not-found", "there is no such group in the roster");
  }

  /** §2.2, rule 10: all connected resources learn the names of lists that are not what they were. */
  announce(account: Jid, before: PrivacyRecord, after: PrivacyRecord): undefined {
    const names = new Set([...before.lists, ...after.lists].map(({ name }) => name));
    for (const name of names) {
      if (listOf(before, name) === listOf(after, name)) continue;
      const query = el("query", PRIVACY_NS, {}, [el("list", PRIVACY_NS, { name })]);
      const push = Stanza.of(el("iq", CONTENT_NS, { type: "set", id: `push-${randomId(6)}` }, [query]));
      for (const session of this.host.sessions(account)) {
        this.host.deliver(session, push.addressed(session.jid));
      }
    }
  }
}

function nameOf(element: Element, expected: string): string {
  const name = element.attr("name");
  if (element.name !== expected || element.ns !== PRIVACY_NS || name === undefined || name === "") {
    throw wrong("name a list");
  }
  return name;
}

function throwMissing(): never {
  throw new StanzaError("item-not-found", "there is no such list");
}

function inUse(): StanzaError {
  return new StanzaError("conflict", "another device of yours uses this list");
}
