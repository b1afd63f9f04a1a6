/**
 * Text on its way onto the wire: escaped as little as is correct, never a character that XML 1.0 §2.2 forbids.
 *
 * A forbidden character (control, lone surrogate, U+FFFE, U+FFFF) is replaced by U+FFFD rather than dropped: the
 * reader of the text sees that something stood there, and two different strings do not silently become one.
 */

// Regular expressions, because most strings here were cut out of a chunk: reading those character by character costs
// three times as much. A surrogate is only suspect; `rewrite` looks whether it has its other half. ">" is special in
// text because of "]]>"; a tab or line end in a value would be read as a space (XML 1.0 §3.3.3).
// deno-lint-ignore no-control-regex
const TEXT = /[\x00-\x08\x0b-\x1f&<>\ud800-\udfff\ufffe\uffff]/;
// deno-lint-ignore no-control-regex
const VALUE = /[\x00-\x1f&<"\ud800-\udfff\ufffe\uffff]/;

/** Character data between tags. */
export function escapeText(text: string): string {
  return TEXT.test(text) ? rewrite(text, false) : text;
}

/** An attribute value that will stand between double quotes. */
export function escapeAttr(value: string): string {
  return VALUE.test(value) ? rewrite(value, true) : value;
}

function rewrite(text: string, value: boolean): string {
  let out = "";
  let done = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 62 && c < 0xd800) continue;
    const instead = c <= 62 ? reference(c, value) : isForbiddenAt(text, i, c) ? "\ufffd" : undefined;
    if (instead === undefined) continue;
    out += text.slice(done, i) + instead;
    done = i + 1;
  }
  return done === 0 ? text : out + text.slice(done);
}

function isForbiddenAt(text: string, at: number, c: number): boolean {
  if (c >= 0xfffe) return true;
  if (c > 0xdfff) return false;
  if (c < 0xdc00) return !isLow(text.charCodeAt(at + 1));
  return at === 0 || !isHigh(text.charCodeAt(at - 1));
}

function isHigh(c: number): boolean {
  return c >= 0xd800 && c < 0xdc00;
}

function isLow(c: number): boolean {
  return c >= 0xdc00 && c < 0xe000;
}

/** What stands for a character up to ">"; undefined when it may stand for itself. */
function reference(c: number, value: boolean): string | undefined {
  switch (c) {
    case 38:
      return "&amp;";
    case 60:
      return "&lt;";
    case 62:
      return value ? undefined : "&gt;";
    case 34:
      return value ? "&quot;" : undefined;
    case 9:
      return value ? "&#x9;" : undefined;
    case 10:
      return value ? "&#xA;" : undefined;
    case 13:
      return "&#xD;";
    default:
      return c < 32 ? "\ufffd" : undefined;
  }
}
