/** Asking for voice, and granting it with the form that moderators get (XEP-0045 §7.13, §8.6). */
import {
  CONTENT_NS,
  defineSlot,
  el,
  fieldOf,
  type Form,
  formShape,
  formTypeOf,
  randomId,
  Stanza,
  StanzaError,
  valueOf,
} from "#plugin";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { refusal } from "./entry.ts";
import { applyRoles, planRole } from "./roles.ts";
import type { House } from "./house.ts";
import { REQUEST_NS } from "./names.ts";
import { VOICE_REQUESTS } from "./standard_fields.ts";

const asked = defineSlot<number>("muc.voice");
/** How long who has asked has to wait before asking again. */
const PAUSE = 60_000;

const APPROVAL = formShape(REQUEST_NS, {
  "muc#role": { kind: "text", label: "Requested role" },
  "muc#jid": { kind: "jid", label: "Address" },
  "muc#roomnick": { kind: "text", label: "Nickname" },
  "muc#request_allow": { kind: "boolean", label: "Grant voice to this person?" },
});

/** A message with a form about voice: a request, or the answer of a moderator. */
export function voiceForm(house: House, room: Chatroom, stanza: Stanza, form: Form): void {
  const attendee = room.occupantOf(stanza.from!);
  if (attendee === undefined) throw refusal(room.jid, "not-acceptable", "you are not in this room", "cancel");
  if (formTypeOf(form) !== REQUEST_NS) throw new StanzaError("bad-request", `the FORM_TYPE is ${REQUEST_NS}`);
  if (fieldOf(form, "muc#request_allow") === undefined) request(house, room, attendee, form);
  else answer(house, room, attendee, form);
}

function request(house: House, room: Chatroom, attendee: Attendee, form: Form): void {
  const role = valueOf(form, "muc#role");
  if (role !== "participant") {
    throw refusal(room.jid, "bad-request", "only voice (participant) can be asked for");
  }
  if (attendee.role !== "visitor") return;
  if (!room.value(VOICE_REQUESTS)) {
    throw refusal(room.jid, "forbidden", "this room takes no requests for voice");
  }
  const now = house.clock.monotonic();
  if (now - (attendee.get(asked) ?? -Infinity) < PAUSE) {
    throw refusal(room.jid, "policy-violation", "you have asked already: wait a minute", "wait");
  }
  attendee.set(asked, now);
  const x = APPROVAL.form({
    "muc#role": role,
    "muc#jid": attendee.address,
    "muc#roomnick": attendee.nick,
    "muc#request_allow": false,
  }, {
    title: "Request for voice",
    instructions: ["To approve this request for voice, say yes to the last field and submit the form."],
  });
  const message = Stanza.of(el("message", CONTENT_NS, { id: randomId() }, [x]).with({}), room.jid);
  for (const other of room.people.values()) {
    if (other.role !== "moderator") continue;
    for (const { jid } of other.seats) house.send(message.addressed(jid));
  }
}

function answer(house: House, room: Chatroom, moderator: Attendee, form: Form): void {
  if (moderator.role !== "moderator") throw refusal(room.jid, "forbidden", "only moderators can grant voice");
  const read = APPROVAL.read(form);
  if ("problems" in read) {
    throw new StanzaError(
      "bad-request",
      read.problems.map(({ text }) => text).join("; "),
    );
  }
  if (read.values["muc#request_allow"] !== true) return;
  // §8.6: somebody else may have the nickname by now; who has asked may have another one.
  const jid = read.values["muc#jid"] ?? undefined;
  const attendee = jid === undefined
    ? room.people.get(read.values["muc#roomnick"] ?? "")
    : room.occupantOf(jid) ?? room.occupantsOf(jid)[0];
  // Who has gone, or was given voice by somebody else, needs none.
  if (attendee?.role !== "visitor") return;
  const change = planRole(room, moderator.address, {
    nick: attendee.nick,
    role: "participant",
    reason: undefined,
  });
  applyRoles(house, room, [change], { by: moderator.address, actor: undefined });
}
