/**
 * XEP-0313 in rooms: what is said is kept whole, named by the room (XEP-0359) and given back in pages to those who may enter;
 * those who may know them get the true addresses with it. The history of a room that is loaded comes from its archive. A form
 * never removes anything (BUG-14): that is done by time, by an owner's purge, and with the room.
 */
import {
  type Archive,
  archive as archiveOf,
  definePlugin,
  type HostScope,
  isPromise,
  keyval,
  options,
  STANZA_ID_NS,
  sweep,
  z,
} from "#plugin";
import {
  configured,
  configuring,
  joining,
  roomCreated,
  roomDestroyed,
  type Rooms,
  rooms,
  saying,
} from "../muc/api.ts";
import { ARCHIVE, roomArchive } from "./api.ts";
import { ARCHIVE_FEATURES, archiveOptions, expire } from "./keeping.ts";
import { PURGE_NS } from "./purge.ts";
import { FULLTEXT_NS } from "./query.ts";
import { RoomDesk } from "./room_desk.ts";
import { ACCESS, DAYS, isPublic } from "./room_fields.ts";
import { RoomRecorder } from "./room_recorder.ts";

/** What was said in rooms. */
export const roomMessages = archiveOf("rooms.messages");
/** How long rooms keep it, in milliseconds, where their owners have said so. */
const keeping = keyval<number>("rooms.keeping");

const DAY = 86_400_000;
/** Messages removed at a time. */
const SLICE = 200;

const config = options({
  default: z.boolean().default(true).describe(
    "Whether what is said in a room is kept, where its owners have not decided.",
  ),
  access: z.enum(["anyone", "occupants"]).default("anyone").describe(
    "Who may read what was said in rooms that anybody may enter, where their owners have not decided: anyone who may enter, or only those who are there.",
  ),
  ...archiveOptions,
  purge: z.boolean().default(true).describe(
    "Whether owners may remove messages from the archives of their rooms.",
  ),
});

export const mucArchive = definePlugin({
  name: "muc_archive",
  doc: "Keeps what is said in rooms, so that people can read what they have missed.",
  xeps: [[313, "1.1.3"], [59, "1.0"], [359, "0.7.0"], [431, "0.2.0"]],
  config,
  hosts: ["muc"],
  standard: true,
  needs: [rooms],
  provides: [roomArchive],
  setup(host) {
    const { search } = host.config;
    const book = host.use(rooms);
    const store = host.open(roomMessages);
    const recorder = new RoomRecorder(host, store, search);
    book.field(host, ARCHIVE, { initial: host.config.default });
    book.field(host, ACCESS, { initial: host.config.access });
    book.field(host, DAYS);
    const features = [
      ...ARCHIVE_FEATURES,
      ...(search ? [FULLTEXT_NS] : []),
      ...(host.config.purge ? [PURGE_NS] : []),
    ];
    book.disco(host, {
      features: (room) => room.value(ARCHIVE) ? [...features, STANZA_ID_NS] : [STANZA_ID_NS],
    });
    host.at(saying).amend({ kind: "message" }, (x) => recorder.names(x));
    host.at(saying).witness({ kind: "message" }, (x) => recorder.said(x));
    book.history(host, (room, most) => recorder.recall(room, most));
    announce(host);
    new RoomDesk(host, store).open(book);
    host.provide(roomArchive, {
      keeps: (room) => room.value(ARCHIVE),
      isPublic,
      get: (room, id) => store.get(room, id),
      find: (room, filter, page) => store.find(room, filter, page),
      replace: (room, id, message) => store.replace(room, id, message.toString()),
    });
    expire(host, store, host.config.keep);
    removeByChoice(host, store);
    forget(host, book, store);
  },
});

/** XEP-0045 §7.2.12, §10.2.1: where anybody may read it, people are told before they speak. */
function announce(host: HostScope<unknown>): void {
  host.at(joining).amend({}, (x) => {
    if (isPublic((of) => x.room.value(of))) x.status(170);
    return undefined;
  });
  host.at(configuring).amend({}, (x) => {
    const after = isPublic((of) => x.value(of));
    if (after !== isPublic((of) => x.room.value(of))) x.notice(after ? 170 : 171);
    return undefined;
  });
}

/** What owners want to be removed earlier than everything else. */
function removeByChoice(host: HostScope<unknown>, store: Archive): void {
  const choices = host.open(keeping);
  host.on(configured, ({ room, changed }) => {
    if (!changed.has(DAYS.name)) return;
    const days = room.value(DAYS);
    choices.set(room.name, days === null ? undefined : days * DAY);
  });
  sweep(host, () => {
    const names = [...choices.owners()];
    return async () => {
      const name = names.at(-1);
      const keep = name === undefined ? undefined : choices.get(name);
      const to = host.clock.now() - (keep ?? Infinity);
      if (name === undefined) return true;
      if (keep === undefined || await store.delete(name, { to }, SLICE) === 0) names.pop();
      return false;
    };
  });
}

/**
 * What is kept for a name goes with the room: whoever has the name next is somebody else. A room that did not stay may have
 * gone in a crash, and nobody was told.
 */
function forget(host: HostScope<unknown>, book: Rooms, store: Archive): void {
  const choices = host.open(keeping);
  const clear = (name: string): undefined => {
    choices.set(name, undefined);
    const done = store.delete(name, {});
    if (isPromise(done)) host.spawn(() => done.then(() => {}));
  };
  host.on(roomDestroyed, ({ room }) => clear(room.name));
  host.on(roomCreated, ({ room }) => clear(room.name));
  let looked = false;
  sweep(host, () => () => {
    if (looked) return true;
    looked = true;
    const names = new Set(book.names());
    for (const name of [...store.owners()]) if (!names.has(name)) clear(name);
    return true;
  });
}
