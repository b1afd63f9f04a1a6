/**
 * POSH (RFC 7711): a domain whose server is elsewhere names that server's certificates in a document on its own web server.
 * Only HTTPS counts, with authorities that the runtime trusts. Everything has a limit: the time, the size, how often one is
 * sent on; so whoever names a document can make us do no more than a few small requests.
 */
import { createHash } from "node:crypto";
import { concat, decodeBase64, decodeUtf8Strict, equal } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { Lru } from "../base/lru.ts";
import type { Maybe } from "../base/maybe.ts";
import { asciiDomain } from "../transport/ascii_domain.ts";

/** What documents are fetched with. */
export interface PoshGround {
  readonly clock: Clock;
  /** The runtime's `fetch` unless a test has another. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

interface Fingerprint {
  readonly hash: "sha256" | "sha512";
  readonly digest: Uint8Array;
}

interface Materials {
  readonly fingerprints: readonly Fingerprint[];
  /** Seconds. */
  readonly expires: number;
}

interface Kept {
  /** The fingerprints, or why there are none. */
  readonly found: readonly Fingerprint[] | string;
  readonly until: number;
}

const WITHIN_MS = 10_000;
const LARGEST = 65_536;
const MOST_REDIRECTS = 3;
const MOST_FINGERPRINTS = 100;
const MOST_KEPT = 1_000;
const FAULT_KEPT_MS = 300_000;
/** What is valid for longer is asked for again after a day. */
const LONGEST_S = 86_400;

/** The documents of domains, kept as long as they say. */
export class Posh {
  readonly #ground: PoshGround;
  readonly #kept = new Lru<string, Kept>(MOST_KEPT);
  readonly #underWay = new Map<string, Promise<Kept>>();

  constructor(ground: PoshGround) {
    this.#ground = ground;
  }

  /** Whether a domain's document names a certificate: "" when it does, else why not. Never rejects. */
  async accepts(domain: string, leaf: Uint8Array): Promise<string> {
    const { found } = await this.#of(asciiDomain(domain));
    if (typeof found === "string") return found;
    const named = found.some(({ hash, digest }) => equal(createHash(hash).update(leaf).digest(), digest));
    return named ? "" : "the document of the domain does not name this certificate";
  }

  #of(domain: string): Maybe<Kept> {
    const kept = this.#kept.get(domain);
    if (kept !== undefined && this.#ground.clock.now() < kept.until) return kept;
    const underWay = this.#underWay.get(domain);
    if (underWay !== undefined) return underWay;
    const fresh = this.#fetch(domain).then((kept) => {
      this.#underWay.delete(domain);
      this.#kept.set(domain, kept);
      return kept;
    });
    this.#underWay.set(domain, fresh);
    return fresh;
  }

  async #fetch(domain: string): Promise<Kept> {
    const { clock } = this.#ground;
    const abort = new AbortController();
    const timer = clock.after(WITHIN_MS, () => abort.abort(new Error("the document took too long")));
    try {
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain) || /\.\d+$/.test(domain)) {
        throw new Error("the domain is no name in DNS");
      }
      const url = new URL(`https://${domain}/.well-known/posh/xmpp-server.json`);
      const { fingerprints, expires } = await this.#materials(url, abort.signal, true);
      return { found: fingerprints, until: clock.now() + Math.min(expires, LONGEST_S) * 1000 };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { found: why, until: clock.now() + FAULT_KEPT_MS };
    } finally {
      timer.cancel();
    }
  }

  /** RFC 7711 §3: fingerprints, or the place where they are; that one must have them. */
  async #materials(url: URL, signal: AbortSignal, mayRefer: boolean): Promise<Materials> {
    const document = parse(await this.#get(url, signal));
    const expires = Number(document["expires"]);
    // §6: without a time that it lasts a document counts for nothing.
    if (!(expires >= 1)) throw new Error("the document does not say how long it is valid");
    if (Array.isArray(document["fingerprints"])) {
      return {
        fingerprints: document["fingerprints"].slice(0, MOST_FINGERPRINTS).flatMap(fingerprint),
        expires,
      };
    }
    if (typeof document["url"] !== "string" || !mayRefer) throw new Error("the document has no fingerprints");
    const referred = await this.#materials(secure(document["url"], url), signal, false);
    return { ...referred, expires: Math.min(expires, referred.expires) };
  }

  async #get(from: URL, signal: AbortSignal): Promise<Uint8Array> {
    let url = from;
    for (let step = 0; step <= MOST_REDIRECTS; step++) {
      const ask = this.#ground.fetch ?? fetch;
      const response = await ask(url, {
        redirect: "manual",
        signal,
        headers: { accept: "application/json" },
      });
      const location = response.headers.get("location");
      if (response.status === 200) return await bodyOf(response);
      await response.body?.cancel();
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
        throw new Error(`${url.host} answers ${response.status}`);
      }
      url = secure(location, url);
    }
    throw new Error(`${from.host} sends us on too often`);
  }
}

function secure(location: string, base: URL): URL {
  const url = URL.parse(location, base);
  if (url?.protocol !== "https:") throw new Error("the document refers to something other than https");
  return url;
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the request.
    if (size > LARGEST) throw new Error("the document is too large");
    chunks.push(chunk);
  }
  return concat(...chunks);
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8Strict(bytes) ?? "");
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("the document is no JSON object");
  }
  return value as Record<string, unknown>;
}

/** §3.1: one certificate with its hashes, of which the strongest counts. */
function fingerprint(value: unknown): Fingerprint | [] {
  if (typeof value !== "object" || value === null) return [];
  for (const [name, hash] of [["sha-512", "sha512"], ["sha-256", "sha256"]] as const) {
    const text = (value as Record<string, unknown>)[name];
    const digest = typeof text === "string" ? decodeBase64(text) : undefined;
    if (digest !== undefined) return { hash, digest };
  }
  return [];
}
