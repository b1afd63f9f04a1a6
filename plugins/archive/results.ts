/**
 * A page of an archive: found a slice at a time, so that a page of large messages does not fill the memory, and sent from
 * the stored text, which is not read again.
 */
import {
  type Archive,
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
  type HostScope,
  isPromise,
  type Jid,
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
/** How far messages are counted that not all are wanted of. */
const COUNTED = 100_000;

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
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly archive: Archive,
    private readonly limits: PageLimits,
  ) {}

  /** Sends the results of a query, and gives the `<fin/>` that follows them. */
  async answer(owner: string, query: ArchiveQuery, asker: Asker): Promise<Element> {
    if (query.max === 0) return await this.#number(owner, query);
    const { items, complete } = await this.#gather(owner, query);
    if (asker.session !== undefined) await this.#room(asker.session);
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
    const found = await this.archive.find(owner, filter, { limit: 1 });
    if (found.missing !== undefined) throw unknown(found.missing);
    const count = await this.archive.count(owner, filter, COUNTED);
    return fin(count === 0, { count });
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
      const found = await this.archive.find(
        owner,
        query.filter,
        {
          limit: Math.min(SLICE, left),
          ...(after === undefined ? {} : { after }),
          ...(before === undefined ? {} : { before }),
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
