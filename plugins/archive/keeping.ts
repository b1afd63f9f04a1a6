/** What archives of accounts and of rooms have in common: their options, how long they keep, and where they begin and end. */
import { type Archive, duration, el, type Element, formatDateTime, type HostScope, sweep, z } from "#plugin";
import { MAM_NS } from "./names.ts";

/** Messages removed at a time. */
const SLICE = 200;

/** The options that every kind of archive has. */
export const archiveOptions = {
  keep: duration({ forever: Infinity }).prefault("forever").describe("How long messages are kept."),
  page: z.number().int().min(1).max(1000).default(50)
    .describe("Messages on a page, where a client does not say how many it wants."),
  largest_page: z.number().int().min(1).max(1000).default(250).describe("Messages on a page at most."),
  search: z.boolean().default(false).describe(
    "Whether clients can search for words. Every message is indexed then, which costs more than keeping it.",
  ),
};

/** The features of an address that has an archive (XEP-0313 §6). */
export const ARCHIVE_FEATURES: readonly string[] = [
  MAM_NS,
  `${MAM_NS}#extended`,
  `${MAM_NS}#groupchat-field`,
];

/** XEP-0313 §4.4: the first and the last message of an archive. */
export async function metadataOf(
  host: HostScope<unknown>,
  store: Archive,
  owner: string,
): Promise<Element> {
  await host.flush(host.writes);
  const [first] = (await store.find(owner, {}, { limit: 1 })).items;
  const [last] = (await store.find(owner, {}, { limit: 1, before: "" })).items;
  return el(
    "metadata",
    MAM_NS,
    {},
    first === undefined || last === undefined ? [] : [
      el("start", MAM_NS, { id: first.id, timestamp: formatDateTime(first.at) }),
      el("end", MAM_NS, { id: last.id, timestamp: formatDateTime(last.at) }),
    ],
  );
}

/** Removes what is older than it may be. */
export function expire(host: HostScope<unknown>, store: Archive, keep: number): void {
  if (keep === Infinity) return;
  sweep(host, () => {
    const before = host.clock.now() - keep;
    return () => store.expire(before, SLICE);
  });
}
