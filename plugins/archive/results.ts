/**
 * A page of an archive: found a slice at a time, so that a page of large messages does not fill the memory, and sent from
 * the stored text, which is not read again.
 */
import {
  type Archive,
  type ArchiveFilter,
  type ArchiveItem,
  type ArchivePage,
  buildPageReport,
  type ClientSession,
  CONTENT_NS,
  DELAY_NS,
  el,
  type Element,
  formatDateTime,
  FORWARD_NS,
  type Found,
  type HostScope,
  isPromise,
  type Jid,
  nextTurn,
  prepared,
  Stanza,
  StanzaError,
} from "#plugin";
import { MAM_NS } from "./names.ts";
import type { ArchiveQuery } from "./query.ts";

/** Messages read at a time, and the characters after which a page is long enough. */
const SLICE = 50;
const LONGEST = 1_048_576;
/** Characters that may wait for a device before it is sent another page, and how often that is looked at. */
const ROOM = 524_288;
const PATIENCE = 50;
/** How far messages are counted that not all are wanted of, and where they are found by words, which takes longer. */
const COUNTED = 20_000;
const COUNTED_BY_WORDS = 1_000;

export interface PageLimits {
  /** Messages a page, where the query does not say, and at most. */
  readonly page: number;
  readonly largest_page: number;
}

/** Where results go. */
export interface Asker {
  /** The archive's own address. */
  readonly archive: Jid;
  readonly from: Jid;
  readonly session: ClientSession | undefined;
  /** The session is of another host: results take the way of all stanzas. */
  readonly routed?: boolean;
  /** The text of a message as this asker sees it. */
  readonly show?: (item: ArchiveItem) => string;
}

interface Gathered {
  readonly items: readonly ArchiveItem[];
  readonly complete: boolean;
}

