/** The payload that only the device can read (tigase:push:encrypt:0): JSON, encrypted with AES-128 in GCM mode. */
import { decodeBase64, encodeBase64, encodeUtf8, utf8Length } from "#plugin";
import type { Notice } from "./notice.ts";
import type { Registration } from "./registrations.ts";

/** Bytes of an authentication tag. */
const TAG = 16;

/** The initialisation vector and the encrypted text with its tag, both in Base64. */
export async function encrypt(
  { key, longest }: NonNullable<Registration["encrypt"]>,
  notice: Notice,
): Promise<{ iv: string; data: string }> {
  const text = fit(payloadOf(notice), Math.floor(longest / 4) * 3 - TAG);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const raw = new Uint8Array(decodeBase64(key)!);
  const secret = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  const plain = new Uint8Array(encodeUtf8(text));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, tagLength: TAG * 8 }, secret, plain);
  return { iv: encodeBase64(iv), data: encodeBase64(new Uint8Array(data)) };
}

interface Payload {
  readonly unread: number;
  readonly sender: string;
  readonly type: string;
  readonly message?: string | undefined;
  readonly nickname?: string | undefined;
  readonly sid?: string | undefined;
  readonly media?: readonly string[] | undefined;
}

function payloadOf({ cause, messages }: Notice): Payload {
  const { type, sender, body, call } = cause;
  return {
    unread: messages,
    // Whoever is called must know which device calls.
    sender: (call === undefined ? sender.bare : sender).toString(),
    type,
    message: body,
    nickname: type === "groupchat" && sender.resource !== "" ? sender.resource : undefined,
    sid: call?.sid,
    media: call?.media,
  };
}

/** The JSON text in at most so many bytes, for which the message loses its end. */
function fit(payload: Payload, most: number): string {
  let { message } = payload;
  for (;;) {
    const text = JSON.stringify({ ...payload, message });
    const excess = utf8Length(text) - most;
    if (excess <= 0 || message === undefined) return text;
    // At most six bytes of JSON come of one character, and at least one: a few rounds get there.
    const left = message.length - Math.max(1, Math.ceil(excess / 6));
    message = left <= 0 ? undefined : message.slice(0, left).toWellFormed().replace(/\uFFFD$/, "");
  }
}
