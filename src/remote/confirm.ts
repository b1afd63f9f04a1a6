/**
 * The call-back of dialback (XEP-0220 §2.1.2): keys that peers show are confirmed by the servers of the domain they speak for,
 * on a stream that we opened to them. One stream serves all keys of a domain that wait at a time, and is closed after them.
 */
import type { Challenge, Federation, LocalDomain } from "../session/federation.ts";
import type { DialbackOutcome } from "../session/dialback_element.ts";
import type { ServerOut } from "../session/server_out.ts";
import { StanzaError } from "../stanza/error.ts";
import type { Clock } from "../base/clock.ts";
import { networkOf } from "../base/cidr.ts";
import { type ConnectorGround, openStream } from "./connector.ts";
import type { PeerTable } from "./peer_table.ts";

/** Keys of one domain, from one network, and of all, that may wait: peers make us call whom they name. */
const MOST_OF_ONE = 20;
const MOST_OF_NETWORK = 100;
const MOST = 2000;

/** The call-back to one domain. */
interface Call {
  readonly abort: AbortController;
  readonly stream: Promise<ServerOut>;
  connected: boolean;
  waiting: number;
}

export class Confirming {
  readonly #calls = new Map<string, Call>();
  readonly #byNetwork = new Map<string, number>();
  #waiting = 0;

  constructor(
    private readonly federation: Federation,
    private readonly ground: () => ConnectorGround,
    private readonly clock: Clock,
    private readonly table: PeerTable,
  ) {}

  /** Keys that wait. */
  get size(): number {
    return this.#waiting;
  }

  async confirm(challenge: Challenge): Promise<DialbackOutcome> {
    const { local: domain, remote, stream, key } = challenge;
    const local = this.federation.local(domain);
    if (local === undefined) return "item-not-found";
    const network = networkOf(stream.peer.address);
    const ofNetwork = this.#byNetwork.get(network) ?? 0;
    const ofOne = this.#calls.get(remote)?.waiting ?? 0;
    if (this.#waiting >= MOST || ofNetwork >= MOST_OF_NETWORK || ofOne >= MOST_OF_ONE) {
      return "resource-constraint";
    }
    this.#count(network, 1);
    try {
      const standing = this.table.standing(local, remote, stream);
      if (standing !== undefined) {
        const asked = standing.dialback.verify(domain, remote, stream.id, key);
        return answered(await this.#inTime(asked, local, () => true));
      }
      return answered(await this.#call(local, challenge));
    } finally {
      this.#count(network, -1);
    }
  }

  #count(network: string, by: 1 | -1): void {
    this.#waiting += by;
    const left = (this.#byNetwork.get(network) ?? 0) + by;
    if (left > 0) this.#byNetwork.set(network, left);
    else this.#byNetwork.delete(network);
  }

  stop(): void {
    for (const { abort } of this.#calls.values()) abort.abort(new StanzaError("remote-server-timeout"));
  }

  async #call(local: LocalDomain, { remote, stream, key }: Challenge): Promise<DialbackOutcome> {
    const call = this.#calls.get(remote) ?? this.#open(local, remote);
    call.waiting++;
    try {
      const asked = call.stream.then(
        // One call serves several hosts of ours; what it has come to must be enough for each.
        (out) =>
          out.isSecure || !local.policy.tlsRequired(remote)
            ? out.dialback.verify(local.domain, remote, stream.id, key)
            : "remote-connection-failed",
        (error) => unreachable(error),
      );
      return await this.#inTime(asked, local, () => call.connected);
    } finally {
      if (--call.waiting === 0) this.#close(remote, call);
    }
  }

  #open(local: LocalDomain, remote: string): Call {
    const abort = new AbortController();
    const wanted = { local, remote, verifies: true, signal: abort.signal };
    const call: Call = {
      abort,
      stream: openStream(this.federation, this.ground(), wanted),
      connected: false,
      waiting: 0,
    };
    this.#calls.set(remote, call);
    call.stream.then(() => call.connected = true, () => {});
    return call;
  }

  #close(remote: string, call: Call): void {
    this.#calls.delete(remote);
    call.abort.abort(new StanzaError("remote-server-timeout", "no answer in time"));
    call.stream.then((out) => out.end(), () => {});
  }

  /** XEP-0220 §2.5: no connection to them is another thing than no answer. */
  #inTime(
    asked: Promise<DialbackOutcome>,
    local: LocalDomain,
    connected: () => boolean,
  ): Promise<DialbackOutcome> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(local.policy.callBackWithin, () => {
        resolve(connected() ? "remote-server-timeout" : "remote-connection-failed");
      });
      asked.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

/** XEP-0220 §2.5: whatever they had against the question, the peer is told the one thing. */
function answered(outcome: DialbackOutcome): DialbackOutcome {
  return outcome === "valid" || outcome === "invalid" || OUR_WORDS.has(outcome)
    ? outcome
    : "remote-server-not-found";
}

const OUR_WORDS = new Set(["remote-server-timeout", "remote-connection-failed", "remote-server-not-found"]);

function unreachable(error: unknown): DialbackOutcome {
  if (!(error instanceof StanzaError)) throw error;
  if (error.condition === "remote-server-not-found") return "remote-server-not-found";
  return "remote-connection-failed";
}
