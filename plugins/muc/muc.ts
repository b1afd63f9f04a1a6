/**
 * XEP-0045: rooms, whole, on an engine that other plugins complete (api.ts). With it come direct invitations (XEP-0249),
 * which pass between accounts, unique names (XEP-0307), self-pings (XEP-0410) and occupant ids (XEP-0421).
 *
 * Decisions where the standard leaves them open: nicknames that look the same are the same (RFC 8266, likeness.ts); devices of one account share a
 * nickname, and the one of the highest priority speaks for them; groupchat 1.0 is not spoken (§7.2.17); who registers
 * becomes a member at once; approval of registrations (§9.9) is not offered; administrators of the server are nobody
 * special in rooms unless they ask for it.
 */
import {
  type Arriving,
  arriving,
  CLAIMED,
  definePlugin,
  DISCO_ITEMS_NS,
  el,
  formOf,
  isPromise,
  type Maybe,
  randomId,
  resultOf,
  RSM_NS,
  type Stanza,
  stopping,
} from "#plugin";
import { commands } from "../admin/api.ts";
import * as tokens from "./api.ts";
import { noRoom } from "./departure.ts";
import { directory } from "./directory.ts";
import { bounced } from "./ghosts.ts";
import { House } from "./house.ts";
import { decline, invite, uninvitable } from "./invitation.ts";
import { mucOptions } from "./muc_options.ts";
import { MUC_NS, OCCUPANT_ID_NS, STABLE_ID_NS, UNIQUE_NS, USER_NS } from "./names.ts";
import { forward } from "./occupant_iq.ts";
import { offerOverride } from "./override.ts";
import { takePresence } from "./presence_in.ts";
import { answerRoom } from "./room_iq.ts";
import { RoomService } from "./service.ts";
import { misplaced, speak } from "./speech.ts";
import { LOOK, lookAfter, shutDown } from "./upkeep.ts";
import { voiceForm } from "./voice.ts";
import { whisper } from "./whisper.ts";

type Claimed = Maybe<typeof CLAIMED | undefined>;

export const muc = definePlugin({
  name: "muc",
  doc: "Rooms in which people talk with one another.",
  xeps: [[45, "1.35.5"], [249, "1.2"], [307, "0.1"], [410, "1.1.0"], [421, "1.0.1"]],
  config: mucOptions,
  hosts: ["muc"],
  owns: true,
  provides: [tokens.rooms],
  tokens,
  wants: [commands],
  setup(host) {
    const house = new House(host);
    host.provide(tokens.rooms, new RoomService(house));
    host.identity("conference", "text", host.name === host.domain ? "Chat rooms" : host.name);
    host.feature(MUC_NS, "muc_rooms", STABLE_ID_NS, UNIQUE_NS, OCCUPANT_ID_NS, RSM_NS);
    host.iq.get(UNIQUE_NS, "unique", "host", () => el("unique", UNIQUE_NS, {}, randomId(16).toLowerCase()));
    const at = host.at(arriving);
    at.claim({ kind: "iq", to: "host" }, (x) => list(house, x));
    at.claim({ kind: "presence", to: "account" }, (x) => takePresence(house, x.stanza));
    at.claim({ kind: "presence", to: "resource" }, (x) => takePresence(house, x.stanza));
    at.claim({ kind: "message", to: "account" }, (x) => toRoom(house, x.stanza));
    at.claim({ kind: "message", to: "resource" }, (x) => claimed(whisper(house, x.stanza)));
    at.claim({ kind: "iq", to: "account" }, ({ stanza, session }) => answerRoom(house, stanza, session));
    at.claim({ kind: "iq", to: "resource" }, (x) => forward(house, x.stanza));
    offerOverride(house, host);
    host.every(LOOK, () => lookAfter(house));
    host.on(stopping, () => shutDown(house));
  },
});

function claimed(done: Maybe<void>): Claimed {
  return isPromise(done) ? done.then((): typeof CLAIMED => CLAIMED) : CLAIMED;
}

/** §6.3: the directory is read a page at a time, not as a whole. */
function list(house: House, { stanza }: Readonly<Arriving>): Claimed {
  const { payload } = stanza;
  if (stanza.type !== "get" || payload?.ns !== DISCO_ITEMS_NS || payload.name !== "query") return undefined;
  if ((payload.attr("node") ?? "") !== "") return undefined;
  house.send(resultOf(stanza, directory(house, payload)));
  return CLAIMED;
}

function toRoom(house: House, stanza: Stanza): Claimed {
  if (stanza.type === "groupchat") return claimed(speak(house, stanza));
  const room = house.find(stanza.to!.local);
  if (stanza.type === "error") {
    if (room !== undefined) {
      uninvitable(house, room, stanza);
      bounced(house, room, stanza);
    }
    return CLAIMED;
  }
  if (room === undefined) throw noRoom();
  const x = stanza.child("x", USER_NS);
  if (x?.has("invite") === true) return claimed(invite(house, room, stanza, x));
  const refused = x?.child("decline");
  if (refused !== undefined) {
    decline(house, room, stanza, refused);
    return CLAIMED;
  }
  const form = formOf(stanza.source, "submit");
  if (form === undefined) throw misplaced();
  voiceForm(house, room, stanza, form);
  return CLAIMED;
}
