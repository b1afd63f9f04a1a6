/** The client's half of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677) without channel binding, written from the RFC alone. */

const HASH = { name: "HMAC", hash: "SHA-256" } as const;

export class ScramClient {
  readonly #nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))));
  readonly #bare: string;
  #serverSignature = "";

  constructor(username: string, private readonly password: string) {
    this.#bare = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${this.#nonce}`;
  }

  first(): string {
    return `n,,${this.#bare}`;
  }

  /** The second message, from the server's first. */
  async final(serverFirst: string): Promise<string> {
    const said = new Map(serverFirst.split(",").map((part) => [part[0], part.slice(2)]));
    const nonce = said.get("r") ?? "";
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) throw new Error("the nonce is not ours");
    const salted = await derive(this.password, bytesOf(said.get("s") ?? ""), Number(said.get("i")));
    const withoutProof = `c=${btoa("n,,")},r=${nonce}`;
    const message = `${this.#bare},${serverFirst},${withoutProof}`;
    const clientKey = await hmac(salted, "Client Key");
    const stored = new Uint8Array(await crypto.subtle.digest("SHA-256", clientKey));
    const signature = await hmac(stored, message);
    const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
    this.#serverSignature = textOf(await hmac(await hmac(salted, "Server Key"), message));
    return `${withoutProof},p=${textOf(proof)}`;
  }

  /** Throws unless the server has proved that it knows the password. */
  check(serverFinal: string): void {
    if (serverFinal !== `v=${this.#serverSignature}`) {
      throw new Error("the server does not know the password");
    }
  }
}

async function derive(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, [
    "deriveBits",
  ]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

async function hmac(key: Uint8Array<ArrayBuffer>, message: string): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, HASH, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(message)));
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
