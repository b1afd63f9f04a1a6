/** What a client asks a place for: XEP-0363 §4 and §5, and the older namespace with elements instead of attributes. */
import { type Element, parseDateTime, StanzaError } from "#plugin";
import { type Purpose, PURPOSES } from "./options.ts";

export const NS = "urn:xmpp:http:upload:0";
export const OLD_NS = "urn:xmpp:http:upload";
export const PURPOSE_NS = "urn:xmpp:http:upload:purpose:0";

export interface SlotRequest {
  readonly name: string;
  readonly size: number;
  /** As the client writes it, for that is how it will send it; "" where it does not say. */
  readonly type: string;
  readonly purpose: Purpose;
  /** The file must not be there from then on, in ms; Infinity where that is all the same. */
  readonly until: number;
}

/** Throws the StanzaError that is to be answered. */
export function readSlotRequest(payload: Element): SlotRequest {
  const said = (name: string): string | undefined =>
    payload.ns === NS ? payload.attr(name) : payload.childText(name);
  const name = said("filename") ?? "";
  const size = said("size")?.trim() ?? "";
  const type = (said("content-type") ?? "").trim();
  if (name === "" || name.length > 255 || /[/\\\p{Cc}]/u.test(name) || name === "." || name === "..") {
    throw new StanzaError("bad-request", "the name of the file is missing, too long, or no name");
  }
  if (!/^[0-9]{1,15}$/.test(size) || Number(size) === 0) {
    throw new StanzaError("bad-request", "the size of the file is missing or no number of bytes");
  }
  if (type !== "" && !/^[\w.+-]{1,100}\/[\w.+-]{1,100}( *;[ \w.+=-]{1,100})?$/.test(type)) {
    throw new StanzaError("bad-request", "the type of the file is none");
  }
  const wish = payload.elementsOf(PURPOSE_NS)[0];
  const purpose = PURPOSES.find((it) => it === (wish?.name ?? "message"));
  if (purpose === undefined) throw new StanzaError("bad-request", "that purpose is not known here");
  let until = Infinity;
  if (wish !== undefined && purpose === "ephemeral") {
    const before = parseDateTime(wish.attr("expire-before") ?? "");
    if (before === undefined) throw new StanzaError("bad-request", "expire-before is missing or no time");
    until = before;
  }
  return { name, size: Number(size), type, purpose, until };
}
