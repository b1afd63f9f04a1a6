/** The options of the room service, with what new rooms are like. */
import { duration, options, text, z } from "#plugin";
import { RoomDefaults } from "./room_defaults.ts";

const WHO = ["local", "anyone", "admins"] as const;
/** People of the host that the service belongs to, everybody, or administrators. */
export type Who = typeof WHO[number];
const who = (fallback: Who) => z.enum(WHO).default(fallback);
const count = (fallback: number) => z.number().int().min(1).max(10_000_000).default(fallback);

export const mucOptions = options({
  create: who("local").describe("Who may make rooms: people of this host (local), anyone, or admins."),
  persistent: who("local").describe("Who may make rooms stay when everybody has left."),
  public: who("local").describe("Who may have rooms listed."),
  guests: z.boolean().default(false).describe(
    "Whether temporary accounts count as people of this host there.",
  ),
  instant: z.boolean().default(false).describe(
    "Whether new rooms are open at once, instead of waiting for their owner's configuration.",
  ),
  preset: z.enum(["none", "group", "channel"]).default("none").describe(
    "What new rooms are like: a private group (members only, addresses visible), a public channel, or as the standard has it.",
  ),
  room: RoomDefaults.describe("What new rooms are like, over the preset."),
  history: z.number().int().min(0).max(1000).default(100).describe(
    "Messages of the past that a room keeps for those who enter, at most.",
  ),
  rooms: count(100_000).describe("Rooms of the service."),
  rooms_each: count(200).describe("Rooms that one account may have made."),
  occupants: count(5000).describe("Occupants of a room; some more are let in for owners and admins."),
  joined_each: count(500).describe("Rooms that one account may be in."),
  devices_each: count(20).describe("Devices of one account in a room."),
  affiliations: count(20_000).describe("People that a room may have on record."),
  nickname: count(128).describe("Characters of a nickname."),
  subject: count(4000).describe("Characters of a subject."),
  redirect: duration({ off: 0 }).prefault("3 days").describe(
    "How long those who come to a destroyed room are told where it has gone, where its owner has said so.",
  ),
  expire: duration({ never: Infinity }).prefault("never").describe(
    "After how long without anybody in it a room that stays is removed.",
  ),
  expire_keep: z.array(text()).default([]).describe(
    "Rooms that are never removed, by the name before the @.",
  ),
  idle: duration().prefault("10 min").describe("How long a room without occupants stays in memory."),
  survive: z.boolean().default(true).describe(
    "Whether people of other servers are still in rooms that stay when this server has restarted.",
  ),
  override: duration().prefault("1 h").describe(
    "How long an admin acts as owner of all rooms, once asked for.",
  ),
  bare_iq: z.array(text()).default([
    "vcard-temp",
    "urn:ietf:params:xml:ns:vcard-4.0",
    "http://jabber.org/protocol/pubsub",
  ]).describe("Payloads of requests between occupants that accounts answer and not devices."),
});
export type MucOptions = z.infer<typeof mucOptions>;
