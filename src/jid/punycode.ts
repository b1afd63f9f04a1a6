/**
 * Punycode (RFC 3492): a label of any script in the letters, digits and hyphen of the DNS, and back.
 */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
const FIRST_CODE = 128;

/** The punycode of a label, without `xn--`. */
export function encodePunycode(label: string): string {
  const codes = Array.from(label, (char) => char.codePointAt(0) ?? 0);
  let out = "";
  for (const code of codes) if (code < FIRST_CODE) out += String.fromCharCode(code);
  const basic = out.length;
  if (basic > 0) out += "-";
  let next = FIRST_CODE;
  let delta = 0;
  let bias = FIRST_BIAS;
  let done = basic;
  while (done < codes.length) {
    let least = Infinity;
    for (const code of codes) if (code >= next && code < least) least = code;
    delta += (least - next) * (done + 1);
    next = least;
    for (const code of codes) {
      if (code < next) delta++;
      if (code !== next) continue;
      out += encodedDelta(delta, bias);
      bias = adapted(delta, done + 1, done === basic);
      delta = 0;
      done++;
    }
    delta++;
    next++;
  }
  return out;
}

/** The label that punycode (without `xn--`) stands for, or undefined when it is malformed. */
export function decodePunycode(text: string): string | undefined {
  const cut = text.lastIndexOf("-");
  const codes: number[] = [];
  for (let i = 0; i < cut; i++) {
    const code = text.charCodeAt(i);
    if (code >= FIRST_CODE) return undefined;
    codes.push(code);
  }
  let next = FIRST_CODE;
  let place = 0;
  let bias = FIRST_BIAS;
  let at = cut < 0 ? 0 : cut + 1;
  while (at < text.length) {
    const before = place;
    for (let weight = 1, k = BASE;; k += BASE) {
      const digit = digitOf(text.charCodeAt(at++));
      if (digit < 0) return undefined;
      place += digit * weight;
      if (place > 0x7fffffff) return undefined;
      const limit = threshold(k, bias);
      if (digit < limit) break;
      weight *= BASE - limit;
    }
    const count = codes.length + 1;
    bias = adapted(place - before, count, before === 0);
    next += Math.floor(place / count);
    place %= count;
    if (next > 0x10ffff || next >= 0xd800 && next <= 0xdfff) return undefined;
    codes.splice(place++, 0, next);
  }
  return String.fromCodePoint(...codes);
}

function encodedDelta(delta: number, bias: number): string {
  let out = "";
  let rest = delta;
  for (let k = BASE;; k += BASE) {
    const limit = threshold(k, bias);
    if (rest < limit) return out + digitText(rest);
    out += digitText(limit + (rest - limit) % (BASE - limit));
    rest = Math.floor((rest - limit) / (BASE - limit));
  }
}

function threshold(k: number, bias: number): number {
  return Math.max(T_MIN, Math.min(T_MAX, k - bias));
}

function adapted(delta: number, count: number, first: boolean): number {
  let rest = first ? Math.floor(delta / DAMP) : delta >> 1;
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor((BASE - T_MIN + 1) * rest / (rest + SKEW));
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 22;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 : -1;
}

function digitText(digit: number): string {
  return String.fromCharCode(digit < 26 ? digit + 0x61 : digit + 22);
}
