/**
 * The fields of the configuration form that every room has (XEP-0045 §15.5.3), and what some of them are when nothing
 * else is said. Names beginning with "x-" and with braces are those that other servers and clients use.
 */
import {
  defineField,
  DESCRIPTION,
  LANGUAGE,
  MEMBERS_ONLY,
  MODERATED,
  NAME,
  PASSWORD,
  PERSISTENT,
  PUBLIC,
  WHOIS,
} from "./api.ts";

export { DESCRIPTION, LANGUAGE, MEMBERS_ONLY, MODERATED, NAME, PASSWORD, PERSISTENT, PUBLIC, WHOIS };

const yesOrNo = <const L extends string>(label: L) => ({ kind: "boolean", label } as const);
const ROLES = [
  { value: "moderator", label: "Moderators" },
  { value: "participant", label: "Participants" },
  { value: "visitor", label: "Visitors" },
] as const;

/** Not kept: a room that has a password is protected by it. */
export const PROTECTED = defineField(
  "muc#roomconfig_passwordprotectedroom",
  yesOrNo("A password is needed to enter"),
  false,
);
export const CHANGE_SUBJECT = defineField(
  "muc#roomconfig_changesubject",
  yesOrNo("Participants may change the subject"),
  false,
);
export const ALLOW_INVITES = defineField(
  "muc#roomconfig_allowinvites",
  yesOrNo("Participants may invite others, where everybody may enter"),
  true,
);
export const ALLOW_MEMBER_INVITES = defineField(
  "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites",
  yesOrNo("Members may invite others, where only members may enter"),
  false,
);
export const ALLOW_PM = defineField(
  "muc#roomconfig_allowpm",
  {
    kind: "choice",
    label: "Who may send private messages",
    options: [
      { value: "anyone", label: "Anyone" },
      { value: "participants", label: "Those who have voice" },
      { value: "moderators", label: "Moderators" },
      { value: "none", label: "Nobody" },
    ],
  },
  "anyone",
);
export const ALLOW_QUERIES = defineField(
  "allow_query_users",
  yesOrNo("Occupants may ask each other's clients for information"),
  true,
);
export const PRESENCE_BROADCAST = defineField(
  "muc#roomconfig_presencebroadcast",
  { kind: "choices", label: "Whose presence is shown to others", options: ROLES },
  ["moderator", "participant", "visitor"],
);
export const MEMBER_LIST = defineField(
  "muc#roomconfig_getmemberlist",
  { kind: "choices", label: "Who may read the list of members, where addresses are visible", options: ROLES },
  ["moderator", "participant", "visitor"],
);
export const MAX_USERS = defineField(
  "muc#roomconfig_maxusers",
  {
    kind: "choice",
    label: "Most occupants",
    options: ["10", "20", "30", "50", "100", "200", "500", "1000", "2000", "5000", "none"].map((value) => ({
      value,
      label: value === "none" ? "As many as the server allows" : value,
    })),
  },
  "none",
);
export const HISTORY_LENGTH = defineField(
  "muc#roomconfig_historylength",
  { kind: "integer", label: "Messages of the past that are kept for those who enter", min: 0 },
  20,
);
export const DEFAULT_HISTORY = defineField(
  "muc#roomconfig_defaulthistorymessages",
  { kind: "integer", label: "How many of them somebody gets who does not say", min: 0 },
  20,
);
export const REGISTRATION = defineField(
  "x-muc#roomconfig_registration",
  yesOrNo("Anybody may become a member by registering a nickname"),
  true,
);
export const RESERVED_NICK = defineField(
  "x-muc#roomconfig_reservednick",
  yesOrNo("Members are known by their registered nickname only"),
  false,
);
export const CHANGE_NICK = defineField(
  "x-muc#roomconfig_canchangenick",
  yesOrNo("Occupants may change their nickname"),
  true,
);
export const VOICE_REQUESTS = defineField(
  "muc#roomconfig_allowvoicerequests",
  yesOrNo("Visitors may ask for voice"),
  true,
);
export const SHOW_ABSENT = defineField(
  "x-muc#roomconfig_showabsent",
  yesOrNo("Members who are not there are shown with their registered nicknames"),
  false,
);
export const PUBSUB = defineField(
  "muc#roomconfig_pubsub",
  { kind: "text", label: "Address of a node that belongs to the room", longest: 1000 },
  "",
);
/** Kept as affiliations. */
export const ADMINS = defineField("muc#roomconfig_roomadmins", { kind: "jids", label: "Administrators" }, []);
/** Kept as affiliations. */
export const OWNERS = defineField("muc#roomconfig_roomowners", { kind: "jids", label: "Owners" }, []);
/** Not kept: it sets what the same form leaves out. */
export const PRESET = defineField(
  "x-muc#roomconfig_preset",
  {
    kind: "choice",
    label: "Set everything that is not said here for",
    options: [
      { value: "", label: "(leave it)" },
      { value: "group", label: "A private group: members only, addresses visible, not listed" },
      { value: "channel", label: "A public channel: open, addresses hidden, listed" },
    ],
  },
  "",
);

/** STANDARDS: what clients ask for when they make a private group or a public channel. */
export const PRESETS: Readonly<Record<"group" | "channel", Readonly<Record<string, unknown>>>> = {
  group: {
    [PERSISTENT.name]: true,
    [PUBLIC.name]: false,
    [MEMBERS_ONLY.name]: true,
    [WHOIS.name]: "anyone",
    [MODERATED.name]: false,
    [ALLOW_PM.name]: "anyone",
  },
  channel: {
    [PERSISTENT.name]: true,
    [PUBLIC.name]: true,
    [MEMBERS_ONLY.name]: false,
    [WHOIS.name]: "moderators",
    [MODERATED.name]: false,
    [CHANGE_SUBJECT.name]: false,
  },
};

/** All of them, in the order of the form. */
export const STANDARD_FIELDS = [
  PRESET,
  NAME,
  DESCRIPTION,
  LANGUAGE,
  PERSISTENT,
  PUBLIC,
  MEMBERS_ONLY,
  PROTECTED,
  PASSWORD,
  WHOIS,
  MODERATED,
  VOICE_REQUESTS,
  CHANGE_SUBJECT,
  ALLOW_INVITES,
  ALLOW_MEMBER_INVITES,
  ALLOW_PM,
  ALLOW_QUERIES,
  CHANGE_NICK,
  REGISTRATION,
  RESERVED_NICK,
  SHOW_ABSENT,
  PRESENCE_BROADCAST,
  MEMBER_LIST,
  MAX_USERS,
  HISTORY_LENGTH,
  DEFAULT_HISTORY,
  PUBSUB,
  ADMINS,
  OWNERS,
] as const;
