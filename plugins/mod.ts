/** The catalog: the plugins that come with the server, a line each. Only the executable's entry imports it. */
import { lastActivity } from "./account/last_activity.ts";
import { privateStorage } from "./account/private.ts";
import { vcard } from "./account/vcard.ts";
import { anonymous } from "./auth/anonymous.ts";
import { fast } from "./auth/fast.ts";
import { internal } from "./auth/internal.ts";
import { message } from "./im/message.ts";
import { offline } from "./im/offline.ts";
import { presence } from "./im/presence.ts";
import { roster } from "./im/roster.ts";
import { subscription } from "./im/subscription.ts";
import { caps } from "./service/caps.ts";
import { contact } from "./service/contact.ts";
import { disco } from "./service/disco.ts";
import { ping } from "./service/ping.ts";
import { time } from "./service/time.ts";
import { uptime } from "./service/uptime.ts";
import { version } from "./service/version.ts";
import { legacySession } from "./stream/legacy_session.ts";
import { registration } from "./stream/registration.ts";
import { streamLimits } from "./stream/stream_limits.ts";
import { streamManagement } from "./stream/stream_management.ts";

export default [
  lastActivity,
  privateStorage,
  vcard,
  anonymous,
  fast,
  internal,
  message,
  offline,
  presence,
  roster,
  subscription,
  caps,
  contact,
  disco,
  ping,
  time,
  uptime,
  version,
  legacySession,
  registration,
  streamLimits,
  streamManagement,
] as const;
