/**
 * What can be done with an account's certificates, whoever asks for it: the requests of XEP-0257 and the commands. Errors
 * are StanzaErrors.
 */
import {
  type Certificate,
  type ClientSession,
  decodeBase64,
  defineSlot,
  fingerprintOf,
  type HostScope,
  Jid,
  nextTurn,
  readCertificate,
  type RegisteredCertificates,
  StanzaError,
  StreamError,
} from "#plugin";
import { devices } from "./api.ts";
import { CertificateStore, type Registered } from "./user_certificates_store.ts";

/** What a session has logged in with. */
interface LoginCertificate {
  readonly fingerprint: string;
  /** It may not add or remove certificates, even when the one it came with has been taken away meanwhile. */
  readonly limited: boolean;
  /** The account had registered it. */
  readonly registered: boolean;
}

export interface CertificateOptions {
  readonly most: number;
}

const loginCertificate = defineSlot<LoginCertificate>("loginCertificate");

/** Bytes of DER; those of people have one to two thousand. */
const LARGEST = 16_384;
/** Characters. */
const LONGEST_NAME = 100;
/** Mechanisms of XEP-0484: the token was given at a login before. */
const TOKEN = /^HT-/;

export class CertificateDesk implements RegisteredCertificates {
  readonly #store: CertificateStore;

  constructor(private readonly host: HostScope<CertificateOptions>) {
    this.#store = new CertificateStore(host);
  }

  // --- logins -----------------------------------------------------------------------------------------------------

  accountsOf(leaf: Uint8Array): readonly string[] {
    return this.#store.accountsOf(fingerprintOf(leaf));
  }

  /** Notes what a session has logged in with: the certificate itself, or a token that a device got with it. */
  loggedIn(session: ClientSession, mechanism: string): void {
    const { username, agent } = session;
    if (mechanism === "EXTERNAL") {
      const fingerprint = shownBy(session);
      if (fingerprint === undefined) return;
      const registered = this.#store.find(username, fingerprint);
      session.set(loginCertificate, loginWith(registered, fingerprint));
      const known = this.host.find(devices);
      if (registered === undefined || agent === "" || known === undefined) return;
      for (const old of this.#store.noteAgent(username, registered, agent)) known.forget(username, old);
    } else if (agent !== "" && TOKEN.test(mechanism)) {
      const registered = this.#store.ofAgent(username, agent);
      if (registered !== undefined) session.set(loginCertificate, loginWith(registered));
    } else if (agent !== "" && this.#store.dropAgent(username, agent)) {
      // Whoever has shown the password gets tokens that are no certificate's.
      this.host.find(devices)?.forget(username, agent);
    }
  }

  /**
   * A session begins, or goes on with the login that was made for that: what it may do is what that login may (XEP-0257 §2.1,
   * §5.2). The certificate may have been revoked since, when no list had the session yet (§2.4).
   */
  arrived(session: ClientSession, from = session): void {
    const login = this.loginOf(from);
    session.set(loginCertificate, login);
    if (login?.registered === true && this.#store.find(session.username, login.fingerprint) === undefined) {
      this.end(session);
    }
  }

  /** How a session has logged in, where that was with a certificate. */
  loginOf(session: ClientSession): LoginCertificate | undefined {
    return session.get(loginCertificate);
  }

  // --- management -------------------------------------------------------------------------------------------------

  /** Refuses whoever may not even look: XEP-0257 §5.1 wants TLS and a login at this host. */
  requireInsider(session: ClientSession | undefined): ClientSession {
    if (session === undefined || session.home?.domain !== this.host.domain) {
      throw new StanzaError("not-allowed", "only the account's own clients may see its certificates");
    }
    if (!session.isSecure) {
      throw new StanzaError("not-allowed", "certificates are managed over connections with TLS only");
    }
    return session;
  }

  /** Refuses also who has logged in with a certificate that may not manage others (XEP-0257 §2.1). */
  requireManager(session: ClientSession | undefined): ClientSession {
    const insider = this.requireInsider(session);
    if (this.loginOf(insider)?.limited === true) {
      throw new StanzaError("forbidden", "the certificate you logged in with may not manage certificates");
    }
    return insider;
  }

  list(local: string): readonly Registered[] {
    return this.#store.list(local);
  }

  /** The sessions that have logged in with a certificate. */
  usersOf(local: string, { fingerprint }: Registered): ClientSession[] {
    return this.#sessions(local).filter((session) => this.loginOf(session)?.fingerprint === fingerprint);
  }

  add(local: string, name: string, bytes: Uint8Array, limited: boolean): void {
    checkName(name);
    const certificate = this.#usable(bytes);
    const known = this.#store.list(local);
    for (const { name: other, fingerprint } of known) {
      if (other === name) throw new StanzaError("conflict", "there is a certificate of this name already");
      if (fingerprint === certificate.fingerprint) {
        throw new StanzaError("conflict", `this certificate is there already, as "${other}"`);
      }
    }
    this.#makeRoom(local, known);
    this.#store.add(local, name, certificate, limited, this.host.clock.now());
    this.#log("client certificate added", local, certificate);
  }

  /** A certificate can be used no more, nor the tokens that devices got with it; sessions stay. */
  disable(local: string, name: string): Registered {
    const registered = this.#store.get(local, name);
    if (registered === undefined) {
      throw new StanzaError("item-not-found", "there is no certificate of this name");
    }
    this.#store.remove(local, name);
    const known = this.host.find(devices);
    for (const agent of registered.agents) known?.forget(local, agent);
    this.#log("client certificate disabled", local, registered);
    return registered;
  }

  /**
   * A certificate is in the wrong hands: with it go the sessions that logged in with it, or whose connection shows it (one
   * may have been resumed by it). `last` is the session that asks: true where it must be ended too.
   */
  revoke(local: string, name: string, last: ClientSession): boolean {
    const { fingerprint } = this.disable(local, name);
    let own = false;
    for (const session of this.#sessions(local)) {
      const login = this.loginOf(session);
      if (login?.fingerprint !== fingerprint && shownBy(session) !== fingerprint) continue;
      if (session === last) own = true;
      else this.end(session);
    }
    return own;
  }

  end(session: ClientSession): void {
    session.end(new StreamError("not-authorized", "the certificate of this session has been revoked"));
  }

  /** Ends the session that asks, once it has its answer. */
  endLater(session: ClientSession): void {
    this.host.spawn(async () => {
      await this.host.flush();
      await nextTurn();
      this.end(session);
    });
  }

  #usable(bytes: Uint8Array): Certificate {
    const certificate = bytes.length > LARGEST ? undefined : readCertificate(bytes);
    if (certificate === undefined) {
      throw new StanzaError("not-acceptable", `this is no X.509 certificate of at most ${LARGEST} bytes`);
    }
    if (certificate.notAfter <= this.host.clock.now()) {
      throw new StanzaError("not-acceptable", "this certificate has expired");
    }
    return certificate;
  }

