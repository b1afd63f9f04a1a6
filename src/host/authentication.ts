/** Logging in to a host: which mechanisms it offers, with whose credentials, and what a login or a failed one means. */
import { randomId } from "../base/id.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Counter, Family } from "../base/metrics.ts";
import { prepareLocal } from "../jid/local.ts";
import type {
  ChannelFacts,
  Credentials,
  Exchange,
  Failure,
  Identity,
  Mechanism,
  ScramHash,
} from "../sasl/mechanism.ts";
import { chooseMechanisms, MECHANISMS } from "../sasl/mechanisms.ts";
import type { ClientSession } from "../session/client.ts";
import type { Attempt } from "../session/home.ts";
import type { Task } from "../session/login.ts";
import type { Element } from "../xml/element.ts";
import {
  accountFor,
  readShown,
  registeredCertificates,
  type ShownCertificate,
} from "./client_certificates.ts";
import type { HostOptions } from "./context.ts";
import { type Credentials as Provider, credentials } from "./credentials.ts";
import { Likeness } from "./likeness.ts";
import { LoginBrake } from "./login_brake.ts";
import type { HostParts } from "./parts.ts";
import { loggedIn } from "./points.ts";
import { upgradeNames, upgradeTasks } from "./scram_upgrade.ts";

/** What is worked out once for a provider and the host's options. */
interface Backed {
  readonly likeness: Likeness;
  /** The names of the tasks that the provider can do (XEP-0480). */
  readonly upgrades: readonly string[];
  readonly provider: Provider;
  readonly options: HostOptions;
  readonly backend: Credentials;
  /** The mechanisms offered, by what the connection has: see `kindOf`. */
  readonly offers: (readonly Mechanism[] | undefined)[];
}

export class Authentication {
  readonly #brake = new LoginBrake();
  readonly #logins: Family<Counter>;
  #backed: Backed | undefined;

