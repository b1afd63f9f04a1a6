/**
 * Random ids: for streams, sessions, stanzas, nonces. Cryptographically random and URL-safe. Randomness is fetched
 * from the system some kilobytes at a time, because a call for each id costs several times the id itself.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const POOL = 4096;

/** A supply of random bytes, refilled when it runs out. */
class Pool {
  readonly #bytes = new Uint8Array(POOL);
  #used = POOL;

  /** `count` fresh bytes, inside the pool: the caller reads them at once and wipes them. */
  reserve(count: number): Uint8Array {
    if (count > POOL) return crypto.getRandomValues(new Uint8Array(count));
    if (this.#used + count > POOL) {
      crypto.getRandomValues(this.#bytes);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    return this.#bytes.subarray(at, at + count);
  }

  /** One fresh byte. */
  next(): number {
    if (this.#used === POOL) {
      crypto.getRandomValues(this.#bytes);
      this.#used = 0;
    }
    const byte = this.#bytes[this.#used]!;
    this.#bytes[this.#used++] = 0;
    return byte;
  }
}

// The one value of this process that changes outside of a server: nobody can see it, since what it gives is random either
// way. Without it every id would cost a call of the system.
const pool = new Pool();

/** A random id with `bytes` bytes of randomness, as base64url without padding: 16 letters by default. */
export function randomId(bytes = 12): string {
  const fresh = pool.reserve(bytes);
  let text = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < fresh.length; i++) {
    held = ((held << 8) | (fresh[i] ?? 0)) & 0xfffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET[(held >> bits) & 63];
    }
  }
  if (bits > 0) text += ALPHABET[(held << (6 - bits)) & 63];
  fresh.fill(0);
  return text;
}

/** Six random bits, for ids that are put together otherwise. */
export function randomSextet(): number {
  return pool.next() & 63;
}

/** Fresh random bytes, for salts and keys. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}
