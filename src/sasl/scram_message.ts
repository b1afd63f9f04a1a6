/**
 * The messages of SCRAM as text (RFC 5802 §7): the client's two are taken apart here, strictly by the
 * grammar.
 */

import { decodeBase64 } from "../base/bytes.ts";
import { failed, type Failure } from "./mechanism.ts";

/** The client-first-message. */
export interface ClientFirst {
  /** `n`: no channel binding; `y`: could, but the server did not offer it; `p`: bound by `binding`. */
  readonly flag: "n" | "y" | "p";
  readonly binding: string;
  readonly authzid: string;
  readonly username: string;
  readonly nonce: string;
  /** The gs2-header as it was sent, which the client must confirm. */
  readonly header: string;
  /** client-first-message-bare, a part of what is signed. */
  readonly bare: string;
}

/** The client-final-message. */
export interface ClientFinal {
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** client-final-message-without-proof, a part of what is signed. */
  readonly withoutProof: string;
}

const HEADER = /^(?:(n|y)|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,/;
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
const EXTENSION = /^[A-Za-z]=[^,\0]+$/;

const NOT_SUPPORTED = failed(
  "malformed-request",
  "extensions-not-supported: mandatory extensions are not known here",
);

/** Reads `n,,n=user,r=nonce`. */
export function readClientFirst(text: string): ClientFirst | Failure {
  const match = HEADER.exec(text);
  if (match === null) {
    return failed("malformed-request", "the message does not begin with a valid gs2-header");
  }
  const header = match[0];
  const bare = text.slice(header.length);
  const parts = bare.split(",");
  if (parts[0]?.startsWith("m=")) return NOT_SUPPORTED; // RFC 5802 §5.1, the attribute "m"
  const authzid = unescaped(match[3] ?? "");
  const username = parts[0]?.startsWith("n=") ? unescaped(parts[0].slice(2)) : undefined;
  const nonce = valueOf(parts[1], "r=");
  if (authzid === undefined || username === undefined || username === "") {
    return failed("malformed-request", 'a name is missing, or has a "=" that is not "=2C" or "=3D"');
  }
  if (nonce === undefined || !NONCE.test(nonce)) {
    return failed("malformed-request", "the nonce is missing or not printable");
  }
  const extra = extensionFault(parts, 2, parts.length);
  if (extra !== undefined) return extra;
  const flag = match[1] === "n" ? "n" : match[1] === "y" ? "y" : "p";
  return { flag, binding: match[2] ?? "", authzid, username, nonce, header, bare };
}

/** Reads `c=biws,r=nonce,p=proof`. */
export function readClientFinal(text: string): ClientFinal | Failure {
  const parts = text.split(",");
  const last = parts.length - 1;
  const bound = valueOf(parts[0], "c=");
  const nonce = valueOf(parts[1], "r=");
  const proved = last >= 2 ? valueOf(parts[last], "p=") : undefined;
  if (bound === undefined || nonce === undefined || proved === undefined) {
    return failed("malformed-request", "the final message must have c=, r= and, at its end, p=");
  }
  const extra = extensionFault(parts, 2, last);
  if (extra !== undefined) return extra;
  const binding = decodeBase64(bound);
  const proof = decodeBase64(proved);
  if (binding === undefined || proof === undefined) {
    return failed("incorrect-encoding", "invalid-encoding: the value of c= or p= is not base64");
  }
  return { binding, nonce, proof, withoutProof: text.slice(0, text.lastIndexOf(",")) };
}

function valueOf(part: string | undefined, key: string): string | undefined {
  return part !== undefined && part.length > key.length && part.startsWith(key)
    ? part.slice(key.length)
    : undefined;
}

// Optional extensions are ignored as RFC 5802 §5.1 says, a mandatory one is refused wherever it stands.
function extensionFault(parts: readonly string[], from: number, to: number): Failure | undefined {
  for (let i = from; i < to; i++) {
    const part = parts[i] ?? "";
    if (part.startsWith("m=")) return NOT_SUPPORTED;
    if (!EXTENSION.test(part)) return failed("malformed-request", "an extension is not of the form x=value");
  }
  return undefined;
}

// saslname: "=2C" is a comma, "=3D" an equals sign, and any other "=" is an error.
function unescaped(text: string): string | undefined {
  if (text.includes("\0")) return undefined;
  if (!text.includes("=")) return text;
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}