  constructor(private readonly host: HostParts) {
    this.#logins = host.metrics.counter(
      "metronome_logins",
      "Attempts to log in, by the mechanism that was tried and what came of it.",
      ["host", "mechanism", "result"],
    );
  }

  /** What a session may be offered; where its header says whom it is from, only what that account can use. */
  mechanisms(session: ClientSession): readonly Mechanism[] {
    const mechanisms = this.offered(this.#channelOf(session));
    const lacking = this.#lacking(session);
    return lacking.length === 0
      ? mechanisms
      : mechanisms.filter(({ name }) => !lacking.some((hash) => isOf(name, hash)));
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
    attempt.stamp = this.host.accounts.stamp();
    const names = attempt.offered?.map((m) => m.name) ?? [];
    const bindings = names.some((name) => name.endsWith("-PLUS")) ? channel.bindings?.keys() : undefined;
    return mechanism.start({
      backend: mechanism.name !== "EXTERNAL" ? backed.backend : {
        ...backed.backend,
        // Judged when the client has spoken: it may have taken its time, and the certificate may count no more.
        external: (_leaf, asked, peer) => this.#accountFor(this.#shown(session), asked, peer),
      },
      domain: this.host.domain,
      channel,
      decoy: (username, hash) => backed.likeness.keys(username, hash),
      offered: names,
      announced: bindings === undefined ? NONE : [...bindings],
      bindingRefused: attempt.bindingRefused,
      peer: session.peer.address,
      nonce: () => randomId(18),
      username: (text) => attempt.account = username(text),
    });
  }

  succeeded(session: ClientSession, identity: Identity, mechanism: string): void {
    session.username = identity.username;
    this.#logins.of(this.host.domain, mechanism, "ok").add();
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
    this.#logins.of(this.host.domain, mechanism === "" ? "none" : mechanism, "failed").add();
    this.host.log.warn("auth-failed", { peer: address, host: this.host.domain, mechanism, reason });
    return this.#brake.failed(address, session.negotiation?.account, this.host.clock.monotonic());
  }

  /** The names of what can be added to accounts here (XEP-0480): what one of them lacks is nothing for strangers. */
  get upgrades(): readonly string[] {
    return this.#back()?.upgrades ?? NONE;
  }

  /** The hashes that the account lacks, or seems to, which a session's header is from. */
  #lacking(session: ClientSession): readonly ScramHash[] {
    const from = session.negotiation?.from ?? "";
    const local = from === "" ? undefined : localOf(from, this.host.domain);
    return local === undefined ? NONE : this.#back()?.likeness.lacking(local) ?? NONE;
  }

  /** What a client asked for and its account lacks. Only who has shown the password may say what its keys are. */
  tasks(request: Element, username: string, mechanism: string): readonly Task[] {
    const provider = this.host.fittings.service(credentials);
    if (provider?.learn === undefined || !/^(?:PLAIN$|SCRAM-)/.test(mechanism)) return [];
    return upgradeTasks(provider, this.host.options.decoy, request, username);
  }

  /** How many milliseconds a session's attempt has to wait before it is looked at. */
  wait(session: ClientSession): number {
    return this.#brake.wait(session.peer.address, this.host.clock.monotonic());
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
      this.#backed = {
        provider,
        options,
        backend: backendOf(provider, this.host),
        likeness: new Likeness(provider, options.decoy, this.host.clock),
        upgrades: provider.learn === undefined ? NONE : upgradeNames(provider.hashes),
        offers: [],
      };
    }
    return this.#backed;
  }

  /** Whether anything could come of a certificate that a client shows; only then it is asked for one (XEP-0178 §2). */
  get asksForCertificates(): boolean {
    const { authorities, mechanisms } = this.host.options;
    if (mechanisms !== undefined && !mechanisms.includes("EXTERNAL")) return false;
    return authorities.size > 0 || this.host.fittings.service(registeredCertificates) !== undefined;
  }

  #channelOf(session: ClientSession): ChannelFacts {
    const { tls, isSecure } = session;
    return { secure: isSecure, bindings: tls?.bindings, certificate: this.#shown(session)?.leaf };
  }

  /** The certificate of a session's connection where somebody could log in with it; judged anew whenever it is asked for. */
  #shown({ tls }: ClientSession): ShownCertificate | undefined {
    if (tls === undefined || !this.asksForCertificates) return undefined;
    const { domain, clock, options, fittings } = this.host;
    const shown = readShown(tls.peerCertificate(), {
      domain,
      authorities: options.authorities,
      registered: fittings.service(registeredCertificates),
      now: clock.now(),
    });
    if (shown === undefined || shown.accounts.length > 0) return shown;
    // Only a provider can know what else a certificate of the authority stands for (XEP-0178 §2, step 11.3).
    return fittings.service(credentials)?.external === undefined ? undefined : shown;
  }

  #accountFor(
    shown: ShownCertificate | undefined,
    asked: string | undefined,
    peer: string,
  ): Maybe<string | Failure | undefined> {
    if (shown === undefined) return undefined;
    const { accounts, domain, fittings } = this.host;
    if (shown.accounts.length === 0) {
      return fittings.service(credentials)?.external?.(shown.leaf, asked, peer);
    }
    return accountFor(shown, asked, domain, (local) => accounts.exists(local));
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
    // What a certificate stands for depends on the connection: see `exchange`.
    external: () => undefined,
    ...(provider.anonymous && { anonymous: (peer, trace) => provider.anonymous!(peer, trace) }),
    disabled: (local) => host.accounts.isDisabled(local),
  };
}

const NONE: readonly never[] = Object.freeze([]);

/** Whether a mechanism needs keys of a hash. */
function isOf(mechanism: string, hash: ScramHash): boolean {
  return mechanism === `SCRAM-${hash}` || mechanism === `SCRAM-${hash}-PLUS`;
}

/** The account that a header is from, if it is one of ours; like guessed names without a trace in the cache. */
function localOf(from: string, domain: string): string | undefined {
  const at = from.indexOf("@");
  return at > 0 && from.slice(at + 1).toLowerCase() === domain ? username(from.slice(0, at)) : undefined;
}

/** Guessed names are prepared without a trace in the cache of JIDs. */
function username(text: string): string | undefined {
  try {
    return prepareLocal(text);
  } catch {
    return undefined;
  }
}
