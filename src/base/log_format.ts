/**
 * How a record becomes a line. Both formats are pure functions: what a peer sent (a resource, a reason, an error's
 * text) can neither end the line nor move the reader's terminal, and secrets are replaced before they are looked at.
 */

/** How much a record matters, least first. */
export type Level = "debug" | "info" | "warn" | "error";

/** What a record says beside its message. Undefined values are left out. */
export type Fields = Readonly<Record<string, unknown>>;

/** Names of fields whose values are never printed, as whole words of the name in any spelling: `apiKey`, `client_secret`. */
const SECRET =
  /(?:^|[_.-])(?:pass(?:word|wd|phrase)?|secrets?|tokens?|keys?|credentials?|cookie|authorization|nonce|salt)(?:$|[_.-])/;
const REDACTED = "[redacted]";
/** A value of a text line that can stand without quotes. */
const PLAIN = /^[^\s"'=\\\p{C}]+$/u;
/** What would break a line or steer a terminal: control, format and separator characters, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const HAS_UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
/** How far nested values are followed. */
const DEEPEST = 4;

const NAME: Readonly<Record<Level, string>> = {
  debug: "debug",
  info: "info ",
  warn: "warn ",
  error: "error",
};

/** `2026-11-25 15:24:43.123 info  c2s: message key=value key="two words"`. */
export function formatText(
  at: number,
  level: Level,
  subsystem: string,
  message: string,
  fields?: Fields,
): string {
  const time = stamp(at);
  let line = subsystem === ""
    ? `${time} ${NAME[level]} ${escape(message)}`
    : `${time} ${NAME[level]} ${escape(subsystem)}: ${escape(message)}`;
  if (fields !== undefined) {
    for (const name in fields) {
      const value = fields[name];
      if (value !== undefined) line += ` ${escape(name)}=${textValue(name, value)}`;
    }
  }
  return line;
}

/** One JSON object: `time`, `level`, `subsystem`, `message`, then the fields; a field of one of these names gets a `_`. */
export function formatJson(
  at: number,
  level: Level,
  subsystem: string,
  message: string,
  fields?: Fields,
): string {
  const record: Record<string, unknown> = { time: new Date(at).toISOString(), level };
  if (subsystem !== "") record["subsystem"] = subsystem;
  record["message"] = message;
  if (fields !== undefined) {
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      record[Object.hasOwn(record, name) || name === "subsystem" ? `${name}_` : name] = plain(name, value, 0);
    }
  }
  return JSON.stringify(record);
}

/** Whether the value of a field of this name must not be printed. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase());
}

function stamp(at: number): string {
  const iso = new Date(at).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
}

function textValue(name: string, value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") {
    return isSecretName(name) ? REDACTED : String(value);
  }
  const safe = plain(name, value, 0);
  const text = typeof safe === "string" ? safe : JSON.stringify(safe) ?? String(safe);
  if (text === REDACTED || PLAIN.test(text)) return text;
  return `"${escape(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'))}"`;
}

/** The value as JSON can hold it: errors as their text, bytes as their number, secrets at any depth replaced. */
function plain(name: string, value: unknown, depth: number): unknown {
  if (isSecretName(name)) return REDACTED;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return errorText(value, depth);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (typeof value !== "object" || depth >= DEEPEST) return String(value);
  if (value instanceof Map) return plain(name, Object.fromEntries(value), depth + 1);
  if (value instanceof Set) return plain(name, [...value], depth + 1);
  if (Array.isArray(value)) return value.map((item) => plain("", item, depth + 1));
  // Things with a text of their own (an address, a stanza) are shown as it.
  if (value.toString !== Object.prototype.toString) return String(value);
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (part !== undefined) copy[key] = plain(key, part, depth + 1);
  }
  return copy;
}

/** The stack, which has name, message and place; with the causes behind it. */
function errorText(error: Error, depth: number): string {
  const text = error.stack ?? `${error.name}: ${error.message}`;
  if (error.cause === undefined || depth >= DEEPEST) return text;
  const cause = error.cause instanceof Error ? errorText(error.cause, depth + 1) : String(error.cause);
  return `${text}\ncaused by ${cause}`;
}

function escape(text: string): string {
  return HAS_UNSAFE.test(text) ? text.replace(UNSAFE, escapeOne) : text;
}

function escapeOne(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
