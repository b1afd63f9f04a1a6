/**
 * Requests to a room (XEP-0045 §17.4, rule 1): each is answered once, by what its handler returns or throws, after what
 * it wrote is safe, and before others hear of it (§8.2).
 */
import { CLAIMED, errorOf, isPromise, type Maybe, resultOf, type Stanza, StanzaError } from "#plugin";
import type { ClientSession, Element } from "#plugin";
import { asking, type RoomQuery } from "./api.ts";
import { adminGet, adminSet } from "./admin_query.ts";
import type { Chatroom } from "./chatroom.ts";
import { noRoom } from "./departure.ts";
import type { House } from "./house.ts";
import { beforeThereIsARoom, ownerGet, ownerSet } from "./owner_query.ts";
import { permit, settled } from "./passing.ts";
import { registerGet, registerSet } from "./registration.ts";
import { ADMIN_NS, COMMANDS_NS, OWNER_NS, PING_NS, REGISTER_NS } from "./names.ts";
import { runCommand } from "./room_commands.ts";
import { roomInfo, roomItems } from "./room_disco.ts";
import { DISCO_INFO_NS, DISCO_ITEMS_NS } from "#plugin";

type Claimed = Maybe<typeof CLAIMED>;

/** An iq for a room. */
export function answerRoom(house: House, stanza: Stanza, session: ClientSession | undefined): Claimed {
  // An answer that nobody awaits.
  if (!stanza.isRequest) return CLAIMED;
  const { writes } = house.host;
  const then: (() => void)[] = [];
  let answer: Maybe<Element | undefined>;
  try {
    answer = ask(house, stanza, session, then);
  } catch (error) {
    return fail(house, stanza, error);
  }
  if (!isPromise(answer) && house.host.writes === writes) {
    house.send(resultOf(stanza, answer));
    for (const one of then) one();
    return CLAIMED;
  }
  session?.asked();
  const done = answerLater(house, stanza, writes, answer, then).then((): typeof CLAIMED => {
    session?.answered();
    return CLAIMED;
  });
  house.host.spawn(() => done.then(() => {}));
  return session !== undefined && session.pendingRequests >= MOST_PENDING ? done : CLAIMED;
}

/** Requests of one session that may be worked on at a time; with more it is not read meanwhile. */
const MOST_PENDING = 16;

async function answerLater(
  house: House,
  stanza: Stanza,
  writes: number,
  answer: Maybe<Element | undefined>,
  then: readonly (() => void)[],
): Promise<void> {
  try {
    const payload = await answer;
    await house.host.flush(writes);
    house.send(resultOf(stanza, payload));
  } catch (error) {
    fail(house, stanza, error);
    return;
  }
  for (const one of then) one();
}

function fail(house: House, stanza: Stanza, error: unknown): typeof CLAIMED {
  let said: StanzaError;
  if (error instanceof StanzaError) said = error;
  else {
    house.host.log.error("a request to a room failed", { room: stanza.to!.local, error });
    said = new StanzaError("internal-server-error");
  }
  const reply = errorOf(stanza, said);
  if (reply !== undefined) house.send(reply);
  return CLAIMED;
}

function ask(
  house: House,
  stanza: Stanza,
  session: ClientSession | undefined,
  then: (() => void)[],
): Maybe<Element | undefined> {
  const to = stanza.to!;
  const known = house.find(to.local);
  const unborn = known === undefined ? beforeThereIsARoom(house, stanza) : undefined;
  const room = known ?? unborn?.room;
  if (room === undefined) throw noRoom();
  const from = stanza.from!;
  const rights = room.rights(from);
  // §10.1.1: before its first configuration there is no room for anybody else.
  if (room.locked && rights !== "owner") throw noRoom();
  const query: RoomQuery = {
    room,
    stanza,
    payload: stanza.payload!,
    from,
    session,
    occupant: room.occupantOf(from),
    rights,
    after: (one) => void then.push(one),
  };
  const x = { stanza, claimed: false, room, from, occupant: query.occupant, payload: query.payload };
  return settled(house.host.pass(asking, x), (outcome): Maybe<Element | undefined> => {
    permit(outcome);
    const kept = unborn?.keep();
    return isPromise(kept) ? kept.then(() => handle(house, room, query)) : handle(house, room, query);
  });
}

function handle(house: House, room: Chatroom, query: RoomQuery): Maybe<Element | undefined> {
  const { stanza, payload: { ns, name } } = query;
  const get = stanza.type === "get";
  if (name === "query") {
    switch (ns) {
      case DISCO_INFO_NS:
        if (get) return roomInfo(house, room, query);
        break;
      case DISCO_ITEMS_NS:
        if (get) return roomItems(house, room, query);
        break;
      case ADMIN_NS:
        return get ? adminGet(room, query) : adminSet(house, room, query);
      case OWNER_NS:
        return get ? ownerGet(house, room, query) : ownerSet(house, room, query);
      case REGISTER_NS:
        return get ? registerGet(room, query) : registerSet(house, room, query);
    }
  } else if (get && name === "ping" && ns === PING_NS) return undefined;
  else if (!get && name === "command" && ns === COMMANDS_NS) return runCommand(house, query);
  const handler = house.additions.answering(stanza.type, ns, name);
  if (handler === undefined) throw new StanzaError("service-unavailable");
  return handler(query);
}
