/** Logging in to a host: which mechanisms it offers, with whose credentials, and what a login or a failed one means. */
import { randomId } from "../base/id.ts";
import { prepareLocal } from "../jid/local.ts";
import type { ChannelFacts, Credentials, Exchange, Identity, Mechanism } from "../sasl/mechanism.ts";
import { chooseMechanisms, MECHANISMS } from "../sasl/mechanisms.ts";
import type { ClientSession } from "../session/client.ts";
import type { Attempt } from "../session/home.ts";
import { accountOf, trustedLeaf } from "./client_certificates.ts";
import type { HostOptions } from "./context.ts";
import { type Credentials as Provider, credentials } from "./credentials.ts";
import { LoginBrake } from "./login_brake.ts";
import type { HostParts } from "./parts.ts";
import { loggedIn } from "./points.ts";

/** What is worked out once for a provider and the host's options. */
interface Backed {
  readonly provider: Provider;
  readonly options: HostOptions;
  readonly backend: Credentials;
  /** The mechanisms offered, by what the connection has: see `kindOf`. */
  readonly offers: (readonly Mechanism[] | undefined)[];
}

export class Authentication {
  readonly #brake = new LoginBrake();
  #backed: Backed | undefined;

  constructor(private readonly host: HostParts) {}

  mechanisms(session: ClientSession): readonly Mechanism[] {
    return this.offered(this.#channelOf(session));
  }

  /** What a connection of this kind is offered, strongest first. */
  offered(channel: ChannelFacts): readonly Mechanism[] {
    const backed = this.#back();
    if (backed === undefined) return [];
    const kind = kindOf(channel);
    return backed.offers[kind] ??= this.#choose(channel, backed);
  }

  exchange(session: ClientSession, mechanism: Mechanism, attempt: Attempt): Exchange {
    const backed = this.#back();
    if (backed === undefined) throw new Error(`${this.host.domain} has no provider of credentials`);
    const channel = this.#channelOf(session);
    const names = this.offered(channel).map((m) => m.name);
    return mechanism.start({
      backend: backed.backend,
      domain: this.host.domain,
      channel,
      decoy: this.host.options.decoy,
      // Who has tried a binding that we do not know has seen that there are some: nothing was hidden from it.
      offered: attempt.bindingRefused ? names.filter((name) => !name.endsWith("-PLUS")) : names,
      peer: session.peer.address,
      nonce: () => randomId(18),
      username: (text) => attempt.account = username(text),
    });
  }

  succeeded(session: ClientSession, identity: Identity, mechanism: string): void {
    session.username = identity.username;
    this.host.log.info("login", {
      account: `${identity.username}@${this.host.domain}`,
      peer: session.peer.address,
      mechanism,
    });
    this.host.emit(loggedIn, { session, mechanism });
  }

  /** One line, always the same: what fail2ban looks for. How long the answer is to be held back. */
  failed(session: ClientSession, reason: string, mechanism: string): number {
    const { address } = session.peer;
    this.host.log.warn("auth-failed", { peer: address, host: this.host.domain, mechanism, reason });
    return this.#brake.failed(address, session.negotiation?.account, this.host.clock.monotonic());
  }

  #choose(channel: ChannelFacts, { backend, options }: Backed): readonly Mechanism[] {
    const from = [...MECHANISMS, ...this.host.fittings.mechanisms];
    const { mechanisms: allowed } = options;
    const known = allowed === undefined ? from : from.filter((m) => allowed.includes(m.name));
    return chooseMechanisms(channel, backend, { allowPlaintext: options.plainWithoutTls }, known);
  }

  /** The provider's credentials with the host's say in them: it knows passwords, the host knows who is switched off. */
  #back(): Backed | undefined {
    const provider = this.host.fittings.service(credentials);
    if (provider === undefined) return undefined;
    const { options } = this.host;
    if (this.#backed?.provider !== provider || this.#backed.options !== options) {
      this.#backed = { provider, options, backend: backendOf(provider, this.host), offers: [] };
    }
    return this.#backed;
  }

  #channelOf(session: ClientSession): ChannelFacts {
    const { tls, isSecure } = session;
    const { authorities } = this.host.options;
    if (tls === undefined || authorities.length === 0) return { secure: isSecure, bindings: tls?.bindings };
    const now = this.host.clock.now();
    return {
      secure: isSecure,
      bindings: tls.bindings,
      certificate: trustedLeaf(tls.peerCertificate(), authorities, now),
    };
  }
}

/** A number for what matters of a connection when mechanisms are chosen. */
function kindOf({ secure, bindings, certificate }: ChannelFacts): number {
  return (secure ? 1 : 0) + (bindings !== undefined && bindings.size > 0 ? 2 : 0) +
    (certificate === undefined ? 0 : 4);
}

function backendOf(provider: Provider, host: HostParts): Credentials {
  const { hashes } = provider;
  return {
    ...(hashes === undefined ? {} : { hashes }),
    ...(provider.scram && { scram: (local, hash) => provider.scram!(local, hash) }),
    ...(provider.password && { password: (local, password) => provider.password!(local, password) }),
    external: (leaf, asked, peer) => {
      const account = accountOf(leaf, asked, host.domain);
      if (account !== undefined) return host.accounts.exists(account) ? account : undefined;
      return provider.external?.(leaf, asked, peer);
    },
    ...(provider.anonymous && { anonymous: (peer, trace) => provider.anonymous!(peer, trace) }),
    disabled: (local) => host.accounts.isDisabled(local) || provider.disabled?.(local) === true,
  };
}

/** Guessed names are prepared without a trace in the cache of JIDs. */
function username(text: string): string | undefined {
  try {
    return prepareLocal(text);
  } catch {
    return undefined;
  }
}
