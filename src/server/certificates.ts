/** The server's certificates: the configured ones, and self-signed ones for user hosts that have none. */
import { deepEqual } from "../base/equal.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { HostSettings, Settings } from "../config/mod.ts";
import { findFiles, layoutsOf, readFiles } from "../transport/certificate_files.ts";
import { type CertificateExpiry, Certificates, type HostCertificate } from "../transport/certificates.ts";
import { selfSigned } from "../transport/self_signed.ts";
import type { ContextChoice } from "../transport/tls.ts";
import { type TlsContext, tlsContext } from "../transport/tls_context.ts";
import type { CertificateSource } from "./server.ts";

export class ServerCertificates implements CertificateSource, ContextChoice {
  readonly #certificates: Certificates;
  /** Hosts whose certificate is of our own making, with the file to give to clients. */
  readonly selfMade = new Map<string, string>();
  #sources: readonly HostCertificate[] = [];

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

  refresh(settings: Settings, strict = false): Promise<{ commit(): void }> {
    const hosts = Object.values(settings.hosts).map((host) => this.#sourceOf(host, settings));
    if (strict) hosts.forEach((it) => this.#refuse(it));
    return Promise.resolve({
      commit: () => {
        this.#sources = hosts;
        this.#certificates.configure(hosts, settings.tls.certs_dir, settings.tls.minimum);
      },
    });
  }

  close(): void {
    this.#certificates.stop();
  }

  #sourceOf(host: HostSettings, settings: Settings): HostCertificate {
    const { domain } = host;
    const source = certificateSource(host, settings);
    if (source !== "self-signed") {
      this.selfMade.delete(domain);
      return source;
    }
    const { cert, key, made } = selfSigned(selfSignedFolder(settings), domain, this.clock);
    this.selfMade.set(domain, cert);
    if (made) this.log.info("made a self-signed certificate", { host: domain, file: cert });
    return { host: domain, files: { cert, key } };
  }

  /** Throws where a source that was not there before has no usable certificate. */
  #refuse(source: HostCertificate): void {
    if (this.#sources.some((known) => deepEqual(known, source))) return;
    const { certificate, files = certificate === undefined ? undefined : findFiles(certificate) } = source;
    try {
      if (files === undefined && certificate !== undefined) {
        throw new Error(`no certificate found: expected ${layoutsOf(certificate)}`);
      }
      if (files === undefined) return;
      const { cert, key } = readFiles(files);
      tlsContext(cert, key);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`host "${source.host}": certificate: ${why}`, { cause: error });
    }
  }
}

/** Where the certificate of a host is, or that the server has to make one. */
export function certificateSource(
  { domain, certificate, kind }: HostSettings,
  settings: Settings,
): HostCertificate | "self-signed" {
  if (typeof certificate === "string") return { host: domain, certificate };
  if (certificate !== undefined) return { host: domain, files: certificate };
  if (kind !== "user" || findFiles(`${settings.tls.certs_dir}/${domain}`) !== undefined) {
    return { host: domain };
  }
  return "self-signed";
}

/** Where certificates of the server's own making are kept. */
export function selfSignedFolder(settings: Settings): string {
  return `${settings.server.data}/self-signed`;
}
