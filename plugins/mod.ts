/** The catalog: the plugins that come with the server, a line each. Only the executable's entry imports it. */
import { lastActivity } from "./account/last_activity.ts";
import { privateStorage } from "./account/private.ts";
import { vcard } from "./account/vcard.ts";
import { accountCommands } from "./admin/account_commands.ts";
import { adhoc } from "./admin/adhoc.ts";
import { announce } from "./admin/announce.ts";
import { motd } from "./admin/motd.ts";
import { archive } from "./archive/archive.ts";
import { anonymous } from "./auth/anonymous.ts";
import { fast } from "./auth/fast.ts";
import { internal } from "./auth/internal.ts";
import { userCertificates } from "./auth/user_certificates.ts";
import { carbons } from "./im/carbons.ts";
import { groups } from "./im/groups.ts";
import { message } from "./im/message.ts";
import { offline } from "./im/offline.ts";
import { presence } from "./im/presence.ts";
import { roster } from "./im/roster.ts";
import { subscription } from "./im/subscription.ts";
import { blocking } from "./privacy/blocking.ts";
import { privacyLists } from "./privacy/privacy_lists.ts";
import { reports } from "./privacy/reports.ts";
import { push } from "./push/push.ts";
import { caps } from "./service/caps.ts";
import { contact } from "./service/contact.ts";
import { disco } from "./service/disco.ts";
import { externalServices } from "./service/external_services.ts";
import { ping } from "./service/ping.ts";
import { time } from "./service/time.ts";
import { uptime } from "./service/uptime.ts";
import { version } from "./service/version.ts";
import { clientState } from "./stream/client_state.ts";
import { legacySession } from "./stream/legacy_session.ts";
import { registration } from "./stream/registration.ts";
import { sift } from "./stream/sift.ts";
import { streamLimits } from "./stream/stream_limits.ts";
import { streamManagement } from "./stream/stream_management.ts";

export default [
  // First: privacy comes before every other rule (XEP-0016 §2.2, rule 4).
  blocking,
  privacyLists,
  lastActivity,
  privateStorage,
  vcard,
  accountCommands,
  adhoc,
  announce,
  motd,
  archive,
  anonymous,
  fast,
  internal,
  userCertificates,
  carbons,
  groups,
  message,
  offline,
  presence,
  roster,
  subscription,
  reports,
  push,
  caps,
  contact,
  disco,
  externalServices,
  ping,
  time,
  uptime,
  version,
  clientState,
  legacySession,
  registration,
  sift,
  streamLimits,
  streamManagement,
] as const;
