/**
 * XEP-0013: a device that looks into the queue itself, to read and remove messages one by one. As long as such a device is
 * connected, nothing is sent to the account's devices unasked (§2.2).
 */
import {
  buildForm,
  defineSlot,
  type DiscoQuery,
  el,
  type Element,
  formTypeField,
  type HostScope,
  type Jid,
  NotYours,
  type Query,
  StanzaError,
} from "#plugin";
import type { Kept, OfflineQueue } from "./offline_queue.ts";
import type { Sending } from "./offline_sending.ts";

export const OFFLINE_NS = "http://jabber.org/protocol/offline";

/** The session has chosen to retrieve by itself. */
const chosen = defineSlot<true>("offline.chosen");
/** Digits of a node: texts of one length sort like their numbers (XEP-0013 §2.3). */
const DIGITS = 12;

export class Retrieval {
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly queue: OfflineQueue,
    private readonly sending: Sending,
  ) {}

  register(): void {
    const { host } = this;
    host.iq.get(OFFLINE_NS, "offline", "own", (query) => this.#read(query));
    host.iq.set(OFFLINE_NS, "offline", "own", (query) => this.#remove(query));
    for (const type of ["get", "set"] as const) {
      host.iq[type](OFFLINE_NS, "offline", "account", () => {
        throw notYours();
      });
    }
    host.disco("account", {
      identities: (query) =>
        this.#isAbout(query) ? [{ category: "automation", type: "message-list" }] : undefined,
      features: (query) => this.#isAbout(query) ? [OFFLINE_NS] : undefined,
      forms: (query) => this.#isAbout(query) ? [this.#count(query)] : undefined,
      items: (query) => this.#isAbout(query) ? this.#headers(query) : undefined,
    });
  }

  /** Whether a device of the account retrieves by itself. */
  isChosen(account: Jid): boolean {
    return this.host.sessions(account).some((session) => session.get(chosen) === true);
  }

  #isAbout({ node, from, about }: DiscoQuery): boolean {
    if (node !== OFFLINE_NS) return false;
    if (!from.bare.equals(about)) throw notYours();
    this.host.session(from)?.set(chosen, true);
    return true;
  }

  #count({ about }: DiscoQuery): Element {
    const count = { var: "number_of_messages", values: [String(this.queue.count(about.local))] };
    return buildForm({ type: "result", fields: [formTypeField(OFFLINE_NS), count] });
  }

  #headers({ about }: DiscoQuery) {
    const jid = about.toString();
    return [...this.queue.all(about.local)].map((message) => ({
      jid,
      node: nodeOf(message),
      name: message.sender,
    }));
  }

  async #read({ payload, to, session }: Query): Promise<undefined> {
    if (session === undefined) throw notYours();
    session.set(chosen, true);
    const messages = payload.has("fetch") ? this.queue.all(to.local) : this.#named(to.local, payload, "view");
    for (const message of messages) {
      const item = el("item", OFFLINE_NS, { node: nodeOf(message) });
      await this.sending.send(session, message, el("offline", OFFLINE_NS, {}, item));
      if (!this.sending.hasRoom(session)) await this.sending.room(session);
      if (!session.isBound) return;
    }
  }

  #remove({ payload, to, session }: Query): undefined {
    session?.set(chosen, true);
    if (payload.has("purge")) this.queue.clear(to.local);
    else this.queue.remove(to.local, this.#named(to.local, payload, "remove"));
  }

  /** The messages that a request names; all of them must be there. */
  #named(local: string, payload: Element, action: string): Kept[] {
    const items = payload.elements();
    if (items.length === 0 || items.some((item) => item.name !== "item" || item.attr("action") !== action)) {
      throw new StanzaError("bad-request", `expected items with the action "${action}"`);
    }
    return items.map((item) => {
      const node = item.attr("node") ?? "";
      const message = /^\d{1,15}$/.test(node) ? this.queue.get(local, Number(node)) : undefined;
      if (message === undefined || nodeOf(message) !== node) {
        throw new StanzaError("item-not-found", "there is no such message");
      }
      return message;
    });
  }
}

function nodeOf({ number }: Kept): string {
  return String(number).padStart(DIGITS, "0");
}

function notYours(): NotYours {
  return new NotYours("these are the messages of somebody else");
}
