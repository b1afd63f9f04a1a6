/** The catalog: the plugins that come with the server, a line each. Only the executable's entry imports it. */
import { lastActivity } from "./account/last_activity.ts";
import { privateStorage } from "./account/private.ts";
import { vcard } from "./account/vcard.ts";
import { accountCommands } from "./admin/account_commands.ts";
import { adhoc } from "./admin/adhoc.ts";
import { announce } from "./admin/announce.ts";
import { motd } from "./admin/motd.ts";
import { archive } from "./archive/archive.ts";
import { mucArchive } from "./archive/room_archive.ts";
import { anonymous } from "./auth/anonymous.ts";
import { fast } from "./auth/fast.ts";
import { internal } from "./auth/internal.ts";
import { userCertificates } from "./auth/user_certificates.ts";
import { federation } from "./federation/federation.ts";
import { component } from "./component/component.ts";
import { delegation } from "./component/delegation.ts";
import { privilege } from "./component/privilege.ts";
import { gateGuard } from "./gate/gate_guard.ts";
import { carbons } from "./im/carbons.ts";
import { groups } from "./im/groups.ts";
import { message } from "./im/message.ts";
import { offline } from "./im/offline.ts";
import { presence } from "./im/presence.ts";
import { roster } from "./im/roster.ts";
import { subscription } from "./im/subscription.ts";
import { roomAccounts } from "./muc/accounts.ts";
import { hats } from "./muc/hats.ts";
import { muc } from "./muc/muc.ts";
import { blocking } from "./privacy/blocking.ts";
import { privacyLists } from "./privacy/privacy_lists.ts";
import { reports } from "./privacy/reports.ts";
import { avatars } from "./profile/avatars.ts";
import { bookmarks } from "./profile/bookmarks.ts";
import { nicknames } from "./profile/nicknames.ts";
import { vcard4 } from "./profile/vcard4.ts";
import { displayed } from "./pubsub/displayed.ts";
import { pep } from "./pubsub/pep.ts";
import { comments, pubsub, pubsubServices } from "./pubsub/pubsub.ts";
import { push } from "./push/push.ts";
import { atom } from "./social/atom.ts";
import { attachments } from "./social/attachments.ts";
import { blogComments } from "./social/blog_comments.ts";
import { postsArchive } from "./social/posts_archive.ts";
import { absentMembers } from "./rooms/absent.ts";
import { bits } from "./rooms/bits.ts";
import { roomCard } from "./rooms/card.ts";
import { mucLimits } from "./rooms/limits.ts";
import { mucLog } from "./rooms/log.ts";
import { moderation } from "./rooms/moderation.ts";
import { chatPastebin, pastebin } from "./rooms/paste.ts";
import { channelSearch } from "./rooms/search.ts";
import { secLabels } from "./rooms/sec_labels.ts";
import { slowMode } from "./rooms/slow_mode.ts";
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
import { uploadAccounts } from "./upload/accounts.ts";
import { upload } from "./upload/upload.ts";
import { bosh } from "./web/bosh.ts";
import { discovery } from "./web/discovery.ts";
import { favicon } from "./web/favicon.ts";
import { staticFiles } from "./web/static_files.ts";
import { serverStatus } from "./web/server_status.ts";
import { websocket } from "./web/websocket.ts";

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
  federation,
  component,
  delegation,
  privilege,
  gateGuard,
  carbons,
  groups,
  message,
  offline,
  presence,
  roster,
  subscription,
  muc,
  hats,
  roomAccounts,
  mucArchive,
  moderation,
  slowMode,
  roomCard,
  absentMembers,
  mucLimits,
  mucLog,
  pastebin,
  chatPastebin,
  bits,
  secLabels,
  channelSearch,
  reports,
  pubsubServices,
  pubsub,
  comments,
  pep,
  displayed,
  attachments,
  blogComments,
  postsArchive,
  atom,
  avatars,
  vcard4,
  nicknames,
  bookmarks,
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
  upload,
  uploadAccounts,
  bosh,
  discovery,
  favicon,
  serverStatus,
  staticFiles,
  websocket,
] as const;
