/**
 * Subscription requests that an account has not answered (RFC 6121 §3.1.3, rule 4): the stanzas, with what they carry, by
 * the contact who asks. Bounded in number and size, since strangers write here.
 */
import { type HostScope, Jid, map, type MapStore, parseXml, Stanza } from "#plugin";

export const rosterRequests = map<string>("roster.request");

export class Requests {
  readonly #rows: MapStore<string>;

  constructor(host: HostScope<unknown>, private readonly limits: { requests: number; request_size: number }) {
    this.#rows = host.open(rosterRequests);
  }

  has(local: string, contact: string): boolean {
    return this.#rows.get(local, contact) !== undefined;
  }

  /** Keeps a request between bare JIDs; without its content where that is too long. False where there are too many. */
  add(local: string, request: Stanza): boolean {
    if (this.#rows.count(local) >= this.limits.requests) return false;
    const whole = request.toText(true);
    const text = whole.length <= this.limits.request_size
      ? whole
      : request.containing(request.source.withChildren([])).toText(true);
    this.#rows.set(local, request.from!.toString(), text);
    return true;
  }

  drop(local: string, contact: string): void {
    this.#rows.set(local, contact, undefined);
  }

  contacts(local: string): Jid[] {
    return this.#rows.entries(local).flatMap(([contact]) => Jid.tryParse(contact) ?? []);
  }

  stanzas(local: string): Stanza[] {
    return this.#rows.entries(local).map(([, text]) => Stanza.read(parseXml(text)));
  }

  clear(local: string): void {
    this.#rows.clear(local);
  }
}
