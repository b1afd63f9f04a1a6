/**
 * What strangers see of an account before they have logged in: which SCRAM hashes it has keys for, and how its keys were made.
 * A name that nobody has looks like one of the accounts that there are, always the same one, so that neither accounts of an
 * older server nor the others can be told from names that were made up.
 */
import { concat, encodeUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise } from "../base/maybe.ts";
import { hashed } from "../sasl/digest.ts";
import type { Decoy, ScramHash } from "../sasl/mechanism.ts";
import type { Credentials } from "./credentials.ts";

/** So many accounts are looked at, and again after so long: accounts change slowly. */
const SAMPLE = 200;
const AGAIN_MS = 3_600_000;

const HASHES = ["SHA-1", "SHA-256", "SHA-512"] as const satisfies readonly ScramHash[];
const NONE: readonly never[] = Object.freeze([]);

/** How one account looks. */
interface Look {
  readonly lacking: readonly ScramHash[];
  readonly keys: Partial<Record<ScramHash, { readonly iterations: number; readonly saltBytes: number }>>;
}

export class Likeness {
  #looks: readonly Look[] = NONE;
  #until = -Infinity;

  constructor(
    private readonly provider: Credentials,
    private readonly decoy: Decoy,
    private readonly clock: Clock,
  ) {}

  /** The hashes that an account has no keys of, or that a name seems to have none of. */
  lacking(local: string): readonly ScramHash[] {
    if (this.provider.lacking === undefined) return NONE;
    return this.provider.exists(local) ? this.provider.lacking(local) : this.#look(local)?.lacking ?? NONE;
  }

  /** How the keys are to look that stand in for those a name does not have. */
  keys(local: string, hash: ScramHash): Decoy {
    if (this.provider.exists(local)) return this.decoy;
    const look = this.#look(local)?.keys[hash];
    return look === undefined ? this.decoy : { ...this.decoy, ...look };
  }

  #look(local: string): Look | undefined {
    const now = this.clock.monotonic();
    if (now >= this.#until) {
      this.#looks = [...sample(this.provider)].sort(byAge);
      this.#until = now + AGAIN_MS;
    }
    if (this.#looks.length === 0) return undefined;
    const { secret } = this.decoy;
    const digest = hashed("SHA-256", concat(secret, encodeUtf8(`look ${local}`), secret));
    const share = new DataView(digest.buffer, digest.byteOffset).getUint32(0) / 2 ** 32;
    return this.#looks[Math.floor(share * this.#looks.length)];
  }
}

function* sample(provider: Credentials): IterableIterator<Look> {
  let left = SAMPLE;
  for (const local of provider.list()) {
    if (left-- === 0) return;
    const keys: { -readonly [K in keyof Look["keys"]]: Look["keys"][K] } = {};
    for (const hash of provider.hashes ?? HASHES) {
      const found = provider.scram?.(local, hash);
      // What has to be waited for says nothing of how others look; they are taken for new.
      if (found === undefined || isPromise(found)) continue;
      keys[hash] = { iterations: found.iterations, saltBytes: found.salt.length };
    }
    yield { lacking: provider.lacking?.(local) ?? NONE, keys };
  }
}

/** Old looks first: as accounts get the keys that they lacked, names that were made up seem to get them, too. */
function byAge(a: Look, b: Look): number {
  if (a.lacking.length !== b.lacking.length) return b.lacking.length - a.lacking.length;
  return iterations(a) - iterations(b);
}

function iterations({ keys }: Look): number {
  return HASHES.reduce((sum, hash) => sum + (keys[hash]?.iterations ?? 0), 0);
}
