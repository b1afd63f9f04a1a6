/** The client's side of SCRAM-SHA-1 (RFC 5802): the password itself never leaves this machine. */
import { decodeBase64, encodeBase64, encodeUtf8, timingSafeEqual } from "../../base/bytes.ts";
import { hashed, hmac } from "../../sasl/digest.ts";
import { saslprep } from "../../sasl/saslprep.ts";

const HASH = "SHA-1";
const HEADER = "n,,";
const FEWEST = 1;
const MOST = 1_000_000;

export class ScramClient {
  readonly #bare: string;
  #signature: Uint8Array | undefined;

  constructor(private readonly password: string, local: string, private readonly nonce: string) {
    this.#bare = `n=${local.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  }

  first(): string {
    return HEADER + this.#bare;
  }

  /** Answers the server's challenge; throws where it is none. */
  async final(challenge: string): Promise<string> {
    const parts = new Map(challenge.split(",").map((it) => [it.slice(0, 2), it.slice(2)]));
    const nonce = parts.get("r=") ?? "";
    const salt = decodeBase64(parts.get("s=") ?? "");
    const iterations = Number(parts.get("i="));
    if (!nonce.startsWith(this.nonce) || salt === undefined) throw new Error("its challenge makes no sense");
    if (!(iterations >= FEWEST && iterations <= MOST)) {
      throw new Error(`it asks for ${iterations} iterations`);
    }
    const salted = await derive(saslprep(this.password) ?? this.password, salt, iterations);
    const key = hmac(HASH, salted, "Client Key");
    const unproved = `c=${encodeBase64(encodeUtf8(HEADER))},r=${nonce}`;
    const message = `${this.#bare},${challenge},${unproved}`;
    this.#signature = hmac(HASH, hmac(HASH, salted, "Server Key"), message);
    const mask = hmac(HASH, hashed(HASH, key), message);
    return `${unproved},p=${encodeBase64(key.map((byte, i) => byte ^ mask[i]!))}`;
  }

  /** Whether the server knows the password, too. */
  isProved(success: string): boolean {
    const signature = success.startsWith("v=") ? decodeBase64(success.slice(2)) : undefined;
    return signature !== undefined && this.#signature !== undefined &&
      timingSafeEqual(signature, this.#signature);
  }
}

async function derive(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  const bytes = encodeUtf8(password) as Uint8Array<ArrayBuffer>;
  const key = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: HASH, salt: salt as Uint8Array<ArrayBuffer>, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 160));
}
