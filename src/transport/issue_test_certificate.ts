/**
 * Certificates for tests, made of bytes: authorities, servers' and clients', with everything in them that a test wants,
 * right or wrong.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodeBase64 } from "../base/bytes.ts";
import { bitString, der, explicit, integer, oid, sequence, text, time, TRUE } from "./der_writer.ts";

const DAY = 86_400_000;
const COMMON_NAME = "2.5.4.3";
const XMPP_ADDR = "1.3.6.1.5.5.7.8.5";
const SRV_NAME = "1.3.6.1.5.5.7.8.7";
const SIGNATURES = {
  "ec-sha1": ["1.2.840.10045.4.1", "sha1"],
  "ec-sha256": ["1.2.840.10045.4.3.2", "sha256"],
  "ec-sha384": ["1.2.840.10045.4.3.3", "sha384"],
  "rsa-sha1": ["1.2.840.113549.1.1.5", "sha1"],
  "rsa-sha256": ["1.2.840.113549.1.1.11", "sha256"],
} as const;
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
export const EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";

export interface Issued {
  readonly name: string;
  readonly der: Uint8Array;
  readonly cert: string;
  readonly key: string;
}

/** What is to be in a certificate. */
export interface Wanted {
  readonly name?: string;
  /** Names of its subjectAltName. */
  readonly dns?: readonly string[];
  readonly srv?: readonly string[];
  /** The xmppAddr. */
  readonly addresses?: readonly string[];
  /** Who signs it; itself when left out. */
  readonly by?: Issued;
  readonly ca?: boolean;
  /** For an authority: how many may follow. */
  readonly pathLength?: number;
  /** The bits of its keyUsage: 0x80 signs data, 0x04 signs certificates. */
  readonly usage?: number;
  /** Extended key usages. */
  readonly uses?: readonly string[];
  /** dNSName constraints. */
  readonly permitted?: readonly string[];
  readonly excluded?: readonly string[];
  /** Identifiers of further critical extensions without meaning. */
  readonly critical?: readonly string[];
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly until?: number;
  readonly version?: 1 | 3;
  readonly rsaBits?: number;
  /** What its issuer signs with; fits the issuer's key by default. */
  readonly signature?: keyof typeof SIGNATURES;
  /** A key that exists already, as PEM. */
  readonly key?: string;
}

export function issue(wanted: Wanted = {}): Issued {
  const { name = "a client", by, version = 3 } = wanted;
  const { from = Date.now() - DAY, until = Date.now() + DAY } = wanted;
  const own = wanted.key === undefined ? generate(wanted.rsaBits) : createPrivateKey(wanted.key);
  const signer = by === undefined ? own : createPrivateKey(by.key);
  const kind = signer.asymmetricKeyType === "rsa" ? "rsa" : "ec";
  const [id, hash] = SIGNATURES[wanted.signature ?? `${kind}-sha256`];
  const algorithm = kind === "rsa" ? sequence(oid(id), der(0x05)) : sequence(oid(id));
  const body = sequence(
    ...version === 3 ? [explicit(0, integer(Uint8Array.of(2)))] : [],
    integer(
      crypto.getRandomValues(new Uint8Array(8)).map((byte, i) => i === 0 ? (byte & 0x3f) | 0x40 : byte),
    ),
    algorithm,
    nameOf(by?.name ?? name),
    sequence(time(from), time(until)),
    nameOf(name),
    publicKeyOf(own),
    ...version === 3 ? [explicit(3, sequence(...extensions(wanted)))] : [],
  );
  const whole = sequence(body, algorithm, bitString(sign(hash, body, signer)));
  const lines = encodeBase64(whole).match(/.{1,64}/g) ?? [];
  return {
    name,
    der: whole,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: String(own.export({ format: "pem", type: "pkcs8" })),
  };
}

function generate(rsaBits: number | undefined): KeyObject {
  return rsaBits === undefined
    ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    : generateKeyPairSync("rsa", { modulusLength: rsaBits }).privateKey;
}

function publicKeyOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: "der", type: "spki" });
}

function extensions(wanted: Wanted): Uint8Array[] {
  const { dns = [], srv = [], addresses = [], ca = false, usage, uses, critical = [] } = wanted;
  const names = [
    ...dns.map((name) => text(name, 0x82)),
    ...srv.map((name) => otherName(SRV_NAME, text(name, 0x16))),
    ...addresses.map((address) => otherName(XMPP_ADDR, text(address))),
  ];
  const length = wanted.pathLength === undefined ? [] : [integer(Uint8Array.of(wanted.pathLength))];
  const constraints = [
    ...subtrees(0xa0, wanted.permitted),
    ...subtrees(0xa1, wanted.excluded),
  ];
  return [
    extension("2.5.29.19", true, ca ? sequence(TRUE, ...length) : sequence()),
    ...usage === undefined ? [] : [extension("2.5.29.15", true, bitString(Uint8Array.of(usage)))],
    ...uses === undefined ? [] : [extension("2.5.29.37", false, sequence(...uses.map(oid)))],
    ...names.length === 0 ? [] : [extension("2.5.29.17", false, sequence(...names))],
    ...constraints.length === 0 ? [] : [extension("2.5.29.30", true, sequence(...constraints))],
    ...critical.map((id) => extension(id, true, der(0x05))),
  ];
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...critical ? [TRUE] : [], der(0x04, value));
}

function subtrees(tag: number, domains: readonly string[] | undefined): Uint8Array[] {
  if (domains === undefined) return [];
  return [der(tag, ...domains.map((domain) => sequence(text(domain, 0x82))))];
}

function nameOf(name: string): Uint8Array {
  return sequence(der(0x31, sequence(oid(COMMON_NAME), text(name))));
}

function otherName(type: string, value: Uint8Array): Uint8Array {
  return der(0xa0, oid(type), explicit(0, value));
}
