/** What owners decide about the archive of their room, and who may read it. */
import {
  type Affiliation,
  defineField,
  MEMBERS_ONLY,
  PASSWORD,
  type Room,
  type RoomQuery,
  type RoomValue,
  WHOIS,
} from "../muc/api.ts";
import { ARCHIVE } from "./api.ts";

export const ACCESS = defineField(
  "x-muc#roomconfig_archiveaccess",
  {
    kind: "choice",
    label: "Who may read what was said, where anybody may enter",
    options: [
      { value: "anyone", label: "Anyone" },
      { value: "occupants", label: "Those who are in the room, and its members" },
    ],
  },
  "anyone",
);
export const DAYS = defineField(
  "x-muc#roomconfig_archivedays",
  {
    kind: "integer",
    label: "Days after which it is removed; as the server does, where this is empty",
    min: 1,
  },
  null,
);

const BELONGING: ReadonlySet<Affiliation> = new Set(["owner", "admin", "member"]);

/** XEP-0313 §5.1.3: whoever has the right to enter now. */
export function mayRead({ room, occupant, rights }: RoomQuery): boolean {
  if (rights === "outcast") return false;
  return occupant !== undefined || BELONGING.has(rights) || isOpen((of) => room.value(of));
}

/** Whether the archive can be read by anybody, who should be told so (XEP-0045 §7.2.12). */
export function isPublic(value: <T>(of: RoomValue<T>) => T): boolean {
  return value(ARCHIVE) && isOpen(value);
}

function isOpen(value: <T>(of: RoomValue<T>) => T): boolean {
  return !value(MEMBERS_ONLY) && value(PASSWORD) === "" && value(ACCESS) === "anyone";
}

/**
 * Whether somebody may know who said what, which strangers may not even where occupants are no secret to each other: nobody
 * sees them look.
 */
export function seesAddresses({ room, occupant, rights }: RoomQuery): boolean {
  if (rights === "owner" || rights === "admin") return true;
  return occupant === undefined ? BELONGING.has(rights) && revealsToAll(room) : room.reveals(occupant);
}

function revealsToAll(room: Room): boolean {
  return room.value(WHOIS) === "anyone";
}
