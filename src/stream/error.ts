/** Stream errors (RFC 6120 §4.9): what ends a stream, and how it is said on the wire. */
import { el, type Element } from "../xml/element.ts";

export const STREAMS_NS = "http://etherx.jabber.org/streams";
export const STREAM_ERRORS_NS = "urn:ietf:params:xml:ns:xmpp-streams";

/** The conditions of RFC 6120 §4.9.3. */
export type StreamCondition =
  | "bad-format"
  | "bad-namespace-prefix"
  | "conflict"
  | "connection-timeout"
  | "host-gone"
  | "host-unknown"
  | "improper-addressing"
  | "internal-server-error"
  | "invalid-from"
  | "invalid-namespace"
  | "invalid-xml"
  | "not-authorized"
  | "not-well-formed"
  | "policy-violation"
  | "remote-connection-failed"
  | "reset"
  | "resource-constraint"
  | "restricted-xml"
  | "see-other-host"
  | "system-shutdown"
  | "undefined-condition"
  | "unsupported-encoding"
  | "unsupported-feature"
  | "unsupported-stanza-type"
  | "unsupported-version";

/** Why a stream ends, other than by its closing tag. */
export class StreamError extends Error {
  override readonly name = "StreamError";

  constructor(
    readonly condition: StreamCondition,
    readonly text?: string,
    /** An application-specific condition (RFC 6120 §4.9.4), or the content of `see-other-host`. */
    readonly extra?: Element | string,
  ) {
    super(text ?? condition);
  }

  toElement(): Element {
    const content = typeof this.extra === "string" ? this.extra : undefined;
    return el("error", STREAMS_NS, {}, [
      el(this.condition, STREAM_ERRORS_NS, {}, content),
      this.text === undefined ? undefined : el("text", STREAM_ERRORS_NS, { "xml:lang": "en" }, this.text),
      typeof this.extra === "object" ? this.extra : undefined,
    ]);
  }
}
