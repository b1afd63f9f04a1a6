/**
 * The connections of one component, and what waits for it. `Wire` is what outlives a reload; a `Gateway` is made anew with
 * the options, and only the one that serves does anything.
 */
import {
  CLAIMED,
  type ComponentConnection,
  type ComponentHome,
  defineSlot,
  DISCO_INFO_NS,
  type End,
  type HostScope,
  type Jid,
  type Logger,
  type Secret,
  type Stanza,
  StanzaError,
  StreamError,
  type Timed,
} from "#plugin";
import { componentConnected, componentGone, type Line } from "./api.ts";
import { AwayQueue } from "./away_queue.ts";
import type { ComponentOptions } from "./component_options.ts";

export class Wire {
  /** Those that are connected, with the secret that each has proved. Never changed: replaced. */
  connections: readonly { readonly session: ComponentConnection; readonly secret: Secret }[] = [];
  readonly queue = new AwayQueue();

  constructor(
    /** Since when nobody is connected. */
    public since: number,
  ) {}
}

export const held = defineSlot<Wire>("component.wire");

export class Gateway implements ComponentHome, Line, Timed {
  due = 0;

  constructor(private readonly host: HostScope<ComponentOptions>, private readonly wire: Wire) {}

  get domain(): string {
    return this.host.domain;
  }
  get log(): Logger {
    return this.host.log;
  }
  get secret(): Secret {
    return this.host.config.secret;
  }
  get isConnected(): boolean {
    return this.wire.connections.length > 0;
  }

  // --- connections (ComponentHome) --------------------------------------------------------------------------------

  admit(session: ComponentConnection): void {
    const { conflict } = this.host.config;
    if (!this.isConnected || conflict === "share") return;
    if (conflict === "refuse") {
      this.log.warn("refused a second connection of the component", { peer: session.peer.address });
      throw new StreamError("conflict", "the component is connected already");
    }
    for (const { session: old } of this.wire.connections) {
      old.end(new StreamError("conflict", "replaced by a new connection"));
    }
  }

  connected(session: ComponentConnection): void {
    const { wire } = this;
    const first = !this.isConnected;
    wire.connections = [...wire.connections, { session, secret: this.secret }];
    this.host.wheel.disarm(this);
    this.log.info("the component has connected", {
      peer: session.peer.address,
      waiting: wire.queue.length,
      connections: wire.connections.length,
    });
    for (const stanza of wire.queue.empty()) this.#pick(stanza.to).write(stanza);
    if (first) this.host.announce(componentConnected, { domain: this.domain });
  }

  disconnected(session: ComponentConnection, end: End): void {
    const { wire } = this;
    wire.connections = wire.connections.filter((it) => it.session !== session);
    this.log.info("the component has gone", {
      reason: end?.message ?? "it closed its stream",
      connections: wire.connections.length,
    });
    if (this.isConnected) return;
    wire.since = this.host.clock.now();
    this.host.announce(componentGone, { domain: this.domain });
  }

  failed(session: ComponentConnection, error: unknown): void {
    this.log.error("a component's stream failed", { peer: session.peer.address, error });
  }

  // --- from everybody else ----------------------------------------------------------------------------------------

  take(stanza: Stanza): typeof CLAIMED | undefined {
    if (this.isConnected) {
      this.#pick(stanza.to).write(stanza);
      return CLAIMED;
    }
    // What the domain is can be said without it.
    if (stanza.isRequest && stanza.reach === "host" && stanza.payload?.ns === DISCO_INFO_NS) return undefined;
    // Nobody waits for an answer to these, and they mean nothing later on.
    const { kind, type } = stanza;
    if (type === "error" || type === "result" || type === "probe" || type === "unavailable") return CLAIMED;
    const left = this.wire.since + this.host.config.wait - this.host.clock.now();
    if (left <= 0) throw away(kind, "the service is not connected");
    if (!this.wire.queue.add(stanza, this.host.config)) throw away(kind, "too much waits for the service");
    if (this.due === 0) this.host.wheel.arm(this, left);
    return CLAIMED;
  }

  /** One address is served by one connection, so that order is kept. */
  #pick(to: Jid | undefined): ComponentConnection {
    const { connections } = this.wire;
    if (connections.length === 1) return connections[0]!.session;
    const text = to?.bare.toString() ?? "";
    let hash = 0;
    for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) >>> 0;
    return connections[hash % connections.length]!.session;
  }

  /** The component has been away for too long: what waited is given back. */
  expire(): void {
    for (const stanza of this.wire.queue.empty()) {
      this.host.refuse(
        stanza,
        new StanzaError("remote-server-timeout", "the service has not come back in time"),
      );
    }
  }

  // --- reloads ----------------------------------------------------------------------------------------------------

  /** These options hold from now on. */
  serve(): undefined {
    const { wire, host: { config, clock } } = this;
    for (const { session, secret } of wire.connections) {
      // RFC 6120 §4.9.3.16: what the stream's security rests on is no longer what it was.
      if (!secret.equals(config.secret)) {
        session.end(new StreamError("reset", "the secret is another one now"));
      }
    }
    if (!this.isConnected && wire.queue.length > 0) {
      this.host.wheel.arm(this, Math.max(0, wire.since + config.wait - clock.now()));
    }
  }

  /** Others serve from now on. */
  rest(): void {
    this.host.wheel.disarm(this);
  }
}

/** To be tried again: `service-unavailable` says "cancel" otherwise. */
function away(kind: string, why: string): StanzaError {
  return new StanzaError("service-unavailable", why, kind === "presence" ? {} : { type: "wait" });
}
