/**
 * Removing messages from one's own archive, as Metronome has always let people do: by id, by address, between two times,
 * or everything. What is removed is gone, other than a message that was retracted.
 */
import {
  type Archive,
  type ArchiveFilter,
  type Element,
  type HostScope,
  Jid,
  nextTurn,
  NotYours,
  parseDateTime,
  type Query,
  StanzaError,
} from "#plugin";

export const PURGE_NS = "http://metronome.im/protocol/mam-purge";

/** Messages removed at a time. */
const SLICE = 500;

/** Answers purges, or refuses them where the configuration says so. */
export function answerPurges(host: HostScope<unknown>, archive: Archive, allowed: boolean): void {
  if (allowed) host.feature(PURGE_NS);
  host.iq.set(PURGE_NS, "purge", "own", ({ to, payload }) => {
    if (!allowed) throw new StanzaError("not-allowed", "messages cannot be removed from archives here");
    return purge(archive, to.local, payload);
  });
  host.iq.set(PURGE_NS, "purge", "account", notYours);
}

export function notYours(_query: Query): never {
  throw new NotYours("this archive is somebody else's");
}

/** Removes what a `<purge/>` names. */
export async function purge(archive: Archive, owner: string, request: Element): Promise<undefined> {
  const filter = readPurge(request);
  if (filter.resource !== undefined) return await purgeDevice(archive, owner, filter);
  while (await archive.delete(owner, filter, SLICE) > 0) await nextTurn();
}

/** There is no index by resources: what was said with all of them is read, in turns. */
async function purgeDevice(
  archive: Archive,
  owner: string,
  { resource, ...filter }: ArchiveFilter,
): Promise<undefined> {
  let ids: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = after === undefined ? { limit: SLICE } : { limit: SLICE, after };
    const { items, complete } = await archive.find(owner, filter, page);
    // Not before: the next ones are found behind them.
    if (ids.length > 0) await archive.delete(owner, { ids }, SLICE);
    ids = items.filter((item) => item.resource === resource).map(({ id }) => id);
    if (complete) break;
    after = items.at(-1)!.id;
    await nextTurn();
  }
  if (ids.length > 0) await archive.delete(owner, { ids }, SLICE);
}

function readPurge(purge: Element): ArchiveFilter {
  const id = said(purge, "id");
  const jid = said(purge, "jid");
  const address = jid === undefined ? undefined : Jid.tryParse(jid);
  if (jid !== undefined && address === undefined) throw new StanzaError("jid-malformed");
  const from = timeOf(said(purge, "start"));
  const to = timeOf(said(purge, "end"));
  return {
    ...(id === undefined ? {} : { ids: [id] }),
    ...(address === undefined ? {} : { with: address.bare.toString() }),
    ...(address === undefined || address.resource === "" ? {} : { resource: address.resource }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** A field that is there; empty, it would stand for everything, which nobody may mean. */
function said(purge: Element, name: string): string | undefined {
  const text = purge.childText(name)?.trim();
  if (text === "") throw new StanzaError("bad-request", `<${name}/> is empty`);
  return text;
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseDateTime(text);
  if (time === undefined) throw new StanzaError("bad-request", "a time is written like 2010-06-07T00:00:00Z");
  return time;
}
