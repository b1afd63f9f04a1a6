/** Certificates for tests, made of bytes: authorities, and clients' with the addresses that a test wants in them. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodeBase64 } from "../../src/base/bytes.ts";
import {
  bitString,
  der,
  explicit,
  integer,
  oid,
  sequence,
  text,
  time,
  TRUE,
} from "../../src/transport/der_writer.ts";

const DAY = 86_400_000;
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const SUBJECT_ALT_NAME = "2.5.29.17";
const XMPP_ADDR = "1.3.6.1.5.5.7.8.5";

export interface Issued {
  readonly name: string;
  readonly der: Uint8Array;
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  readonly name?: string;
  /** The xmppAddr of its subjectAltName. */
  readonly addresses?: readonly string[];
  /** Who signs it; itself when left out. */
  readonly by?: Issued;
  readonly ca?: boolean;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly until?: number;
}

export function issue(wanted: Wanted = {}): Issued {
  const { name = "a client", addresses = [], by, ca = false } = wanted;
  const { from = Date.now() - DAY, until = Date.now() + DAY } = wanted;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const extensions = [
    sequence(oid(BASIC_CONSTRAINTS), TRUE, der(0x04, ca ? sequence(TRUE) : sequence())),
    ...addresses.length === 0 ? [] : [
      sequence(oid(SUBJECT_ALT_NAME), der(0x04, sequence(...addresses.map(xmppAddr)))),
    ],
  ];
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(
      crypto.getRandomValues(new Uint8Array(8)).map((byte, i) => i === 0 ? (byte & 0x3f) | 0x40 : byte),
    ),
    algorithm,
    nameOf(by?.name ?? name),
    sequence(time(from), time(until)),
    nameOf(name),
    publicKey.export({ format: "der", type: "spki" }),
    explicit(3, sequence(...extensions)),
  );
  const signer: KeyObject = by === undefined ? privateKey : createPrivateKey(by.key);
  const whole = sequence(body, algorithm, bitString(sign("sha256", body, signer)));
  const lines = encodeBase64(whole).match(/.{1,64}/g) ?? [];
  return {
    name,
    der: whole,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}

function nameOf(name: string): Uint8Array {
  return sequence(der(0x31, sequence(oid(COMMON_NAME), text(name))));
}

function xmppAddr(address: string): Uint8Array {
  return der(0xa0, oid(XMPP_ADDR), explicit(0, text(address)));
}
