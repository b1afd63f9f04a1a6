/** Somebody in a room, as the engine sees them: a nickname, its devices, and what is known of it to others. */
import { CONTENT_NS, type Jid, type Slot, type Stanza } from "#plugin";
import type { Affiliation, Device, Occupant, Role } from "./api.ts";
import { SlotMap } from "./slot_map.ts";

/** A device in a room. */
export class Seat implements Device {
  /** When the room last asked whether it is there, by the clock that only goes forward. */
  checked = -Infinity;

  constructor(readonly jid: Jid, readonly attendee: Attendee, public presence: Stanza) {}

  /** RFC 6121 §4.7.2.3; what is no number counts as zero. */
  get priority(): number {
    const value = Number(this.presence.child("priority", CONTENT_NS)?.text.trim() ?? 0);
    return Number.isInteger(value) ? value : 0;
  }
}

/** What others see of somebody: made once a change, addressed to each receiver. */
export interface Appearance {
  /** For those who may not see the true address. */
  readonly hidden: Stanza;
  /** For those who may. */
  readonly open: Stanza;
  /** The text without what the room says, for other versions of it. */
  readonly inner: string;
}

export class Attendee implements Occupant {
  readonly seats: Seat[] = [];
  /** Undefined where something has changed since it was made. */
  appearance: Appearance | undefined;
  readonly #slots = new SlotMap();
  #address: Jid | undefined;

  constructor(
    public nick: string,
    public jid: Jid,
    readonly account: Jid,
    readonly id: string,
    public affiliation: Affiliation,
    public role: Role,
  ) {}

  get devices(): readonly Device[] {
    return this.seats;
  }

  /** The device that speaks for the others: of the highest priority, and of those the latest. */
  get speaker(): Seat {
    let best = this.seats[0]!;
    for (const seat of this.seats) if (seat !== best && seat.priority >= best.priority) best = seat;
    return best;
  }

  /** The true full address that is shown: still known when the last device has gone. */
  get address(): Jid {
    if (this.seats.length > 0) this.#address = this.speaker.jid;
    return this.#address ?? this.account;
  }

  get<T>(slot: Slot<T>): T | undefined {
    return this.#slots.get(slot);
  }

  set<T>(slot: Slot<T>, value: T | undefined): void {
    this.#slots.set(slot, value);
  }
}
