/** What the HTTP ports serve: an app a host out of what plugins mount, and the server's own pages everywhere. */
import type { App, Apps } from "../http/apps.ts";
import { landingApp } from "../http/landing.ts";
import { type Mount, mountAll } from "../http/mount.ts";
import { operationMounts } from "../http/operations.ts";
import { CidrList } from "../base/cidr.ts";
import { HttpServer } from "../http/server.ts";
import { RequestRates } from "../http/request_rates.ts";
import type { Server } from "./server.ts";
import { partsOf, webAddress } from "./web_address.ts";

/** XEP-0077: where its stream feature is offered, people may make accounts with their client. */
const REGISTER_NS = "jabber:iq:register";

/** What is the server's on every host. */
const OWN_PATHS = ["/healthz", "/readyz", "/metrics"];

export class Web {
  #apps: Apps | undefined;
  /** What the apps were made from. */
  #made: readonly unknown[] = [];

  readonly #answers: (status: number) => void;
  #proxies: { readonly of: readonly string[]; readonly list: CidrList } | undefined;
  #rates: { readonly of: string; readonly by: RequestRates } | undefined;

  constructor(private readonly server: Server) {
    const counter = server.metrics.counter(
      "http_answers",
      "Answers over HTTP, by the class of their status.",
      ["class"],
    );
    this.#answers = (status) => counter.of(`${Math.floor(status / 100)}xx`).add();
  }

  /** What speaks HTTP on one port. Limits are those of now; a reload changes those of later ports. */
  speaker(): HttpServer {
    const { clock, log, streams, settings: { http } } = this.server;
    return new HttpServer({
      apps: () => this.apps,
      limits: {
        headerBytes: http.header_size,
        headerMs: http.header_timeout,
        idleMs: http.idle_timeout,
        stallMs: http.stall_timeout,
      },
      proxies: () => this.#believed(),
      rates: () => this.#rate(),
      clock,
      wheel: streams.wheel,
      log: log.child("http"),
      answered: this.#answers,
    });
  }

  #believed(): CidrList {
    const of = this.server.settings.http.trusted_proxies;
    if (this.#proxies?.of !== of) this.#proxies = { of, list: new CidrList(of) };
    return this.#proxies!.list;
  }

  /** One for all ports, and another once the settings are others. */
  #rate(): RequestRates | undefined {
    const { requests_per_second: perSecond, requests_burst: burst } = this.server.settings.http;
    if (perSecond <= 0) return undefined;
    const of = `${perSecond} ${burst}`;
    if (this.#rates?.of !== of) {
      this.#rates = { of, by: new RequestRates(perSecond, burst, this.server.clock) };
    }
    return this.#rates!.by;
  }

  /** All apps as they are now; made anew only when the settings or a host's fittings are others. */
  get apps(): Apps {
    const now = [this.server.settings, ...[...this.server.hosts.all()].map((host) => host.fittings)];
    if (
      this.#apps === undefined || now.length !== this.#made.length ||
      now.some((it, i) => it !== this.#made[i])
    ) {
      this.#apps = this.#make();
      this.#made = now;
    }
    return this.#apps;
  }

  /** Without those of services whose path somebody has already: said, and no reason to serve nothing at all. */
  #once(domain: string, wanted: readonly Mount[]): Mount[] {
    const taken = new Map(OWN_PATHS.map((path) => [path, "the server"]));
    return wanted.filter(({ path, owner }) => {
      const other = taken.get(path);
      taken.set(path, other ?? owner);
      if (other === undefined) return true;
      this.server.log.error("a path of the web is wanted twice", {
        host: domain,
        path,
        has: other,
        without: owner,
      });
      return false;
    });
  }

  #make(): Apps {
    const log = this.server.log.child("http");
    const { enabled, loopback, token } = this.server.settings.metrics;
    const operations = operationMounts({
      problems: () => this.server.problems,
      metrics: () => this.server.metrics.text(),
      loopback,
      token: token?.reveal(),
    }).filter(({ path }) => enabled || path !== "/metrics");
    const hosts = new Map<string, App>();
    const fallbacks: App[] = [];
    for (const host of this.server.hosts.all()) {
      const { domain, fittings, options: { kind } } = host;
      const registration = fittings.negotiator.features.some((feature) => feature.ns === REGISTER_NS);
      const services = [...this.server.hosts.all()].filter((other) => other.options.parent === domain);
      const wanted = [...fittings.http, ...services.flatMap((service) => service.fittings.http)];
      const mounts = this.#once(domain, wanted);
      const landing = { path: "/", app: landingApp({ domain, registration }), owner: "the server" };
      const root = mounts.some((mount) => mount.path === "/") ? [] : [landing];
      const [name, path] = partsOf(webAddress(this.server.settings, domain));
      const app = mountAll([...root, ...operations, ...mounts], log, path);
      hosts.set(domain, app);
      // Names that several hosts share are the first one's.
      if (!hosts.has(name)) hosts.set(name, app);
      if (kind === "user") fallbacks.push(app);
    }
    // A server of one host has nobody to confuse it with: whatever name leads here means it.
    return { hosts, fallback: fallbacks.length === 1 ? fallbacks[0]! : mountAll(operations, log) };
  }
}
