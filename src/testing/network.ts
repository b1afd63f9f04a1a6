/**
 * A network of a test: servers of the test, and scripted ones, that are found by their domain and connected to without a socket.
 * `testServer({ network })` joins it with all its hosts.
 */
import type { Dial, Dialled } from "../remote/dial.ts";
import { ResolveError, type Target } from "../remote/resolve.ts";
import type { ClientTls } from "../transport/connect.ts";
import { shownBy } from "./certificate.ts";
import { ManualClock } from "./clock.ts";
import { link, type LinkEnd } from "./link.ts";
import { TestAnswerer } from "./peer.ts";

/** Something that can be connected to. */
export interface Place {
  /** TLS from the first byte. */
  readonly direct?: boolean;
  /** What a client sees there when TLS is direct. */
  readonly chain?: () => Uint8Array[];
  /** DNS says nothing about the domain. */
  readonly unheard?: boolean;
  /** A connection has come; absent where nobody answers at all. What it throws is why there is none. */
  readonly accept?: (end: LinkEnd) => void;
}

/** A server of the test that has joined. */
export interface Member {
  /** Does what is due now; whether there may be more. */
  step(): Promise<boolean>;
}

export class TestNetwork {
  /** The time of all servers that have joined. */
  readonly clock = new ManualClock();
  readonly members = new Set<Member>();
  readonly #places = new Map<string, Place[]>();
  /** Domains that were connected to, in order. */
  readonly dialled: string[] = [];
  /** Domains that were looked up, in order. */
  readonly asked: string[] = [];

  /** Says where a domain is: places in the order in which they are tried; none is a domain that does not exist. */
  place(domain: string, ...places: Place[]): void {
    if (places.length === 0) this.#places.delete(domain);
    else this.#places.set(domain, places);
  }

  /** Scripted servers of a domain: one for every connection that is made to it, in order. */
  answers(domain: string, place: Omit<Place, "accept"> = {}): TestAnswerer[] {
    const answerers: TestAnswerer[] = [];
    const accept = (end: LinkEnd): void => {
      answerers.push(new TestAnswerer(end, domain, () => this.settle()));
    };
    this.place(domain, { ...place, accept });
    return answerers;
  }

  /** Hands a connection to whoever is at a domain's first place, for places that pass it on. */
  accept(domain: string, end: LinkEnd): void {
    this.#places.get(domain)?.[0]?.accept?.(end);
  }

  /** Lets everything happen that follows from what was done so far, on all servers, without the clock moving. */
  async settle(): Promise<void> {
    for (let still = 0; still < 3;) {
      let busy = false;
      for (const member of this.members) if (await member.step()) busy = true;
      still = busy ? 0 : still + 1;
    }
  }

  /** What a server of the network finds others by. `address` is where its connections come from. */
  dial(address: string): Dial {
    return {
      targets: (domain, signal) => this.#targets(domain, signal),
      connect: (domain, target, request) => this.#connect(domain, target, address, request ?? {}),
    };
  }

  #targets(domain: string, signal: AbortSignal | undefined): Promise<readonly Target[]> {
    this.asked.push(domain);
    const places = this.#places.get(domain);
    if (places === undefined) {
      return Promise.reject(new ResolveError("remote-server-not-found", `${domain} does not exist`));
    }
    if (places[0]?.unheard === true) return aborted(signal);
    return Promise.resolve(places.map(({ direct = false }, i) => ({
      host: domain,
      port: 5269 + i,
      direct,
      authentic: false,
    })));
  }

  #connect(
    domain: string,
    target: Target,
    address: string,
    { secure, signal }: { secure?: ClientTls["secure"] | undefined; signal?: AbortSignal | undefined },
  ): Promise<Dialled> {
    this.dialled.push(domain);
    const place = this.#places.get(domain)?.[target.port - 5269];
    if (place === undefined) return Promise.reject(new Error("connection refused"));
    const { accept } = place;
    if (accept === undefined) return aborted(signal);
    const { near, far } = link(address);
    if (place.direct === true) {
      near.chain = shownBy(secure);
      far.chain = place.chain?.() ?? [];
      near.becomeSecure(domain);
      far.becomeSecure(domain);
    }
    try {
      accept(far);
    } catch (error) {
      return Promise.reject(error);
    }
    return Promise.resolve({ carrier: near, target, address: "127.0.0.1", tlsa: undefined });
  }
}

/** Nothing comes of it until it is given up. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}
