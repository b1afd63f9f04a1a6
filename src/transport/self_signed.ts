/**
 * A certificate of our own making, for the first start: P-256, ten years, the host and its services. Clients must be
 * told to trust it, so whoever starts the server announces it. Kept in the data folder, readable by its owner only.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { domainToASCII } from "node:url";
import { encodeBase64 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { addressBytes } from "../base/cidr.ts";
import { bitString, der, explicit, integer, oid, sequence, text, time, TRUE } from "./der_writer.ts";
import { tlsContext } from "./tls_context.ts";

/** Certificate and key as PEM texts. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const VALID_DAYS = 3_650;
/** A certificate about to run out is made anew. */
const RENEW_DAYS = 30;

/** Makes a certificate for a host: the name, `*.name` for its services, the loopback addresses for `localhost`. */
export function makeSelfSigned(host: string, now: number): CertificatePair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  // RFC 5280 §4.1.2.4: a common name has at most 64 characters. It is for people only; names are in the SAN.
  const name = sequence(der(0x31, sequence(oid(COMMON_NAME), text(host.slice(0, 64)))));
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(serial()),
    algorithm,
    name,
    sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ format: "der", type: "spki" }),
    explicit(3, extensions(host)),
  );
  const signature = sign("sha256", body, privateKey);
  const key = privateKey.export({ format: "pem", type: "pkcs8" });
  return { cert: pem(sequence(body, algorithm, bitString(signature))), key: String(key) };
}

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_ALT_NAME = "2.5.29.17";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
/** The first bit of KeyUsage; seven bits of the byte are not used. */
const DIGITAL_SIGNATURE = Uint8Array.of(0x80);

function extensions(host: string): Uint8Array {
  const address = addressBytes(host);
  // An internationalised name is in certificates as DNS has it (RFC 5280 §7.2).
  const name = address === undefined ? domainToASCII(host) || host : host;
  const names = address === undefined ? [text(name, 0x82), text(`*.${name}`, 0x82)] : [der(0x87, address)];
  if (host === "localhost") {
    names.push(
      der(0x87, Uint8Array.of(127, 0, 0, 1)),
      der(0x87, Uint8Array.of(...Array<number>(15).fill(0), 1)),
    );
  }
  return sequence(
    sequence(oid(BASIC_CONSTRAINTS), TRUE, der(0x04, sequence())),
    sequence(oid(KEY_USAGE), TRUE, der(0x04, bitString(DIGITAL_SIGNATURE, 7))),
    sequence(oid(EXTENDED_KEY_USAGE), der(0x04, sequence(oid(SERVER_AUTH), oid(CLIENT_AUTH)))),
    sequence(oid(SUBJECT_ALT_NAME), der(0x04, sequence(...names))),
  );
}

/**
 * The self-signed certificate of a host, made when there is none yet, or none that will last. `made` says whether it
 * is new, so that it can be announced.
 */
export function selfSigned(
  folder: string,
  host: string,
  clock: Clock,
): { readonly cert: string; readonly key: string; readonly made: boolean } {
  const cert = join(folder, `${encodeURIComponent(host)}.crt`);
  const key = join(folder, `${encodeURIComponent(host)}.key`);
  if (existsSync(cert) && existsSync(key) && lasts(cert, key, clock.now())) return { cert, key, made: false };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pair = makeSelfSigned(host, clock.now());
  replace(key, pair.key);
  replace(cert, pair.cert);
  return { cert, key, made: true };
}

function lasts(cert: string, key: string, now: number): boolean {
  try {
    return tlsContext(readFileSync(cert, "utf8"), readFileSync(key, "utf8")).notAfter >
      now + RENEW_DAYS * DAY_MS;
  } catch {
    return false;
  }
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function replace(path: string, text: string): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes; unguessable, so that no two are alike. */
function serial(): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function pem(certificate: Uint8Array): string {
  const lines = encodeBase64(certificate).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
