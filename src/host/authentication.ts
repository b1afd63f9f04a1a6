/** Logging in to a host: which mechanisms it offers, with whose credentials, and what a login or a failed one means. */
import { randomId } from "../base/id.ts";
import { Jid } from "../jid/jid.ts";
import type { ChannelFacts, Credentials, Exchange, Identity, Mechanism } from "../sasl/mechanism.ts";
import { chooseMechanisms, MECHANISMS } from "../sasl/mechanisms.ts";
import type { ClientSession } from "../session/client.ts";
import { credentials } from "./credentials.ts";
import type { Host } from "./host.ts";
import { loggedIn } from "./points.ts";

export class Authentication {
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
      username: (text) => Jid.tryParse(`${text}@${this.host.domain}`)?.local,
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

  #backend(): Credentials | undefined {
    const provider = this.host.fittings.service(credentials);
    if (provider === undefined) return undefined;
    const { accounts } = this.host;
    // The provider knows passwords, the host knows who is switched off.
    return Object.assign(Object.create(provider) as Credentials, {
      disabled: (local: string) => accounts.isDisabled(local) || provider.disabled?.(local) === true,
    });
  }
}

function channelOf(session: ClientSession): ChannelFacts {
  const tls = session.tls;
  return {
    secure: session.isSecure,
    bindings: tls?.bindings,
    certificate: tls?.peerCertificate()[0],
  };
}