export class Results {
  /** What devices were answered last. */
  readonly #answers = new WeakMap<ClientSession, Promise<unknown>>();

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly archive: Archive,
    private readonly limits: PageLimits,
  ) {}

  /** Sends the results of a query, and gives the `<fin/>` that follows them. A device is answered one after another. */
  async answer(owner: string, query: ArchiveQuery, asker: Asker): Promise<Element> {
    const { session } = asker;
    if (session === undefined) return await this.#answer(owner, query, asker);
    const before = this.#answers.get(session);
    const answer = (before ?? Promise.resolve()).then(() => this.#answer(owner, query, asker));
    this.#answers.set(session, answer.catch(() => undefined));
    return await answer;
  }

  async #answer(owner: string, query: ArchiveQuery, asker: Asker): Promise<Element> {
    if (query.max === 0) return await this.#number(owner, query);
    // Before anything is read: pages that wait for a device would fill the memory.
    if (asker.session !== undefined) await this.#room(asker.session);
    const { items, complete } = await this.#gather(owner, query);
    for (const item of query.flipped ? items.toReversed() : items) {
      const sent = this.#send(resultOf(item, query.id, asker), asker);
      if (sent !== undefined) await sent;
    }
    const whole = isWhole(query) ? await this.archive.count(owner) : undefined;
    const index = query.index ?? (isFromStart(query) ? 0 : undefined);
    return fin(complete, {
      first: items[0]?.id,
      last: items.at(-1)?.id,
      index,
      count: whole,
    });
  }

  /** XEP-0059 §2.7: how many there are, and none of them. */
  async #number(owner: string, { filter }: ArchiveQuery): Promise<Element> {
    const found = await this.#find(owner, filter, { limit: 1 });
    if (found.missing !== undefined) throw unknown(found.missing);
    return fin(found.items.length === 0, { count: await this.#count(owner, filter) });
  }

  async #gather(owner: string, query: ArchiveQuery): Promise<Gathered> {
    const most = Math.min(query.max ?? this.limits.page, this.limits.largest_page);
    const backwards = query.before !== undefined && query.after === undefined;
    const slices: (readonly ArchiveItem[])[] = [];
    let { after, before } = query;
    let left = most;
    let size = 0;
    let complete = false;
    for (;;) {
      const found = await this.#find(
        owner,
        query.filter,
        {
          limit: Math.min(SLICE, left),
          ...pageAt(after, before),
          ...(query.index === undefined || slices.length > 0 ? {} : { skip: query.index }),
        } satisfies ArchivePage,
      );
      if (found.missing !== undefined) throw unknown(found.missing);
      const { items } = found;
      complete = found.complete;
      slices.push(items);
      left -= items.length;
      for (const item of items) size += item.value.length;
      if (complete || left <= 0 || size >= LONGEST) break;
      if (backwards) before = items[0]!.id;
      else after = items.at(-1)!.id;
    }
    return { items: (backwards ? slices.reverse() : slices).flat(), complete };
  }

  /**
   * One slice. There is no index by resources, of which one may have said little in a long conversation: that is read in
   * turns.
   */
  async #find(owner: string, filter: ArchiveFilter, page: ArchivePage): Promise<Found> {
    const { resource, ...rest } = filter;
    if (resource === undefined) return await this.archive.find(owner, filter, page);
    const { limit } = page;
    let { after, before, skip = 0 } = page;
    const backwards = after === undefined && before !== undefined;
    let hits: ArchiveItem[] = [];
    for (;;) {
      const found = await this.archive.find(owner, rest, { limit: SLICE, ...pageAt(after, before) });
      if (found.missing !== undefined) return found;
      const said = found.items.filter((item) => item.resource === resource);
      const fresh = said.slice(skip);
      skip = Math.max(0, skip - said.length);
      hits = backwards ? [...fresh, ...hits] : [...hits, ...fresh];
      const complete = hits.length <= limit;
      if (found.complete || !complete) {
        return { items: backwards ? hits.slice(-limit) : hits.slice(0, limit), complete };
      }
      if (backwards) before = found.items[0]!.id;
      else after = found.items.at(-1)!.id;
      await nextTurn();
    }
  }

  async #count(owner: string, filter: ArchiveFilter): Promise<number> {
    const most = filter.text === undefined ? COUNTED : COUNTED_BY_WORDS;
    if (filter.resource === undefined) return await this.archive.count(owner, filter, most);
    let count = 0;
    let after: string | undefined;
    for (;;) {
      const { items, complete } = await this.#find(owner, filter, { limit: SLICE, ...pageAt(after) });
      count += items.length;
      if (complete || count >= most) return count;
      after = items.at(-1)!.id;
    }
  }

  #send(result: Stanza, { session, routed = false }: Asker): Promise<unknown> | undefined {
    if (session === undefined || routed) {
      this.host.send(result);
      return undefined;
    }
    const outcome = this.host.deliver(session, result);
    return isPromise(outcome) ? outcome : undefined;
  }

  /** A device gets no more than it reads. */
  async #room(session: ClientSession): Promise<void> {
    while (session.isBound && (session.stream?.queued ?? 0) > ROOM) {
      await new Promise<void>((resolve) => void this.host.clock.after(PATIENCE, resolve));
    }
  }
}

function pageAt(after: string | undefined, before?: string): Pick<ArchivePage, "after" | "before"> {
  return { ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }) };
}

/** XEP-0313 §4.2. */
function resultOf(item: ArchiveItem, queryid: string | undefined, { archive, from, show }: Asker): Stanza {
  const { id, at } = item;
  const value = show?.(item) ?? item.value;
  const attrs = queryid === undefined ? { id } : { queryid, id };
  const delay = `<delay xmlns="${DELAY_NS}" stamp="${formatDateTime(at)}"/>`;
  const inner = `<forwarded xmlns="${FORWARD_NS}">${delay}${value}</forwarded>`;
  return Stanza.of(
    el("message", CONTENT_NS, undefined, prepared("result", MAM_NS, attrs, inner)),
    archive,
    from,
  );
}

function fin(complete: boolean, report: Parameters<typeof buildPageReport>[0]): Element {
  return el("fin", MAM_NS, { complete: complete ? "true" : undefined }, [buildPageReport(report)]);
}

/** Nothing is left out but by the page: the length of the whole is known. */
function isWhole({ filter }: ArchiveQuery): boolean {
  return Object.keys(filter).length === 0;
}

function isFromStart({ after, before }: ArchiveQuery): boolean {
  return after === undefined && before === undefined;
}

function unknown(id: string): StanzaError {
  return new StanzaError("item-not-found", `there is no message "${id.slice(0, 80)}" in this archive`);
}
