/** The checks on a stream header between servers (RFC 6120 §4.7, §4.8). */
import { Jid } from "../jid/jid.ts";
import { StreamError, STREAMS_NS } from "../stream/error.ts";
import type { Element } from "../xml/element.ts";

export const SERVER_NS = "jabber:server";

export interface ServerHeader {
  /** The domains that it names; "" where it names none. */
  readonly from: string;
  readonly to: string;
  /** False for a peer from before XMPP 1.0, which has neither features nor TLS (RFC 6120 §4.7.5). */
  readonly versioned: boolean;
}

/** What a server's header says, or what is wrong with it. */
export function readServerHeader(header: Element, contentNs: string): ServerHeader | StreamError {
  if (header.ns !== STREAMS_NS) {
    return new StreamError("invalid-namespace", `the stream's namespace is ${STREAMS_NS}`);
  }
  if (header.name !== "stream") return new StreamError("bad-format", "a stream begins with <stream/>");
  if (contentNs !== SERVER_NS) {
    return new StreamError("invalid-namespace", `the default namespace is ${SERVER_NS}`);
  }
  const version = header.attr("version");
  const versioned = version !== undefined && /^0*[1-9][0-9]*\.[0-9]+$/.test(version);
  if (!versioned && version !== undefined && !/^0+\.[0-9]+$/.test(version)) {
    return new StreamError("unsupported-version", `"${version.slice(0, 50)}" is no version`);
  }
  const from = domainIn(header, "from");
  const to = domainIn(header, "to");
  if (from instanceof StreamError) return from;
  return to instanceof StreamError ? to : { from, to, versioned };
}

function domainIn(header: Element, which: "from" | "to"): string | StreamError {
  const text = header.attr(which);
  if (text === undefined) return "";
  const jid = Jid.tryParse(text);
  if (jid !== undefined && jid.local === "" && jid.resource === "") return jid.domain;
  const why = `'${text.slice(0, 255)}' is not a domain`;
  return new StreamError(which === "to" ? "host-unknown" : "invalid-from", why);
}
