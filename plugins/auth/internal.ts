/**
 * Accounts in our own storage: never the password, only SCRAM keys of it (RFC 5802 §3) for each hash that clients use.
 */
import {
  credentials,
  decodeBase64,
  decoyKeys,
  definePlugin,
  deriveScramKeys,
  encodeBase64,
  encodeUtf8,
  type HostScope,
  type Keyval,
  keyval,
  Lru,
  options,
  passwordMatches,
  type ScramHash,
  type ScramKeys,
  StanzaError,
  timingSafeEqual,
  utf8Length,
  z,
} from "#plugin";
import { Derivations } from "./derivations.ts";

/** Keys as they are kept: base64, by hash. */
interface StoredKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly stored: string;
  readonly server: string;
}
export type StoredCredentials = Partial<Record<ScramHash, StoredKeys>>;

type Keys = Partial<Record<ScramHash, ScramKeys>>;

export const storedCredentials = keyval<StoredCredentials>("credentials");

const HASHES = ["SHA-1", "SHA-256", "SHA-512"] as const satisfies readonly ScramHash[];
/** The hashes that a password in the clear is checked with, by preference; all are as strong as the password here. */
const CHECKED = ["SHA-256", "SHA-512", "SHA-1"] as const satisfies readonly ScramHash[];
const REMEMBERED = 10_000;
const KEPT = 1_000;
/** RFC 4616 and SASLprep set no limit; PBKDF2 of a longer one would only be work. */
const LONGEST_PASSWORD = 1024;

const config = options({
  shortest_password: z.number().int().min(1).max(128).default(6).describe(
    "Characters that a password must have.",
  ),
});

export const internal = definePlugin({
  name: "internal",
  doc: "Keeps accounts in the server's own storage, as SCRAM keys and never as passwords.",
  rfcs: ["RFC 5802", "RFC 7677"],
  config,
  provides: [credentials],
  setup(host) {
    host.provide(credentials, new InternalCredentials(host));
  },
});

class InternalCredentials {
  readonly hashes = HASHES;
  readonly #store: Keyval<StoredCredentials>;
  /** Accounts that were asked for lately: several times a login. */
  readonly #lately = new Lru<string, Keys>(KEPT);
  readonly #derivations = new Derivations();
  /**
   * Passwords that were right lately, as a keyed hash that dies with the process: PLAIN costs a whole derivation
   * otherwise, every time a client comes back.
   */
  readonly #right = new Lru<string, string>(REMEMBERED);
  readonly #key = crypto.subtle.importKey(
    "raw",
    crypto.getRandomValues(new Uint8Array(32)),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );

  constructor(private readonly host: HostScope<z.infer<typeof config>>) {
    this.#store = host.open(storedCredentials);
  }

  exists(local: string): boolean {
    return this.#keysOf(local) !== undefined;
  }

  list(): Iterable<string> {
    return this.#store.owners();
  }

  scram(local: string, hash: ScramHash): ScramKeys | undefined {
    return this.#keysOf(local)?.[hash];
  }

  #keysOf(local: string): Keys | undefined {
    const known = this.#lately.get(local);
    if (known !== undefined) return known;
    const stored = this.#store.get(local);
    if (stored === undefined) return undefined;
    const keys = readable(stored);
    this.#lately.set(local, keys);
    return keys;
  }

  async password(local: string, password: string): Promise<boolean> {
    const known = this.#keysOf(local);
    const hash = CHECKED.find((h) => known?.[h] !== undefined) ?? CHECKED[0];
    const keys = known?.[hash];
    const mark = await this.#mark(local, password);
    if (keys !== undefined && this.#right.get(local) === mark) return true;
    // An account that does not exist takes as long as one that does.
    const checked = keys ?? decoyKeys(local, hash, this.host.decoy);
    const right = await this.#derivations.run(() => passwordMatches(password, checked, hash));
    if (!right) return false;
    // Another password may have been set while this one was checked: it would be taken for right ever after.
    const now = this.#keysOf(local)?.[hash];
    if (now === undefined || !timingSafeEqual(now.storedKey, checked.storedKey)) return false;
    this.#right.set(local, mark);
    if (this.lacking(local).length > 0) this.host.spawn(() => this.#complete(local, password));
    return true;
  }

  lacking(local: string): readonly ScramHash[] {
    const keys = this.#keysOf(local);
    return keys === undefined ? [] : HASHES.filter((hash) => keys[hash] === undefined);
  }

  learn(local: string, hash: ScramHash, keys: ScramKeys): void {
    const known = this.#store.get(local);
    if (known === undefined || known[hash] !== undefined) return;
    this.#lately.delete(local);
    this.#store.set(local, { ...known, [hash]: storable(keys) });
  }

  /** A password in the clear is enough for the keys that an account lacks: no client has to be asked (XEP-0480). */
  async #complete(local: string, password: string): Promise<void> {
    for (const hash of this.lacking(local)) {
      const before = JSON.stringify(this.#store.get(local));
      const keys = await this.#deriveFor(password, hash);
      // Another password may have been set meanwhile.
      if (JSON.stringify(this.#store.get(local)) === before) this.learn(local, hash, keys);
    }
  }

  async create(local: string, password: string): Promise<void> {
    const keys = await this.#derive(password);
    if (this.exists(local)) throw new StanzaError("conflict", "this account exists already");
    this.#store.set(local, keys);
  }

  async setPassword(local: string, password: string): Promise<void> {
    const keys = await this.#derive(password);
    if (!this.exists(local)) throw new StanzaError("item-not-found", "there is no such account");
    this.#forget(local);
    this.#store.set(local, keys);
  }

  remove(local: string): void {
    this.#forget(local);
    this.#store.set(local, undefined);
  }

  #forget(local: string): void {
    this.#right.delete(local);
    this.#lately.delete(local);
  }

  async #derive(password: string): Promise<StoredCredentials> {
    const { shortest_password: shortest } = this.host.config;
    if ([...password].length < shortest) {
      throw new StanzaError("not-acceptable", `a password must have at least ${shortest} characters`);
    }
    if (utf8Length(password) > LONGEST_PASSWORD) {
      throw new StanzaError("not-acceptable", `a password may have at most ${LONGEST_PASSWORD} bytes`);
    }
    const derived = await Promise.all(HASHES.map(async (hash) => {
      try {
        return [hash, storable(await this.#deriveFor(password, hash))] as const;
      } catch (error) {
        if (error instanceof RangeError) throw new StanzaError("not-acceptable", error.message);
        throw error;
      }
    }));
    return Object.fromEntries(derived);
  }

  #deriveFor(password: string, hash: ScramHash): Promise<ScramKeys> {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    return this.#derivations.run(() => deriveScramKeys(password, salt, this.host.decoy.iterations, hash));
  }

  async #mark(local: string, password: string): Promise<string> {
    const text = encodeUtf8(`${local}\0${password}`);
    return encodeBase64(new Uint8Array(await crypto.subtle.sign("HMAC", await this.#key, text)));
  }
}

function readable(stored: StoredCredentials): Keys {
  const keys: Keys = {};
  for (const hash of HASHES) {
    const found = stored[hash];
    if (found === undefined) continue;
    keys[hash] = {
      salt: decodeBase64(found.salt)!,
      iterations: found.iterations,
      storedKey: decodeBase64(found.stored)!,
      serverKey: decodeBase64(found.server)!,
    };
  }
  return keys;
}

function storable({ salt, iterations, storedKey, serverKey }: ScramKeys): StoredKeys {
  return {
    salt: encodeBase64(salt),
    iterations,
    stored: encodeBase64(storedKey),
    server: encodeBase64(serverKey),
  };
}
