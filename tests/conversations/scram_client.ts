/** The client's side of SCRAM (RFC 5802), written for tests from the RFC alone: it shares no code with the server's. */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

export interface ScramLogin {
  readonly hash?: "SHA-1" | "SHA-256" | "SHA-512";
  readonly username: string;
  readonly password: string;
  /** The gs2 header: "n,," unless said otherwise. */
  readonly gs2?: string;
  /** The channel binding data behind the gs2 header. */
  readonly binding?: Uint8Array;
}

export class ScramClient {
  readonly #node: string;
  readonly #gs2: string;
  readonly #bare: string;
  #signature = "";

  constructor(private readonly login: ScramLogin, nonce = "rOprNGfwEbeRWgbNEkqO") {
    this.#node = (login.hash ?? "SHA-1").replace("-", "").toLowerCase();
    this.#gs2 = login.gs2 ?? "n,,";
    this.#bare = `n=${login.username},r=${nonce}`;
  }

  /** The initial response, in base64. */
  get first(): string {
    return base64(this.#gs2 + this.#bare);
  }

  /** What the server's challenge says. */
  read(challenge: string): { nonce: string; salt: Uint8Array; iterations: number } {
    const [, nonce = "", salt = "", iterations = ""] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(text(challenge)) ??
      [];
    return { nonce, salt: new Uint8Array(Buffer.from(salt, "base64")), iterations: Number(iterations) };
  }

  /** The answer to the challenge, in base64. */
  final(challenge: string): string {
    const { nonce, salt, iterations } = this.read(challenge);
    const bound = Buffer.concat([Buffer.from(this.#gs2), this.login.binding ?? new Uint8Array(0)]);
    const unproved = `c=${bound.toString("base64")},r=${nonce}`;
    const message = `${this.#bare},${text(challenge)},${unproved}`;
    const length = createHash(this.#node).digest().length;
    const salted = pbkdf2Sync(this.login.password, salt, iterations, length, this.#node);
    const clientKey = this.#hmac(salted, "Client Key");
    const signature = this.#hmac(createHash(this.#node).update(clientKey).digest(), message);
    this.#signature = this.#hmac(this.#hmac(salted, "Server Key"), message).toString("base64");
    const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
    return base64(`${unproved},p=${Buffer.from(proof).toString("base64")}`);
  }

  /** Whether the server has proved that it knows the password's keys, by what came with its success. */
  verified(success: string): boolean {
    return text(success) === `v=${this.#signature}`;
  }

  #hmac(key: Uint8Array, data: string): Buffer {
    return createHmac(this.#node, key).update(data).digest();
  }
}

export function base64(plain: string): string {
  return Buffer.from(plain).toString("base64");
}

function text(coded: string): string {
  return Buffer.from(coded, "base64").toString();
}
