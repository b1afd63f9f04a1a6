/** The service `rooms`: the engine, as other plugins use it. */
import type { Element, FieldShape, Jid, Stanza, ValueOf } from "#plugin";
import type {
  FieldOptions,
  Occupant,
  Room,
  RoomCommand,
  RoomDisco,
  RoomField,
  RoomIqHandler,
  Rooms,
  Spoken,
  Standing,
} from "./api.ts";
import { broadcast } from "./appearance.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { notify } from "./configuration.ts";
import { remove } from "./departure.ts";
import { applyGrants, planGrants } from "./grants.ts";
import type { House } from "./house.ts";
import { closeRoom } from "./owner_query.ts";
import { sayAs, toAll } from "./speech.ts";

type Owner = Parameters<Rooms["disco"]>[0];

export class RoomService implements Rooms {
  constructor(private readonly house: House) {}

  find(name: string): Room | undefined {
    return this.house.find(name);
  }

  *names(): Iterable<string> {
    yield* this.house.store.names();
    for (const room of this.house.rooms.values()) if (!this.house.isStored(room)) yield room.name;
  }

  field<F extends FieldShape>(
    owner: Owner,
    field: RoomField<F>,
    options: FieldOptions<ValueOf<F>> = {},
  ): void {
    this.house.additions.field(owner, field as unknown as RoomField, options);
  }
  get(owner: Owner, ns: string, name: string, handler: RoomIqHandler): void {
    this.house.additions.iq(owner, "get", ns, name, handler);
  }
  set(owner: Owner, ns: string, name: string, handler: RoomIqHandler): void {
    this.house.additions.iq(owner, "set", ns, name, handler);
  }
  disco(owner: Owner, disco: RoomDisco): void {
    this.house.additions.disco(owner, disco);
  }
  command<S extends Record<string, FieldShape>>(owner: Owner, command: RoomCommand<S>): void {
    this.house.additions.command(owner, command as unknown as RoomCommand);
  }
  history(owner: Owner, source: (room: Room, most: number) => readonly Spoken[] | undefined): void {
    this.house.additions.history(owner, source);
  }

  say(room: Room, message: Element, as?: Occupant): void {
    sayAs(this.house, own(room), message, as as Attendee | undefined);
  }
  distribute(room: Room, stanza: Stanza, to?: (occupant: Occupant) => boolean): void {
    toAll(this.house, own(room), stanza.containing(stanza.source.with({})), to);
  }
  notify(room: Room, ...codes: number[]): void {
    notify(this.house, own(room), codes);
  }
  refresh(room: Room, occupant: Occupant): void {
    const attendee = occupant as Attendee;
    if (attendee.seats.length === 0) return;
    attendee.appearance = undefined;
    broadcast(this.house, own(room), attendee);
  }
  remove(room: Room, occupant: Occupant, codes: readonly number[], reason?: string): void {
    const attendee = occupant as Attendee;
    if (attendee.seats.length > 0) remove(this.house, own(room), attendee, { codes, reason }).toOthers();
  }
  grant(room: Room, changes: readonly { readonly jid: Jid; readonly standing: Standing }[]): void {
    const requests = changes.map(({ jid, standing }) => ({ jid, ...standing, nick: standing.nick ?? "" }));
    const plan = planGrants(this.house, own(room), undefined, requests);
    applyGrants(this.house, own(room), plan, { by: undefined, actor: undefined });
  }
  forget(account: Jid): void {
    const { house } = this;
    const known = [...house.rooms.values()].filter((room) => room.standing(account) !== undefined);
    const stored = house.store.knowing(account.bare.toString()).flatMap((name) => house.find(name) ?? []);
    for (const room of new Set([...known, ...stored])) {
      for (const occupant of room.occupantsOf(account)) remove(house, room, occupant, {}).toOthers();
      if (!room.gone) room.record(account.bare, { affiliation: "none" });
    }
  }
  destroy(room: Room, reason?: string, venue?: Jid): void {
    closeRoom(this.house, own(room), undefined, { reason, venue });
  }
}

/** There is no other room than ours. */
function own(room: Room): Chatroom {
  return room as Chatroom;
}
