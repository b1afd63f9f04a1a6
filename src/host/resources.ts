/** Which resource a session gets, and what happens to one that has it already (RFC 6120 §7.7.2.2). */
import { concat, encodeBase64Url, encodeUtf8 } from "../base/bytes.ts";
import { randomId } from "../base/id.ts";
import { Lru } from "../base/lru.ts";
import type { Jid } from "../jid/jid.ts";
import { hashed } from "../sasl/digest.ts";
import type { Registry } from "../session/registry.ts";
import { StanzaError } from "../stanza/error.ts";
import { StreamError } from "../stream/error.ts";

export interface SessionOptions {
  /** Sessions of one account at a time. */
  readonly most: number;
  /** What a new session does to an old one with the same resource. */
  readonly conflict: "replace" | "refuse" | "rename";
}

/** Names that are remembered: working one out costs a tenth of a login with a token. */
const REMEMBERED = 10_000;

/**
 * The names of clients' sessions (XEP-0386 §3.2.1): the same for one installation of one account at every login, as far as it
 * says who it is, and no way back to that.
 */
export class ClientResources {
  readonly #known = new Lru<string, string>(REMEMBERED);

  of(secret: Uint8Array, account: Jid, agent: string): string {
    if (agent === "") return randomId(9);
    const whose = `bind2 ${account} ${agent}`;
    let name = this.#known.get(whose);
    if (name === undefined) {
      // A keyed hash at a third of an HMAC's cost: the secret on both sides, and most of the digest never shown.
      const keyed = concat(secret, encodeUtf8(whose), secret);
      name = encodeBase64Url(hashed("SHA-512", keyed).subarray(0, 9));
      this.#known.set(whose, name);
    }
    return name;
  }
}

/** The full JID for a new session. Throws `conflict` or `resource-constraint`; may end an older session. */
export function placeResource(
  registry: Registry,
  options: SessionOptions,
  account: Jid,
  wanted: Jid | undefined,
): Jid {
  const sessions = registry.of(account.local);
  const old = wanted === undefined ? undefined : registry.find(account.local, wanted.resource);
  if (old !== undefined && options.conflict === "refuse") {
    throw new StanzaError("conflict", "this resource is in use", { type: "modify" });
  }
  const replaces = old !== undefined && options.conflict === "replace";
  const over = replaces ? 0 : sessions.length - options.most + 1;
  if (over > 0) {
    // Nobody may ever come back to what waits: it must not keep a device out.
    const waiting = sessions.filter((session) => session.parked).slice(0, over);
    if (waiting.length < over) {
      throw new StanzaError("resource-constraint", `an account may have ${options.most} sessions`);
    }
    for (const session of waiting) {
      session.end(new StreamError("resource-constraint", "a new session has its place"));
    }
  }
  if (wanted === undefined) return account.withResource(randomId());
  if (replaces) old.end(new StreamError("conflict", "replaced by a new session with this resource"));
  return old !== undefined && options.conflict === "rename"
    ? account.withResource(`${[...wanted.resource].slice(0, 200).join("")}-${randomId(6)}`)
    : wanted;
}