  /** XEP-0257 §2.3 lets expired ones be removed; that is done when their place is needed. */
  #makeRoom(local: string, known: readonly Registered[]): void {
    const now = this.host.clock.now();
    const expired = known.filter(({ expires }) => expires <= now);
    if (known.length - expired.length >= this.host.config.most) {
      throw new StanzaError(
        "resource-constraint",
        `an account may have ${this.host.config.most} certificates: remove one first`,
      );
    }
    if (known.length >= this.host.config.most) {
      for (const { name } of expired) this.disable(local, name);
    }
  }

  #sessions(local: string): readonly ClientSession[] {
    return this.host.sessions(Jid.of(local, this.host.domain));
  }

  #log(message: string, local: string, { fingerprint }: { readonly fingerprint: string }): void {
    this.host.log.info(message, { account: `${local}@${this.host.domain}`, fingerprint });
  }
}

/** The DER in a text: base64 as in XEP-0257, or PEM as programs write it to files. */
export function bytesOf(text: string): Uint8Array {
  const pem = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(text);
  const bytes = decodeBase64((pem?.[1] ?? text).replace(/\s+/g, ""));
  if (bytes === undefined || bytes.length === 0) {
    throw new StanzaError("bad-request", "the certificate is not in base64");
  }
  return bytes;
}

function checkName(name: string): void {
  if (name === "") throw new StanzaError("bad-request", "the certificate needs a name");
  if ([...name].length > LONGEST_NAME) {
    throw new StanzaError("not-acceptable", `a name may have at most ${LONGEST_NAME} characters`);
  }
}

function loginWith(
  registered: Registered | undefined,
  fingerprint = registered?.fingerprint ?? "",
): LoginCertificate {
  return { fingerprint, limited: registered?.limited === true, registered: registered !== undefined };
}

/** The fingerprint of the certificate that a session's connection has shown. */
function shownBy(session: ClientSession): string | undefined {
  const leaf = session.tls?.peerCertificate()[0];
  return leaf === undefined ? undefined : fingerprintOf(leaf);
}
