/**
 * The certificates of all hosts. They are read from files, and read again when the files have changed: new handshakes
 * show the new one, sessions that exist keep theirs. Files that are broken, or half replaced, change nothing; the
 * certificate that was good stays, and the problem is told.
 *
 * A host without files of its own is served by any certificate whose names cover it, so a service shares that of
 * its parent where the names allow.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { asciiDomain } from "./ascii_domain.ts";
import { type CertificateFiles, findFiles, layoutsOf, readFiles, stamp } from "./certificate_files.ts";
import type { ContextChoice } from "./tls.ts";
import { covers, type TlsContext, tlsContext, type TlsMinimum } from "./tls_context.ts";

/** Where the certificate of a host is said to be; with neither, it is looked for in the folder of all. */
export interface HostCertificate {
  readonly host: string;
  /** A path without an ending: see `findFiles` for what is tried. */
  readonly certificate?: string | undefined;
  /** Both paths themselves. */
  readonly files?: CertificateFiles | undefined;
}

/** What all certificates are made from. */
export interface CertificateSettings {
  /** The first that has a certificate is shown to clients that name no host, or one that we do not have. */
  readonly hosts: readonly HostCertificate[];
  /** A folder with the certificates of many hosts, each under its name. */
  readonly folder?: string | undefined;
  /** "1.2" when left out. */
  readonly minimum?: TlsMinimum | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Something to be put right; the server goes on without it. */
export interface CertificateProblem {
  readonly host: string;
  readonly message: string;
}

/** How long a certificate still lasts. */
export interface CertificateExpiry {
  readonly host: string;
  readonly notAfter: number;
  readonly selfSigned: boolean;
}

const POLL_MS = 60_000;
const DAY_MS = 86_400_000;
/** Days before the end at which the log says so. */
const WARN_DAYS = 14;

/** What is kept of a host's files. */
interface Loaded {
  readonly host: HostCertificate;
  context: TlsContext | undefined;
  stamp: string;
  problem: string | undefined;
  warned: number;
}

export class Certificates implements ContextChoice {
  readonly #clock: Clock;
  readonly #log: Logger;
  #folder: string | undefined;
  #minimum: TlsMinimum = "1.2";
  #loaded: Loaded[] = [];
  /** Names to contexts: hosts' own, whole names in certificates, and wildcards by what follows the star. */
  #own = new Map<string, TlsContext>();
  #names = new Map<string, TlsContext>();
  #wildcards = new Map<string, TlsContext>();
  #timer: Timer | undefined;

  /** Reads what there is. Nothing throws: see `problems`. */
  constructor(settings: CertificateSettings) {
    this.#clock = settings.clock;
    this.#log = settings.log;
    this.configure(settings.hosts, settings.folder, settings.minimum);
  }

  /** Takes other hosts, another folder or another oldest version; files that both have in common are not read again. */
  configure(
    hosts: readonly HostCertificate[],
    folder?: string,
    minimum: TlsMinimum = "1.2",
  ): CertificateProblem[] {
    const changed = minimum !== this.#minimum;
    this.#minimum = minimum;
    const before = new Map(this.#loaded.map((entry) => [asciiDomain(entry.host.host), entry]));
    this.#folder = folder;
    this.#loaded = hosts.map((host) => {
      const known = before.get(asciiDomain(host.host));
      return {
        host,
        context: changed ? remade(known?.context, minimum) : known?.context,
        stamp: known?.stamp ?? "",
        problem: known?.problem,
        warned: Infinity,
      };
    });
    return this.reload();
  }

  /** Reads what has changed, now. Answers with everything that is wrong at present. */
  reload(): CertificateProblem[] {
    for (const entry of this.#loaded) this.#refresh(entry);
    this.#index();
    return this.problems;
  }

  get problems(): CertificateProblem[] {
    return this.#loaded.filter((entry) => entry.problem !== undefined)
      .map((entry) => ({ host: entry.host.host, message: entry.problem! }));
  }

  /** Looks for changed files every minute, until `stop`. */
  watch(): void {
    this.#timer ??= this.#clock.after(POLL_MS, () => {
      this.#timer = undefined;
      this.reload();
      this.watch();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** How many different certificates there are. */
  get size(): number {
    return new Set(this.#own.values()).size;
  }

  expiry(): CertificateExpiry[] {
    return this.#loaded.filter((entry) => entry.context !== undefined).map((entry) => ({
      host: entry.host.host,
      notAfter: entry.context!.notAfter,
      selfSigned: entry.context!.selfSigned,
    }));
  }

