/**
 * Result set management (XEP-0059): a page of a long list, asked for and answered.
 */

import { el, type Element } from "../xml/element.ts";

/** The namespace of `<set/>`, which is also the feature to announce. */
export const RSM_NS = "http://jabber.org/protocol/rsm";

/** The page that is asked for. */
export interface PageRequest {
  /** How many items at most; 0 asks for the count alone. */
  readonly max?: number | undefined;
  /** The page after this item. */
  readonly after?: string | undefined;
  /** The page before this item; "" for the last page. */
  readonly before?: string | undefined;
  /** The page that begins at this place in the whole list. */
  readonly index?: number | undefined;
}

/** What is said about a page that is returned. */
export interface PageReport {
  /** The ids of its first and last item; none on an empty page. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** The place of its first item in the whole list. */
  readonly index?: number | undefined;
  /** How long the whole list is. */
  readonly count?: number | undefined;
}

const NUMBER = /^\d{1,9}$/;

/**
 * Reads the request in a `<set/>`; undefined when a number in it is none, or it asks for a place and an item
 * at once.
 */
export function readPageRequest(set: Element): PageRequest | undefined {
  const max = numberOf(set.childText("max"));
  const index = numberOf(set.childText("index"));
  const after = set.childText("after");
  const before = set.childText("before");
  if (max === false || index === false) return undefined;
  if (index !== undefined && (after !== undefined || before !== undefined)) return undefined;
  return { max, after: after === "" ? undefined : after, before, index };
}

/** The request of a payload: `{}` when it has no `<set/>`, undefined when that is malformed. */
export function pageRequestOf(payload: Element): PageRequest | undefined {
  const set = payload.child("set", RSM_NS);
  return set === undefined ? {} : readPageRequest(set);
}

/** The `<set/>` of a request. */
export function buildPageRequest(request: PageRequest): Element {
  return el("set", RSM_NS, undefined, [
    request.max === undefined ? undefined : part("max", String(request.max)),
    request.after === undefined ? undefined : part("after", request.after),
    request.before === undefined ? undefined : part("before", request.before),
    request.index === undefined ? undefined : part("index", String(request.index)),
  ]);
}

/** The `<set/>` of an answer. */
export function buildPageReport(report: PageReport): Element {
  const { first, last, index, count } = report;
  return el("set", RSM_NS, undefined, [
    first === undefined ? undefined : el("first", RSM_NS, { index: index?.toString() }, first),
    last === undefined ? undefined : part("last", last),
    count === undefined ? undefined : part("count", String(count)),
  ]);
}

/** Reads the `<set/>` of an answer. */
export function readPageReport(set: Element): PageReport {
  const first = set.child("first");
  const index = numberOf(first?.attr("index"));
  const count = numberOf(set.childText("count"));
  return {
    first: first?.text,
    last: set.childText("last"),
    index: index === false ? undefined : index,
    count: count === false ? undefined : count,
  };
}

/** A page of a list that is in memory. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly report: PageReport;
}

/**
 * Cuts a page out of a list, at most `limit` items long. Undefined when the item that the request names is
 * not in it, to be answered with `item-not-found` (XEP-0059 §2.4).
 */
export function pageOf<T>(
  list: readonly T[],
  idOf: (item: T) => string,
  request: PageRequest,
  limit: number,
): Page<T> | undefined {
  const size = Math.min(request.max ?? limit, limit);
  let from = request.index ?? 0;
  let to = list.length;
  if (request.after !== undefined) {
    const at = list.findIndex((item) => idOf(item) === request.after);
    if (at < 0) return undefined;
    from = at + 1;
  }
  if (request.before !== undefined && request.before !== "") {
    to = list.findIndex((item) => idOf(item) === request.before);
    if (to < 0) return undefined;
  }
  if (from > list.length) return undefined;
  if (request.before !== undefined) from = Math.max(from, to - size);
  const items = list.slice(from, Math.min(to, from + size));
  const first = items[0];
  const last = items.at(-1);
  const count = list.length;
  if (first === undefined || last === undefined) return { items, report: { count } };
  return { items, report: { first: idOf(first), last: idOf(last), index: from, count } };
}

function part(name: string, text: string): Element {
  return el(name, RSM_NS, undefined, text);
}

function numberOf(text: string | undefined): number | undefined | false {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : false;
}
