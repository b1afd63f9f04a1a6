/**
 * The keys of SCRAM (RFC 5802 §3): derived from a password when it is set, and compared when a password comes
 * in the clear.
 */

import { type Bytes, concat, encodeUtf8, timingSafeEqual } from "../base/bytes.ts";
import { hashed, hmac } from "./digest.ts";
import type { Decoy, ScramHash, ScramKeys } from "./mechanism.ts";
import { saslprep } from "./saslprep.ts";

const BITS: Record<ScramHash, number> = { "SHA-1": 160, "SHA-256": 256, "SHA-512": 512 };

/**
 * The keys of a password. PBKDF2 runs off the main thread. Throws a RangeError for a password that is empty
 * or has no SASLprep form: no client could ever log in with it.
 */
export async function deriveScramKeys(
  password: string,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash,
): Promise<ScramKeys> {
  const prepared = saslprep(password);
  if (prepared === undefined || prepared === "") {
    throw new RangeError(
      "the password is empty or has characters that no client can send: control characters, private-use characters, " +
        "or right-to-left letters mixed with others (RFC 4013)",
    );
  }
  return scramKeysOf(await pbkdf2(prepared, salt, iterations, hash), salt, iterations, hash);
}

/** The keys of a password of which only RFC 5802's SaltedPassword is known (XEP-0480 §3). */
export function scramKeysOf(
  salted: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash,
): ScramKeys {
  return {
    salt,
    iterations,
    storedKey: hashed(hash, hmac(hash, salted, "Client Key")),
    serverKey: hmac(hash, salted, "Server Key"),
  };
}

/** The bytes of a digest, which is also the length of a SaltedPassword. */
export function digestBytes(hash: ScramHash): number {
  return BITS[hash] / 8;
}

/** Whether a password belongs to these keys. Takes one PBKDF2 in either case. */
export async function passwordMatches(password: string, keys: ScramKeys, hash: ScramHash): Promise<boolean> {
  const prepared = saslprep(password) ?? "";
  const salted = await pbkdf2(prepared, keys.salt, keys.iterations, hash);
  const same = timingSafeEqual(hashed(hash, hmac(hash, salted, "Client Key")), keys.storedKey);
  return same && prepared !== "";
}

/**
 * Keys for an account that does not exist: the salt is always the same for a name, and no password fits the
 * stored key. `passwordMatches` with them takes the time it takes for a real account.
 */
export function decoyKeys(username: string, hash: ScramHash, decoy: Decoy): ScramKeys {
  // A keyed hash at a third of an HMAC's cost: the secret on both sides, and most of the digest never shown.
  const keyed = concat(decoy.secret, encodeUtf8(`${hash} ${username} `), decoy.secret);
  const salt = hashed("SHA-512", keyed).subarray(0, decoy.saltBytes ?? 16);
  const none = new Uint8Array(BITS[hash] / 8);
  return { salt, iterations: decoy.iterations, storedKey: none, serverKey: none };
}

async function pbkdf2(
  password: string,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash,
): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", encodeUtf8(password), "PBKDF2", false, ["deriveBits"]);
  const params = { name: "PBKDF2", salt: concat(salt), iterations, hash };
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, BITS[hash]));
}
