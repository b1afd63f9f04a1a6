/**
 * Which nodes a client wants to be told of (XEP-0060 §9.2): the `+notify` features of its capabilities, asked for once for all
 * clients that have the same (XEP-0115), and believed only where the hash proves them.
 */
import {
  type Caps,
  capsOf,
  checkCaps,
  CONTENT_NS,
  DISCO_INFO_NS,
  el,
  type HostScope,
  type Jid,
  Lru,
  randomId,
  readDiscoInfo,
  Stanza,
} from "#plugin";

/** Names of nodes. */
export type Interest = ReadonlySet<string>;

export const NO_INTEREST: Interest = new Set();

/** Hashes that are remembered. */
const REMEMBERED = 2000;
/** Nodes that one client may want, and the characters of their names: what anybody's presence makes this server keep. */
const MOST = 500;
const CHARACTERS = 32_768;
const SUFFIX = "+notify";

export class Interests {
  readonly #known = new Lru<string, Interest>(REMEMBERED);
  readonly #asked = new Map<string, Promise<Interest>>();

  constructor(private readonly host: HostScope<unknown>) {}

  /** What a presence says, if that is known. */
  known(presence: Stanza): Interest | undefined {
    const caps = capsOf(presence.source);
    return caps === undefined ? NO_INTEREST : this.#known.get(keyOf(caps));
  }

  /** Asks the device that has sent it, in an account's name. */
  ask(presence: Stanza, device: Jid, account: Jid): Promise<Interest> {
    const caps = capsOf(presence.source);
    if (caps === undefined) return Promise.resolve(NO_INTEREST);
    const key = keyOf(caps);
    const before = this.#asked.get(key);
    if (before !== undefined) {
      // Who answers first speaks for all; where that was a lie, everybody is asked.
      return before.then(() => this.#known.get(key) ?? this.#query(caps, device, account));
    }
    const asking = this.#query(caps, device, account).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asking);
    return asking;
  }

  async #query(caps: Caps, device: Jid, account: Jid): Promise<Interest> {
    const node = `${caps.node}#${caps.ver}`;
    const iq = el("iq", CONTENT_NS, { type: "get", id: randomId(9) }, [el("query", DISCO_INFO_NS, { node })]);
    let answer;
    try {
      answer = await this.host.request(Stanza.of(iq, account, device));
    } catch {
      return NO_INTEREST;
    }
    if (answer === undefined || answer.ns !== DISCO_INFO_NS) return NO_INTEREST;
    const interest = interestOf(readDiscoInfo(answer.detached()).features);
    if (checkCaps(answer, caps) === "valid") this.#known.set(keyOf(caps), interest);
    return interest;
  }
}

function keyOf({ hash, ver }: Caps): string {
  return `${hash} ${ver}`;
}

function interestOf(features: readonly string[]): Interest {
  const wanted = new Set<string>();
  let room = CHARACTERS;
  for (const feature of features) {
    if (!feature.endsWith(SUFFIX) || wanted.size === MOST) continue;
    room -= feature.length;
    if (room < 0) break;
    wanted.add(feature.slice(0, -SUFFIX.length));
  }
  return wanted.size === 0 ? NO_INTEREST : wanted;
}