  /** The certificate for a domain: its own, else one whose names cover it (exactly, then by wildcard). */
  forHost(domain: string): TlsContext | undefined {
    const name = asciiDomain(domain);
    return this.#own.get(name) ?? this.#names.get(name) ??
      this.#wildcards.get(name.slice(name.indexOf(".") + 1));
  }

  /** The best that can be shown: `forHost`, else that of a parent domain, else that of the first host. */
  choose(domain: string): TlsContext | undefined {
    const exact = this.forHost(domain);
    if (exact !== undefined) return exact;
    const name = asciiDomain(domain);
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const parent = this.#own.get(name.slice(dot + 1));
      if (parent !== undefined) return parent;
    }
    for (const first of this.#own.values()) return first;
    return undefined;
  }

  #refresh(entry: Loaded): void {
    const files = this.#filesOf(entry.host);
    if (files === undefined) return this.#without(entry);
    const now = stamp(files);
    if (now === entry.stamp && entry.problem === undefined) return this.#watchExpiry(entry);
    try {
      const { cert, key } = readFiles(files);
      const context = tlsContext(cert, key, this.#minimum);
      if (entry.context !== undefined) {
        this.#log.info("certificate replaced", { host: entry.host.host, file: files.cert });
      }
      entry.context = context;
      entry.problem = undefined;
      entry.stamp = now;
      entry.warned = Infinity;
      if (!covers(context, asciiDomain(entry.host.host))) this.#uncovered(entry, files);
    } catch (error) {
      const kept = entry.context === undefined ? "" : " (the one that was read before stays in use)";
      const where = error instanceof Error ? error.message : String(error);
      this.#complain(entry, `${where.includes(files.key) ? "" : `${files.cert}: `}${where}${kept}`);
    }
    this.#watchExpiry(entry);
  }

  #filesOf(host: HostCertificate): CertificateFiles | undefined {
    if (host.files !== undefined) return host.files;
    if (host.certificate !== undefined) return findFiles(host.certificate);
    return this.#folder === undefined ? undefined : findFiles(`${this.#folder}/${asciiDomain(host.host)}`);
  }

  /** No files: an error where they were named; else the host shares another's certificate, or has none. */
  #without(entry: Loaded): void {
    if (entry.host.certificate === undefined) {
      entry.context = undefined;
      entry.problem = undefined;
      entry.stamp = "";
      return;
    }
    this.#complain(entry, `no certificate found: expected ${layoutsOf(entry.host.certificate)}`);
  }

  #uncovered(entry: Loaded, files: CertificateFiles): void {
    const names = entry.context?.names;
    const has = [...names?.dns ?? [], ...names?.srv ?? [], ...names?.xmpp ?? []].join(", ") || "no names";
    this.#log.warn("the certificate is not for this host; clients will refuse it", {
      host: entry.host.host,
      file: files.cert,
      names: has,
    });
  }

  #complain(entry: Loaded, problem: string): void {
    if (entry.problem !== problem) {
      this.#log.error("certificate not usable", { host: entry.host.host, problem });
    }
    entry.problem = problem;
  }

  /** Says once a day that the end is near. */
  #watchExpiry(entry: Loaded): void {
    if (entry.context === undefined) return;
    const days = Math.floor((entry.context.notAfter - this.#clock.now()) / DAY_MS);
    if (days > WARN_DAYS || days >= entry.warned) return;
    entry.warned = days;
    this.#log.warn(days < 0 ? "the certificate has expired" : "the certificate expires soon", {
      host: entry.host.host,
      days,
    });
  }

  #index(): void {
    const own = new Map<string, TlsContext>();
    const names = new Map<string, TlsContext>();
    const wildcards = new Map<string, TlsContext>();
    for (const { host, context } of this.#loaded) {
      if (context === undefined) continue;
      own.set(asciiDomain(host.host), context);
      for (const name of context.names.dns) {
        if (name.startsWith("*.")) offer(wildcards, name.slice(2), context);
        else offer(names, name, context);
      }
      for (const name of context.names.xmpp) offer(names, asciiDomain(name), context);
      for (const name of context.names.srv) offer(names, name.slice(name.indexOf(".") + 1), context);
    }
    this.#own = own;
    this.#names = names;
    this.#wildcards = wildcards;
  }
}

/** The same certificate for handshakes of other versions, even where its files cannot be read now. */
function remade(context: TlsContext | undefined, minimum: TlsMinimum): TlsContext | undefined {
  return context === undefined ? undefined : tlsContext(context.pem.cert, context.pem.key, minimum);
}

function offer(map: Map<string, TlsContext>, name: string, context: TlsContext): void {
  if (!map.has(name)) map.set(name, context);
}
