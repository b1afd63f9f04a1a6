/** `[…muc.room]`: what new rooms are like, in short words, and the fields that these are of. */
import { z } from "#plugin";
import type { RoomValue } from "./api.ts";
import {
  ALLOW_INVITES,
  ALLOW_MEMBER_INVITES,
  ALLOW_PM,
  CHANGE_SUBJECT,
  DESCRIPTION,
  HISTORY_LENGTH,
  LANGUAGE,
  MEMBERS_ONLY,
  MODERATED,
  NAME,
  PASSWORD,
  PERSISTENT,
  PRESETS,
  PUBLIC,
  REGISTRATION,
  WHOIS,
} from "./standard_fields.ts";

const flag = z.boolean().optional();
const words = z.string().optional();

export const RoomDefaults = z.strictObject({
  name: words.describe("The name."),
  description: words.describe("The description."),
  language: words.describe("The language, such as en."),
  persistent: flag.describe("Stays when everybody has left."),
  public: flag.describe("Is listed."),
  moderated: flag.describe("Only those who have voice may speak."),
  members_only: flag.describe("Only members may enter."),
  change_subject: flag.describe("Participants may change the subject."),
  invites: flag.describe("Participants may invite others."),
  member_invites: flag.describe("Members may invite others to rooms for members only."),
  registration: flag.describe("Anybody may register a nickname."),
  whois: z.enum(["moderators", "anyone"]).optional().describe("Who sees true addresses."),
  private_messages: z.enum(["anyone", "participants", "moderators", "none"]).optional().describe(
    "Who may send private messages.",
  ),
  history: z.number().int().min(0).optional().describe("Messages of the past for those who enter."),
  password: words.describe("The password."),
}).prefault({});

const FIELDS: Readonly<Record<keyof z.infer<typeof RoomDefaults>, RoomValue<unknown>>> = {
  name: NAME,
  description: DESCRIPTION,
  language: LANGUAGE,
  persistent: PERSISTENT,
  public: PUBLIC,
  moderated: MODERATED,
  members_only: MEMBERS_ONLY,
  change_subject: CHANGE_SUBJECT,
  invites: ALLOW_INVITES,
  member_invites: ALLOW_MEMBER_INVITES,
  registration: REGISTRATION,
  whois: WHOIS,
  private_messages: ALLOW_PM,
  history: HISTORY_LENGTH,
  password: PASSWORD,
};

/** The values that new rooms begin with, by the names of their fields. */
export function firstValues(
  preset: "none" | "group" | "channel",
  defaults: z.infer<typeof RoomDefaults>,
): Map<string, unknown> {
  const values = new Map<string, unknown>(preset === "none" ? [] : Object.entries(PRESETS[preset]));
  for (const [key, field] of Object.entries(FIELDS)) {
    const value = defaults[key as keyof typeof defaults];
    if (value !== undefined) values.set(field.name, value);
  }
  return values;
}
