/** The checks on a peer's stream header (RFC 6120 §4.7, §4.8). */
import { Jid } from "../jid/jid.ts";
import { StreamError, STREAMS_NS } from "../stream/error.ts";
import type { Element } from "../xml/element.ts";

export interface PreparedHeader {
  /** The domain asked for, prepared. */
  readonly to: string;
  /** "" where none was given. */
  readonly lang: string;
}

/** What a header says, or what is wrong with it. */
export function prepareHeader(
  header: Element,
  contentNs: string,
  expectedNs: string,
): PreparedHeader | StreamError {
  if (header.ns !== STREAMS_NS) {
    return new StreamError("invalid-namespace", `the stream's namespace is ${STREAMS_NS}`);
  }
  if (header.name !== "stream") return new StreamError("bad-format", "a stream begins with <stream/>");
  if (contentNs !== expectedNs) {
    return new StreamError("invalid-namespace", `the default namespace is ${expectedNs}`);
  }
  // RFC 6120 §4.7.5: a header without a version is from before XMPP, and could not log in here.
  const version = header.attr("version");
  if (version === undefined || !/^0*[1-9][0-9]*\.[0-9]+$/.test(version)) {
    return new StreamError("unsupported-version", "XMPP 1.0 is spoken here");
  }
  const asked = header.attr("to");
  if (asked === undefined) {
    return new StreamError("improper-addressing", "the header needs a 'to' with the domain");
  }
  const to = Jid.tryParse(asked);
  if (to === undefined || to.local !== "" || to.resource !== "") {
    return new StreamError("host-unknown", `'${asked.slice(0, 255)}' is not a domain`);
  }
  const lang = header.attr("xml:lang") ?? "";
  return { to: to.domain, lang: lang.length <= 35 ? lang : "" };
}
