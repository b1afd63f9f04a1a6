/** What a client asks for when it enables push (XEP-0357 §5), with the additions that clients on iOS use. */
import {
  decodeBase64,
  type Element,
  formOf,
  FORMS_NS,
  formTypeOf,
  Jid,
  StanzaError,
  utf8Length,
} from "#plugin";
import type { Registration, RoomRule } from "./registrations.ts";

export const PUSH_NS = "urn:xmpp:push:0";
export const ENCRYPT_NS = "tigase:push:encrypt:0";
export const JINGLE_NS = "tigase:push:jingle:0";
export const PRIORITY_NS = "tigase:push:priority:0";
export const GROUPCHAT_NS = "tigase:push:filter:groupchat:0";
export const MUTED_NS = "tigase:push:filter:muted:0";
export const UNKNOWN_NS = "tigase:push:filter:ignore-unknown:0";
export const OPTIONS_FORM = "http://jabber.org/protocol/pubsub#publish-options";

/** Bytes of a node, and of everything else that a client may have kept with it. */
const LONGEST_NODE = 1024;
const LONGEST = 16_384;
/** Senders and rooms in the filters. */
const MOST = 500;
/** Bytes that push services of Apple and Google carry, with room for what is around them. */
const USUAL_SIZE = 3000;

/** Reads `<enable/>`. Throws the StanzaError that answers it. */
export function readEnable(
  enable: Element,
  device: Pick<Registration, "resource" | "agent">,
  since: number,
): Registration {
  const { jid, node } = readTarget(enable);
  if (utf8Length(enable.toString()) > LONGEST) {
    throw new StanzaError("resource-constraint", "that is too much");
  }
  return {
    jid,
    node,
    ...device,
    since,
    options: readOptions(enable),
    encrypt: readKey(enable.child("encrypt", ENCRYPT_NS)),
    priority: enable.has("priority", PRIORITY_NS) ? true : undefined,
    jingle: enable.has("jingle", JINGLE_NS) ? true : undefined,
    knownOnly: enable.has("ignore-unknown", UNKNOWN_NS) ? true : undefined,
    muted: readMuted(enable.child("muted", MUTED_NS)),
    rooms: readRooms(enable.child("groupchat", GROUPCHAT_NS)),
  };
}

/** The service and node that `<enable/>` and `<disable/>` name. */
export function readTarget(element: Element): { jid: string; node: string | undefined } {
  const jid = Jid.tryParse(element.attr("jid") ?? "");
  if (jid === undefined) throw bad("'jid' must be the address of a push service");
  const node = element.attr("node");
  if (node !== undefined && utf8Length(node) > LONGEST_NODE) throw bad("'node' is too long");
  return { jid: jid.toString(), node };
}

function readOptions(enable: Element): Registration["options"] {
  if (!enable.has("x", FORMS_NS)) return undefined;
  const form = formOf(enable, "submit");
  if (form === undefined) throw bad("publish options are a submitted form");
  const type = formTypeOf(form);
  if (type !== undefined && type !== OPTIONS_FORM) throw bad(`the form is of type ${OPTIONS_FORM}`);
  return form.fields.flatMap((field) =>
    field.var === undefined || field.var === "FORM_TYPE"
      ? []
      : [{ name: field.var, values: [...field.values] }]
  );
}

function readKey(encrypt: Element | undefined): Registration["encrypt"] {
  if (encrypt === undefined) return undefined;
  if (encrypt.attr("alg") !== "aes-128-gcm") {
    throw new StanzaError("feature-not-implemented", "payloads are encrypted with aes-128-gcm", {
      type: "modify",
    });
  }
  const key = encrypt.text.replace(/\s/g, "");
  if (decodeBase64(key)?.length !== 16) throw bad("the key is 16 bytes in Base64");
  const size = Number(encrypt.attr("max-size") ?? USUAL_SIZE);
  if (!Number.isInteger(size) || size < 0) throw bad("'max-size' is a number of bytes");
  return { key, longest: Math.min(size, LONGEST) };
}

function readMuted(muted: Element | undefined): Registration["muted"] {
  return muted && most(muted).map((item) => addressOf(item));
}

function readRooms(groupchat: Element | undefined): Registration["rooms"] {
  if (groupchat === undefined) return undefined;
  const rooms: Record<string, RoomRule> = {};
  for (const room of most(groupchat)) {
    const allow = room.attr("allow");
    if (allow !== "always" && allow !== "mentioned" && allow !== "never") {
      throw bad("'allow' is one of always, mentioned and never");
    }
    rooms[addressOf(room)] = { allow, nick: room.attr("nick") };
  }
  return rooms;
}

function most(list: Element): Element[] {
  const items = list.elements();
  if (items.length > MOST) throw new StanzaError("resource-constraint", `a filter has up to ${MOST} entries`);
  return items;
}

function addressOf(item: Element): string {
  const jid = Jid.tryParse(item.attr("jid") ?? "");
  if (jid === undefined) throw bad(`<${item.name}/> needs an address in 'jid'`);
  return jid.bare.toString();
}

function bad(text: string): StanzaError {
  return new StanzaError("bad-request", text);
}
