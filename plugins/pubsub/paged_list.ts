/** Lists of subscriptions and affiliations in pages (XEP-0059), where they are long or somebody asks for pages. */
import { buildPageReport, type Element, pageOf, pageRequestOf, RSM_NS } from "#plugin";
import { badRequest, noItem } from "./faults.ts";

/** Entries in one answer. */
const PAGE = 2000;

/** A page of a list as `payload` asks for it, and what is to be said of it. */
export function pagedList<T>(
  payload: Element,
  list: readonly T[],
  idOf: (entry: T) => string,
): { page: readonly T[]; set: Element | undefined } {
  const request = pageRequestOf(payload);
  if (request === undefined) throw badRequest("the page asked for makes no sense");
  const page = pageOf(list, idOf, request, PAGE);
  if (page === undefined) throw noItem();
  const told = payload.has("set", RSM_NS) || page.items.length < list.length;
  return { page: page.items, set: told ? buildPageReport(page.report) : undefined };
}
