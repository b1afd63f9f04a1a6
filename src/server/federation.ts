/** Federation as this server has it: its hosts as other servers see them, and the servers elsewhere as its hosts do. */
import { isPromise, type Maybe } from "../base/maybe.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Wheel } from "../base/wheel.ts";
import { sameConfig, type Settings } from "../config/mod.ts";
import { type PeerPair, peerPolicy, type Peers } from "../host/federation.ts";
import type { Host } from "../host/host.ts";
import { claiming, peerOpened } from "../host/points.ts";
import type { Router } from "../host/router.ts";
import type { ConnectorGround, Judge } from "../remote/connector.ts";
import type { Dial } from "../remote/dial.ts";
import { keyOfServer } from "../remote/keys.ts";
import { Remotes } from "../remote/remotes.ts";
import type { Asker } from "../session/asker.ts";
import type { Claim, LocalDomain, PeerPolicy } from "../session/federation.ts";
import { ServerIn } from "../session/server_in.ts";
import { StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Storage } from "../storage/store.ts";
import { StreamError } from "../stream/error.ts";
import { Stream, type StreamContext } from "../stream/stream.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { Hosts } from "./hosts.ts";
import { serverLimits } from "./limits.ts";

/** Who finds other servers, and who judges what they show; as the configuration says. */
export interface Elsewhere {
  readonly dial: Dial;
  readonly trust: Judge;
  close(): void;
}

export type OpenElsewhere = (
  settings: Settings,
  ground: { readonly wheel: Wheel; readonly clock: Clock; readonly log: Logger },
) => Elsewhere;

export interface FederationParts {
  readonly hosts: Hosts;
  readonly router: Router;
  readonly streams: StreamContext;
  readonly storage: Storage;
  readonly log: Logger;
  readonly secret: Uint8Array;
  /** Absent where the server talks to nobody elsewhere. */
  readonly open: OpenElsewhere | undefined;
}

export class ServerFederation implements Peers {
  readonly remotes: Remotes;
  readonly #parts: FederationParts;
  #locals: ReadonlyMap<string, LocalDomain> = new Map();
  #settings: Settings;
  #elsewhere: Elsewhere | undefined;
  #connector: ConnectorGround;

  constructor(settings: Settings, parts: FederationParts) {
    this.#parts = parts;
    this.#settings = settings;
    this.#connector = this.#ground(settings, undefined);
    this.remotes = new Remotes({
      connector: () => this.#connector,
      local: (domain) => this.#locals.get(domain),
      isOurs: (domain) => parts.hosts.get(domain) !== undefined,
      anyLocal: () => this.#locals.keys().next().value,
      key: keyOfServer(parts.secret),
      isSafe: () => !parts.storage.dirty,
      flush: () => parts.storage.flush(),
      opened: (session, local, remote, by) => {
        const { direction, bidi, isSecure: secure, peer: { address } } = session;
        const host = parts.hosts.get(local);
        host?.log.info("server connected", { remote, direction, by, bidi, secure, peer: address });
        host?.emit(peerOpened, { local, remote, address, by });
      },
    });
  }

