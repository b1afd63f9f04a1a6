/**
 * What the reader throws: one error class that names the stream error the peer must be sent (RFC 6120 §4.9.3).
 * Whoever owns the stream sends `condition`, logs `message`, and closes; the reader never recovers.
 */

/** The stream error conditions that XML alone can cause. */
export type XmlCondition =
  | "bad-format"
  | "bad-namespace-prefix"
  | "invalid-xml"
  | "not-well-formed"
  | "policy-violation"
  | "restricted-xml"
  | "unsupported-encoding";

/** A violation of XML, of XMPP's subset of it, or of a limit of ours. */
export class XmlError extends Error {
  override readonly name = "XmlError";
  /** True when a size limit was passed, so that the owner can tell "too much" from "too deep" (XEP-0478). */
  readonly tooBig: boolean;

  constructor(readonly condition: XmlCondition, message: string, tooBig = false) {
    super(message);
    this.tooBig = tooBig;
  }
}
