/** XEP-0185: Dialback Key Generation and Validation 1.0. */
import { createHash, createHmac } from "node:crypto";
import { encodeHex } from "../base/bytes.ts";

/** What keys are made with: the hash of a secret, in hexadecimal, as the XEP wants it. */
export function keyOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The same from the server's own secret, which serves other ends too. */
export function keyOfServer(secret: Uint8Array): string {
  return keyOfSecret(encodeHex(createHmac("sha256", secret).update("dialback").digest()));
}

/** The key for a stream: it proves that who shows it shares the secret with the servers of the sending domain. */
export function dialbackKey(key: string, receiving: string, originating: string, id: string): string {
  return createHmac("sha256", key).update(`${receiving} ${originating} ${id}`).digest("hex");
}