  /** Takes on a configuration: everything that can fail does so before `commit`, and new streams go by it after that. */
  prepare(settings: Settings): { commit(): void; abandon(): void } {
    const { open, streams: { wheel, clock }, log } = this.#parts;
    const stays = this.#elsewhere !== undefined && sameConfig(settings.dns, this.#settings.dns) &&
      sameConfig(settings.tls, this.#settings.tls);
    const next = stays ? this.#elsewhere : open?.(settings, { wheel, clock, log: log.child("federation") });
    return {
      commit: () => {
        if (next !== this.#elsewhere) this.#elsewhere?.close();
        this.#elsewhere = next;
        this.#settings = settings;
        this.#connector = this.#ground(settings, next);
        this.#locals = this.#build();
        this.remotes.refresh();
      },
      abandon: () => {
        if (next !== this.#elsewhere) next?.close();
      },
    };
  }

  /** A connection from another server. */
  accept(carrier: Carrier): ServerIn {
    const { streams } = this.#parts;
    const session = new ServerIn(this.remotes, streams);
    session.start(new Stream(carrier, session, streams, this.#connector.limits));
    return session;
  }

  /** Sends a stanza of a host of ours elsewhere; undefined where that host does not federate. */
  send(stanza: Stanza): "sent" | undefined {
    const local = this.#locals.get(stanza.from!.domain);
    if (local === undefined || this.#elsewhere === undefined) return undefined;
    this.remotes.send(local, stanza);
    return "sent";
  }

  pairs(): PeerPair[] {
    const pairs: PeerPair[] = [];
    for (const session of this.remotes.sessions) {
      const { direction, bidi, isSecure: secure, peer: { address } } = session;
      for (const pair of session.pairs.all()) pairs.push({ ...pair, direction, bidi, secure, address });
    }
    return pairs;
  }

  status() {
    const waiting = [...this.remotes.table.lanes()].filter((lane) => lane.waiting > 0).map((lane) => ({
      local: lane.local.domain,
      remote: lane.remote,
      stanzas: lane.waiting,
    }));
    return { streams: this.remotes.sessions.size, pairs: this.pairs(), waiting };
  }

  close(remote: string, reason: string, local?: string): number {
    return this.remotes.close(remote, new StreamError("policy-violation", reason), local);
  }

  /** What waits for a connection gets a while; then all streams end. */
  stop(graceMs: number): Promise<void> {
    return this.remotes.stop(graceMs);
  }

  /** After the last stream has gone. */
  dispose(): void {
    this.#elsewhere?.close();
    this.#elsewhere = undefined;
  }

  #ground(settings: Settings, elsewhere: Elsewhere | undefined): ConnectorGround {
    const limits = serverLimits(settings.limits);
    return {
      dial: elsewhere?.dial ?? NOBODY,
      trust: elsewhere?.trust ?? NO_TRUST,
      limits,
      minimum: settings.tls.minimum,
      context: this.#parts.streams,
    };
  }

  #build(): Map<string, LocalDomain> {
    const locals = new Map<string, LocalDomain>();
    for (const host of this.#parts.hosts.all()) {
      const policy = host.fittings.service(peerPolicy);
      if (policy !== undefined) locals.set(host.domain, new LocalHost(host, policy, this.#parts.router));
    }
    return locals;
  }
}

/** A host of ours, as other servers see it. */
class LocalHost implements LocalDomain {
  readonly domain: string;
  readonly jid;
  readonly log: Logger;

  constructor(private readonly host: Host, readonly policy: PeerPolicy, private readonly router: Router) {
    this.domain = host.domain;
    this.jid = host.jid;
    this.log = host.log.child("federation");
  }

  tlsContext() {
    return this.host.tlsContext();
  }

  admits(claim: Claim): Maybe<StanzaError | undefined> {
    return this.#admits(claim, 0);
  }

  /** Guards fail closed. */
  #admits(claim: Claim, from: number): Maybe<StanzaError | undefined> {
    const taps = this.host.fittings.tap(claiming);
    for (let i = from; i < taps.length; i++) {
      const { owner, fn } = taps[i]!;
      try {
        const refusal = fn(claim);
        if (isPromise(refusal)) {
          return refusal.then(
            (r) => r ?? this.#admits(claim, i + 1),
            (error) => this.#fault(owner, error),
          );
        }
        if (refusal !== undefined) return refusal;
      } catch (error) {
        return this.#fault(owner, error);
      }
    }
    return undefined;
  }

  #fault(owner: string, error: unknown): StanzaError {
    return error instanceof StanzaError ? error : this.host.fault(owner, error, undefined);
  }

  arrive(stanza: Stanza, asker: Asker): Maybe<void> {
    return this.router.route(stanza, undefined, asker);
  }

  refuse(stanza: Stanza, error: StanzaError): void {
    this.host.refuse(stanza, error, "federation");
  }

  answer(reply: Stanza): void {
    this.host.send(reply);
  }
}

const NOBODY: Dial = {
  targets: () => Promise.reject(new Error("this server does not talk to other servers")),
  connect: () => Promise.reject(new Error("this server does not talk to other servers")),
};
const NO_TRUST: Judge = { identify: () => ({ valid: false, why: "nobody is trusted" }) };
