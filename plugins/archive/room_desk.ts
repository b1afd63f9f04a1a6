/** Answers what is asked about the archives of rooms (XEP-0313). */
import {
  type Archive,
  type ArchiveFilter,
  type ArchiveItem,
  type Element,
  type HostScope,
  Jid,
  type Maybe,
  StanzaError,
  stanzaIdBy,
} from "#plugin";
import { metadataOf } from "./keeping.ts";
import { MAM_NS } from "./names.ts";
import { purge, PURGE_NS } from "./purge.ts";
import { queryForm, readQuery } from "./query.ts";
import { type PageLimits, Results } from "./results.ts";
import type { RoomQuery, Rooms } from "../muc/api.ts";
import { ARCHIVE } from "./api.ts";
import { mayRead, seesAddresses } from "./room_fields.ts";
import { revealed } from "./room_recorder.ts";

interface DeskOptions extends PageLimits {
  readonly search: boolean;
  readonly purge: boolean;
}

export class RoomDesk {
  readonly #results: Results;

  constructor(private readonly host: HostScope<DeskOptions>, private readonly store: Archive) {
    this.#results = new Results(host, store, host.config);
  }

  open(book: Rooms): void {
    const { host, store } = this;
    book.get(host, MAM_NS, "query", (query) => {
      check(query);
      return queryForm(host.config.search);
    });
    book.set(host, MAM_NS, "query", (query) => this.#query(query));
    book.get(host, MAM_NS, "metadata", (query) => {
      check(query);
      return metadataOf(host, store, query.room.name);
    });
    book.set(host, PURGE_NS, "purge", (query) => this.#purge(query));
  }

  async #query(query: RoomQuery): Promise<Element> {
    const { room, payload, from, session } = query;
    check(query);
    const wanted = readQuery(payload, this.host.config.search);
    const filter = narrowed(query, wanted.filter);
    const sees = seesAddresses(query);
    // Whoever reads it builds on it: a crash must not take it back.
    await this.host.flush(this.host.writes);
    return await this.#results.answer(room.name, { ...wanted, filter }, {
      archive: room.jid,
      from,
      session,
      routed: true,
      ...(sees ? { show: revealed } : {}),
    });
  }

  async #purge({ room, payload, rights }: RoomQuery): Promise<undefined> {
    if (!this.host.config.purge) {
      throw new StanzaError("not-allowed", "messages cannot be removed from archives here");
    }
    if (rights !== "owner") throw new StanzaError("forbidden", "only owners may remove what was said");
    await purge(this.store, room.name, payload);
    // Nor does anybody who enters hear of it.
    for (const { stanza } of [...room.history.items]) {
      const id = stanzaIdBy(stanza.source, room.jid);
      if (id === undefined || await this.#has(room.name, id)) continue;
      room.history.replace((other) => other === stanza, undefined);
    }
  }

  #has(room: string, id: string): Maybe<ArchiveItem | undefined> {
    return this.store.get(room, id);
  }
}

function check(query: RoomQuery): void {
  if (!query.room.value(ARCHIVE)) {
    throw new StanzaError("service-unavailable", "this room keeps nothing of what is said");
  }
  if (!mayRead(query)) throw new StanzaError("forbidden", "you may not read what was said in this room");
}

/** XEP-0313 §4.1.1: by the publisher, for those who may know who that is; everybody may look for oneself. */
function narrowed(query: RoomQuery, filter: ArchiveFilter): ArchiveFilter {
  if (filter.with === undefined) return filter;
  const { room, from } = query;
  const { with: bare, resource, ...rest } = filter;
  if (Jid.parse(bare).equals(room.jid)) {
    if (resource === undefined) return rest;
    throw new StanzaError(
      "feature-not-implemented",
      "messages are found by true addresses, not by nicknames",
    );
  }
  if (bare !== from.bare.toString() && !seesAddresses(query)) {
    throw new StanzaError("forbidden", "you may not know who is in this room");
  }
  return filter;
}
