/**
 * The types of options beyond zod's own: durations, sizes, rates, secrets, JIDs, addresses, networks, paths.
 * Each reads the text a person writes and yields the value a program wants; each says what it expects,
 * so that errors, the reference, the example and the JSON Schema come from one place.
 *
 * Give defaults in the spelling of the file: `duration().prefault("90 days").describe("…")`.
 */
import * as z from "zod";
import { type Address, isCidr, parseAddress, parseNameServer } from "./address.ts";
import { DURATION_PATTERN, parseDuration } from "./duration.ts";
import { Secret } from "./secret.ts";
import { parseSize, SIZE_PATTERN } from "./size.ts";

export { z };

/** What kind of text an option wants; kept in the schema's metadata under `unit`. */
export type Unit =
  | "duration"
  | "size"
  | "rate"
  | "byte-rate"
  | "secret"
  | "jid"
  | "address"
  | "name-server"
  | "cidr"
  | "web-address"
  | "path"
  | "domain";

/** Words that stand for a value, such as `{ forever: Infinity }`. */
export type Words = Readonly<Record<string, number>>;

type Read<T> = z.ZodType<T, string>;

function reading<T>(
  unit: Unit,
  expects: string,
  parse: (text: string) => T | undefined,
  extra: object = {},
): Read<T> {
  return z.string({ error: () => `expected ${expects}` }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `expected ${expects}`, input: text });
    return z.NEVER;
  }).meta({ unit, expects, ...extra });
}

function worded(pattern: string, words: Words): string {
  const names = Object.keys(words);
  return names.length === 0 ? pattern : `^(${names.join("|")})$|${pattern}`;
}

function orWords(expects: string, words: Words): string {
  return [expects, ...Object.keys(words).map((word) => `"${word}"`)].join(" or ");
}

/** Milliseconds from "90 days", "5 min", "1h30m". */
export function duration(words: Words = {}): Read<number> {
  const expects = orWords('a duration such as "90 days" or "5 min"', words);
  return reading("duration", expects, (text) => words[text] ?? parseDuration(text), {
    pattern: worded(DURATION_PATTERN, words),
    words,
  });
}

/** Bytes from "10 MiB", "512 KB". */
export function size(words: Words = {}): Read<number> {
  const expects = orWords('a size such as "10 MiB" or "512 KB"', words);
  return reading("size", expects, (text) => words[text] ?? parseSize(text), {
    pattern: worded(SIZE_PATTERN, words),
    words,
  });
}

/** Events a second; 0 or "off" is no limit and reads as 0. */
export function rate(): z.ZodType<number, number | string> {
  const expects = 'a number a second, or "off"';
  return z.union([z.number().min(0), z.literal("off")], { error: () => `expected ${expects}` })
    .transform((value) => value === "off" ? 0 : value).meta({ unit: "rate", expects });
}

/** Bytes a second from "128 KiB"; 0 or "off" is no limit and reads as 0. */
export function byteRate(): z.ZodType<number, number | string> {
  const expects = 'a size a second such as "128 KiB", or "off"';
  return z.union([z.literal(0), z.string()], { error: () => `expected ${expects}` })
    .transform((value, context): number => {
      const bytes = value === 0 || value === "off" ? 0 : parseSize(value.replace(/\s*\/\s*s$/, ""));
      if (bytes !== undefined) return bytes;
      context.addIssue({ code: "custom", message: `expected ${expects}`, input: value });
      return z.NEVER;
    }).meta({ unit: "byte-rate", expects });
}

/** A password, token or key. Every secret option also exists as `…_file`, the path of a file that holds it. */
export function secret(): Read<Secret> {
  return reading(
    "secret",
    "a secret that is not empty",
    (text) => text === "" ? undefined : new Secret(text),
  );
}

/** A domain name or address literal, lower case. Whether it is a valid JID domain is decided where hosts are made. */
export function domain(): Read<string> {
  return reading("domain", 'a domain such as "example.org"', parseDomain);
}

/** A bare JID such as "alice@example.org", in form only: preparing it needs a higher floor. */
export function jid(): Read<string> {
  return reading("jid", 'an address such as "alice@example.org", without a resource', parseJid);
}

/** Where to listen: "[::]:5222", "127.0.0.1:5222", "localhost:5222". */
export function address(): Read<Address> {
  const expects = 'an address and a port such as "[::]:5222" or "127.0.0.1:5222"';
  return reading("address", expects, parseAddress);
}

/** Whom to ask for names: "192.0.2.53", "::1", "127.0.0.1:5353". */
export function nameServer(): Read<Address> {
  const expects = 'an IP address, with a port unless it is 53, such as "192.0.2.53" or "[::1]:5353"';
  return reading("name-server", expects, parseNameServer);
}

/** A network of peers: "10.0.0.0/8", "::1". */
export function cidr(): Read<string> {
  return reading("cidr", 'an address or network such as "127.0.0.1" or "10.0.0.0/8"', (text) => {
    return isCidr(text) ? text.toLowerCase() : undefined;
  });
}

/** An address that links are made of, without the slash at its end. */
export function webAddress(): Read<string> {
  const expects = 'an address such as "https://chat.example.org" or "https://example.org/xmpp"';
  return reading("web-address", expects, (text) => {
    return /^https?:\/\/[^/?#\s]+(\/[A-Za-z0-9._~-]+)*\/?$/.test(text) ? text.replace(/\/$/, "") : undefined;
  });
}

/** A path. Relative ones are taken from the folder of the file that says them. */
export function path(): Read<string> {
  return reading("path", "a path", (text) => text === "" || text.includes("\0") ? undefined : text);
}

/** A text that is not empty. */
export function text(): z.ZodString {
  return z.string().min(1, { error: "expected a text that is not empty" });
}

function parseDomain(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, "");
  return name.length > 0 && name.length <= 1023 && !/[\s@/"'<>&\0]/.test(name) ? name : undefined;
}

function parseJid(text: string): string | undefined {
  const at = text.indexOf("@");
  if (at < 1 || at > 1023) return undefined;
  const local = text.slice(0, at);
  const rest = parseDomain(text.slice(at + 1));
  return rest === undefined || /[\s"&'/:<>\0]/.test(local) ? undefined : `${local}@${rest}`;
}
