/**
 * SASLprep (RFC 4013): one form for a password that keyboards and systems spell differently. Chosen over
 * OpaqueString of RFC 8265 because SCRAM clients derive their keys from the SASLprep form. Code points that
 * Unicode 3.2 did not know are let through (RFC 3454 §7, as in a query), so that newer letters and emoji
 * work.
 */

// RFC 3454 tables C.1.2 (mapped to a space) and B.1 (mapped to nothing).
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/g;
// Tables C.2 to C.9: controls, private use, noncharacters, surrogates, what is not plain text, tags.
const PROHIBITED = new RegExp(
  "[\\p{Cc}\\p{Co}\\p{Cs}\\p{Noncharacter_Code_Point}\\u06dd\\u070f\\u180e\\u2028\\u2029\\u2061-\\u2063\\u206a-\\u206f" +
    "\\ufff9-\\ufffd\\u2ff0-\\u2ffb\\u0340\\u0341\\u200e\\u200f\\u202a-\\u202e\\u{1d173}-\\u{1d17a}\\u{e0001}" +
    "\\u{e0020}-\\u{e007f}]",
  "u",
);
const RIGHT_TO_LEFT =
  "\\u05be\\u05c0\\u05c3\\u05d0-\\u05f4\\u061b-\\u064a\\u066d-\\u066f\\u0671-\\u06d5\\u06e5\\u06e6" +
  "\\u06fa-\\u0710\\u0712-\\u072f\\u074d-\\u07b1\\u07c0-\\u08ff\\u200f\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}" +
  "\\u{1e800}-\\u{1efff}";
const RANDAL = new RegExp(`(?!\\p{M})[${RIGHT_TO_LEFT}]`, "u");
const RANDAL_AROUND = new RegExp(`^(?:[${RIGHT_TO_LEFT}]|[${RIGHT_TO_LEFT}].*[${RIGHT_TO_LEFT}])$`, "su");
const LEFT_TO_RIGHT = new RegExp(`(?![${RIGHT_TO_LEFT}])\\p{L}`, "u");

/**
 * The SASLprep form of a text, or undefined when it has a character that may not be there or mixes
 * directions.
 */
export function saslprep(text: string): string | undefined {
  if (isPlain(text)) return text;
  const mapped = text.replace(SPACES, " ").replace(NOTHING, "").normalize("NFKC");
  if (PROHIBITED.test(mapped)) return undefined;
  // RFC 3454 §6: right-to-left letters stand at both ends and no left-to-right letter among them.
  if (RANDAL.test(mapped) && (LEFT_TO_RIGHT.test(mapped) || !RANDAL_AROUND.test(mapped))) return undefined;
  return mapped;
}

// Printable ASCII is its own SASLprep form.
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
