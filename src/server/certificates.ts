/** The server's certificates: the configured ones, and self-signed ones for user hosts that have none. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { HostSettings, Settings } from "../config/mod.ts";
import { findFiles } from "../transport/certificate_files.ts";
import { type CertificateExpiry, Certificates, type HostCertificate } from "../transport/certificates.ts";
import { selfSigned } from "../transport/self_signed.ts";
import type { ContextChoice } from "../transport/tls.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { CertificateSource } from "./server.ts";

export class ServerCertificates implements CertificateSource, ContextChoice {
  readonly #certificates: Certificates;
  /** Hosts whose certificate is of our own making, with the file to give to clients. */
  readonly selfMade = new Map<string, string>();

  constructor(private readonly clock: Clock, private readonly log: Log) {
    this.#certificates = new Certificates({ hosts: [], clock, log: log.child("tls") });
    this.#certificates.watch();
  }

  choose(domain: string): TlsContext | undefined {
    return this.#certificates.choose(domain);
  }

  get size(): number {
    return this.#certificates.size;
  }

  expiry(): CertificateExpiry[] {
    return this.#certificates.expiry();
  }

  /** What cannot be used at present, in words. */
  get problems(): string[] {
    return this.#certificates.problems.map(({ host, message }) => `certificate of ${host}: ${message}`);
  }

  refresh(settings: Settings): Promise<{ commit(): void }> {
    const hosts = Object.values(settings.hosts).map((host) => this.#sourceOf(host, settings));
    return Promise.resolve({
      commit: () => void this.#certificates.configure(hosts, settings.tls.certs_dir),
    });
  }

  /** Reads changed files now, without waiting for the next look. */
  reload(): string[] {
    this.#certificates.reload();
    return this.problems;
  }

  close(): void {
    this.#certificates.stop();
  }

  #sourceOf(host: HostSettings, settings: Settings): HostCertificate {
    const { domain, certificate } = host;
    if (typeof certificate === "string") return { host: domain, certificate };
    if (certificate !== undefined) return { host: domain, files: certificate };
    if (host.kind !== "user" || findFiles(`${settings.tls.certs_dir}/${domain}`) !== undefined) {
      return { host: domain };
    }
    const { cert, key, made } = selfSigned(`${settings.server.data}/self-signed`, domain, this.clock);
    this.selfMade.set(domain, cert);
    if (made) this.log.info("made a self-signed certificate", { host: domain, file: cert });
    return { host: domain, files: { cert, key } };
  }
}
