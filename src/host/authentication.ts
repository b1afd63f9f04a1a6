/** Logging in to a host: which mechanisms it offers, with whose credentials, and what a login or a failed one means. */
import { randomId } from "../base/id.ts";
import { prepareLocal } from "../jid/local.ts";
import type { ChannelFacts, Credentials, Exchange, Identity, Mechanism } from "../sasl/mechanism.ts";
import { chooseMechanisms, MECHANISMS } from "../sasl/mechanisms.ts";
import type { ClientSession } from "../session/client.ts";
import { type Credentials as Provider, credentials } from "./credentials.ts";
import type { Host } from "./host.ts";
import { loggedIn } from "./points.ts";

export class Authentication {
  #backed: { provider: Provider; backend: Credentials } | undefined;

  constructor(private readonly host: Host) {}

  mechanisms(session: ClientSession): readonly Mechanism[] {
    const backend = this.#backend();
    if (backend === undefined) return [];
    const { mechanisms: allowed, plainWithoutTls } = this.host.options;
    const from = [...MECHANISMS, ...this.host.fittings.mechanisms];
    const known = allowed === undefined ? from : from.filter((m) => allowed.includes(m.name));
    return chooseMechanisms(channelOf(session), backend, { allowPlaintext: plainWithoutTls }, known);
  }

  exchange(session: ClientSession, mechanism: Mechanism): Exchange {
    const backend = this.#backend();
    if (backend === undefined) throw new Error(`${this.host.domain} has no provider of credentials`);
    return mechanism.start({
      backend,
      domain: this.host.domain,
      channel: channelOf(session),
      decoy: this.host.options.decoy,
      offered: this.mechanisms(session).map((m) => m.name),
      peer: session.peer.address,
      nonce: () => randomId(18),
      username,
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

  /** One line, always the same: what fail2ban looks for. */
  failed(session: ClientSession, reason: string, mechanism: string): void {
    this.host.log.warn("auth-failed", {
      peer: session.peer.address,
      host: this.host.domain,
      mechanism,
      reason,
    });
  }

  /** The provider's credentials with the host's say in them: it knows passwords, the host knows who is switched off. */
  #backend(): Credentials | undefined {
    const provider = this.host.fittings.service(credentials);
    if (provider === undefined) return undefined;
    if (this.#backed?.provider !== provider) {
      this.#backed = { provider, backend: backendOf(provider, this.host) };
    }
    return this.#backed.backend;
  }
}

function backendOf(provider: Provider, host: Host): Credentials {
  const { hashes } = provider;
  return {
    ...(hashes === undefined ? {} : { hashes }),
    ...(provider.scram && { scram: (local, hash) => provider.scram!(local, hash) }),
    ...(provider.password && { password: (local, password) => provider.password!(local, password) }),
    ...(provider.external && { external: (der, authzid, peer) => provider.external!(der, authzid, peer) }),
    ...(provider.anonymous && { anonymous: (peer, trace) => provider.anonymous!(peer, trace) }),
    disabled: (local) => host.accounts.isDisabled(local) || provider.disabled?.(local) === true,
  };
}

function channelOf(session: ClientSession): ChannelFacts {
  const tls = session.tls;
  return {
    secure: session.isSecure,
    bindings: tls?.bindings,
    get certificate() {
      return tls?.peerCertificate()[0];
    },
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
