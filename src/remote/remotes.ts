/**
 * All servers elsewhere: which stream leads to whom, what waits for one, and what becomes of it when there is none. Every
 * domain has its own lanes, attempts and back-off, so that a slow or hostile one is nobody else's matter.
 */
import type { Maybe } from "../base/maybe.ts";
import type {
  Challenge,
  Federation,
  InboundPeer,
  LocalDomain,
  PeerStream,
  Proof,
} from "../session/federation.ts";
import type { DialbackOutcome } from "../session/dialback_element.ts";
import { SERVER_FEATURES } from "../session/features/server_features.ts";
import type { Means } from "../session/pairs.ts";
import type { ServerAcks } from "../session/server_acks.ts";
import { ServerOut } from "../session/server_out.ts";
import { StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import { Traffic } from "../stanza/traffic.ts";
import { StreamError } from "../stream/error.ts";
import { Negotiator } from "../stream/negotiator.ts";
import type { End } from "../stream/stream.ts";
import { Attempts } from "./attempts.ts";
import { Confirming } from "./confirm.ts";
import type { ConnectorGround } from "./connector.ts";
import { identifyInbound } from "./inbound_proof.ts";
import { dialbackKey, keyOfSecret } from "./keys.ts";
import { bounce, type Lane, tooMuch } from "./lane.ts";
import { laneOf, type Peer, PeerTable } from "./peer_table.ts";
import { reach, Unreached } from "./reach.ts";
import { closeDomain, type Granted, revokeStale } from "./revoke.ts";
import { Unacknowledged } from "./unacknowledged.ts";

/** What it works with, and what of the configuration may change while it does. */
export interface RemotesGround {
  /** As the configuration is now. */
  connector(): ConnectorGround;
  local(domain: string): LocalDomain | undefined;
  isOurs(domain: string): boolean;
  anyLocal(): string | undefined;
  /** What dialback keys are made with where a host says nothing (keys.ts). */
  readonly key: string;
  isSafe(): boolean;
  flush(): Promise<void>;
  /** A pair was authenticated. */
  opened(session: PeerStream, local: string, remote: string, by: Means): void;
}

export class Remotes implements Federation, Granted {
  readonly negotiator = new Negotiator<InboundPeer>(SERVER_FEATURES);
  /** Streams that are authenticated for some pair. */
  readonly sessions = new Set<PeerStream>();
  readonly table = new PeerTable();
  readonly received = new Traffic();
  readonly sent = new Traffic();
  readonly #confirming: Confirming;
  readonly #unacknowledged: Unacknowledged;
  readonly #attempts = new Attempts();
  #stopping = false;

  constructor(private readonly ground: RemotesGround) {
    const { context: { wheel, clock } } = ground.connector();
    this.#unacknowledged = new Unacknowledged(wheel, {
      local: (domain) => this.local(domain),
      send: (local, stanza) => this.#pass(local, stanza),
      resume: (session, local) => this.#resume(session, local),
    });
    this.#confirming = new Confirming(this, () => ground.connector(), clock, this.table);
  }

  // --- for streams (Federation) -----------------------------------------------------------------------------------

  local(domain: string): LocalDomain | undefined {
    return this.ground.local(domain);
  }
  isOurs(domain: string): boolean {
    return this.ground.isOurs(domain);
  }
  get anyLocal(): string | undefined {
    return this.ground.anyLocal();
  }
  identify(remote: string, chain: readonly Uint8Array[]): Maybe<Proof> {
    return identifyInbound(this.ground.connector(), remote, chain);
  }
  get parked(): Iterable<PeerStream> {
    return this.#unacknowledged.parked.all();
  }
  key(local: LocalDomain, remote: string, id: string): string {
    const { dialbackSecret } = local.policy;
    const key = dialbackSecret === undefined ? this.ground.key : keyOfSecret(dialbackSecret);
    return dialbackKey(key, remote, local.domain, id);
  }
  confirm(challenge: Challenge): Promise<DialbackOutcome> {
    return this.#confirming.confirm(challenge);
  }
  get isSafe(): boolean {
    return this.ground.isSafe();
  }
  flush(): Promise<void> {
    return this.ground.flush();
  }
  keep(id: string, stream: PeerStream): void {
    this.#unacknowledged.parked.keep(id, stream);
  }
  resumable(id: string): PeerStream | undefined {
    return this.#unacknowledged.parked.find(id);
  }
  resuming(old: PeerStream, acks: ServerAcks): void {
    this.#unacknowledged.resuming(old, acks);
  }
  continued(old: PeerStream, stream: PeerStream): void {
    const id = stream.acks?.id;
    if (id === undefined) return;
    this.#unacknowledged.parked.forget(old, id);
    if (stream.direction === "in") this.keep(id, stream);
  }

  authenticated(session: PeerStream, domain: string, remote: string): void {
    this.sessions.add(session);
    const local = this.local(domain);
    if (local === undefined) return;
    const peer = this.table.of(remote);
    this.table.reached(peer);
    if (carries(session, local, remote)) {
      peer.streams.add(session);
      const lane = laneOf(peer, local);
      if (lane.stream === undefined) lane.attach(session);
    }
    this.ground.opened(session, domain, remote, session.pairs.by(domain, remote)!);
  }

  ended(session: PeerStream, end: End): void {
    this.sessions.delete(session);
    const remotes = new Set([session.remote]);
    for (const { remote } of session.pairs.all()) remotes.add(remote);
    for (const remote of remotes) {
      const peer = this.table.find(remote);
      if (peer === undefined) continue;
      if (session instanceof ServerOut) peer.outs.delete(session);
      peer.streams.delete(session);
      for (const lane of peer.lanes.values()) if (lane.stream === session) this.#detach(peer, lane);
    }
    this.#unacknowledged.lost(session, end);
    for (const remote of remotes) this.table.tidy(remote);
  }

  revoke(session: PeerStream, domain: string, remote: string): void {
    session.pairs.remove(domain, remote);
    // It would come back with what it was.
    if (session.stream === undefined) this.#unacknowledged.parked.expire(session);
    const peer = this.table.find(remote);
    if (peer === undefined) return;
    if (!session.pairs.hasRemote(remote)) peer.streams.delete(session);
    const lane = peer.lanes.get(domain);
    if (lane?.stream === session) this.#detach(peer, lane);
    this.table.tidy(remote);
  }

  /** A lane has lost its stream; another one may carry the same pair. */
  #detach({ streams }: Peer, lane: Lane): void {
    lane.stream = undefined;
    const { local, remote } = lane;
    for (const session of streams) {
      if (session.stream?.isOpen === true && carries(session, local, remote)) return lane.attach(session);
    }
  }

  // --- out --------------------------------------------------------------------------------------------------------

  /** Sends a stanza of a host of ours, or of an account there, to another domain. */
  send(local: LocalDomain, stanza: Stanza): void {
    this.sent[stanza.kind]++;
    this.#pass(local, stanza);
  }

  #pass(local: LocalDomain, stanza: Stanza): void {
    const remote = stanza.to!.domain;
    this.#unacknowledged.replaced(stanza);
    const { stream } = this.table.lane(local.domain, remote) ?? {};
    if (stream !== undefined) stream.write(stanza);
    else this.#wait(local, remote, stanza);
  }

  #resume(session: PeerStream, local: LocalDomain): boolean {
    const peer = this.table.of(session.remote);
    const lane = laneOf(peer, local);
    if (lane.attempt !== undefined || lane.stream !== undefined) return false;
    void this.#attempt(peer, lane, session);
    return true;
  }

  #wait(local: LocalDomain, remote: string, stanza: Stanza): void {
    const refusal = this.#stopping ? STOPPING : local.policy.refuses(remote);
    if (refusal !== undefined) return bounce(local, stanza, refusal);
    const peer = this.table.of(remote);
    const lane = laneOf(peer, local);
    if (lane.attempt === undefined && peer.backOff.holds(this.#now)) {
      return bounce(local, stanza, peer.backOff.failure!);
    }
    if (lane.attempt === undefined && !this.#attempts.hasRoom(this.#now)) {
      return bounce(local, stanza, CROWDED);
    }
    if (!lane.keep(stanza)) return bounce(local, stanza, tooMuch(remote));
    if (lane.attempt === undefined) void this.#attempt(peer, lane, undefined);
  }

  /** Makes a connection for a lane. Never rejects. */
  async #attempt(peer: Peer, lane: Lane, resuming: PeerStream | undefined): Promise<void> {
    const { clock } = this.ground.connector().context;
    const abort = lane.attempt = this.#attempts.begin(this.#now);
    const timer = clock.after(lane.local.policy.connectWithin, () => {
      abort.abort(new StanzaError("remote-server-timeout", `${peer.remote} could not be reached in time`));
    });
    const failure = await this.#reach(peer, lane, resuming, abort.signal);
    timer.cancel();
    this.#attempts.over(abort);
    lane.attempt = undefined;
    // Another stream may have come meanwhile, from the other side.
    if (lane.stream === undefined) {
      // Where nothing waits nobody is to be spared: a stream was to be gone on with, or it was given up here.
      if (failure?.backsOff === true && lane.waiting > 0) this.#backOff(peer, lane, failure.reason);
      lane.bounce(
        failure?.reason ?? new StanzaError("remote-server-timeout", `${peer.remote} closed the stream`),
      );
    }
    if (resuming !== undefined) this.#unacknowledged.settle(resuming);
    this.table.tidy(peer.remote);
  }

  async #reach(
    peer: Peer,
    lane: Lane,
    resuming: PeerStream | undefined,
    signal: AbortSignal,
  ): Promise<Unreached | undefined> {
    const { remote } = peer;
    const { log } = lane.local;
    try {
      const out = await reach(this, this.ground.connector(), peer, lane, resuming, signal);
      if (out?.isSettled === true) peer.outs.add(out);
      return undefined;
    } catch (error) {
      if (!(error instanceof Unreached)) {
        log.error("a connection to another server failed", { remote, error });
        return new Unreached(new StanzaError("internal-server-error"), true);
      }
      const { condition, text: reason } = error.reason;
      log.info("a server cannot be reached", { remote, condition, reason, waiting: lane.waiting });
      return error;
    }
  }

  #backOff({ backOff }: Peer, { local: { policy } }: Lane, failure: StanzaError): void {
    backOff.failed(failure, this.#now, policy.backOffFirst, policy.backOffMost, Math.random());
  }

  get #now(): number {
    return this.ground.connector().context.clock.monotonic();
  }

  // --- the whole --------------------------------------------------------------------------------------------------

  /** Ends what a domain has with a host of ours, or with all; what waits for it is bounced. Counts the pairs. */
  close(remote: string, error: StreamError, domain?: string): number {
    return closeDomain(this, remote, error, domain);
  }

  /** The configuration has changed: hosts that are gone, and domains that are not talked to any more. */
  refresh(): void {
    revokeStale(this, this);
  }

  /** Nothing waits for a connection any more, or the time is over; then everything ends. Never rejects. */
  async stop(graceMs: number): Promise<void> {
    const { clock } = this.ground.connector().context;
    const end = clock.monotonic() + graceMs;
    while (this.table.waiting > 0 && clock.monotonic() < end) {
      await new Promise<void>((resolve) => void clock.after(STOP_LOOK_MS, resolve));
    }
    this.#stopping = true;
    this.#confirming.stop();
    this.#unacknowledged.stop();
    for (const lane of this.table.lanes()) lane.attempt?.abort(STOPPING);
    for (const session of [...this.sessions]) session.end(new StreamError("system-shutdown"));
  }
}

/** Whether a host's stanzas for a domain go out on a stream. */
function carries(session: PeerStream, { domain, policy }: LocalDomain, remote: string): boolean {
  if (!session.sends || !session.pairs.has(domain, remote)) return false;
  // The stream is another host's as well, which may see it otherwise (XEP-0288).
  return session.direction === "out" || policy.bidi(remote);
}

const CROWDED = new StanzaError("resource-constraint", "too many connections are being made");
const STOP_LOOK_MS = 50;
const STOPPING = new StanzaError("remote-server-timeout", "this server is being stopped");
