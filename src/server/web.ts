/** What the HTTP ports serve: an app a host out of what plugins mount, and the server's own pages everywhere. */
import type { App, Apps } from "../http/apps.ts";
import { landingApp } from "../http/landing.ts";
import { mountAll } from "../http/mount.ts";
import { operationMounts } from "../http/operations.ts";
import type { Server } from "./server.ts";

/** XEP-0077: where its stream feature is offered, people may make accounts with their client. */
const REGISTER_NS = "jabber:iq:register";

export class Web {
  #apps: Apps | undefined;
  /** What the apps were made from. */
  #made: readonly unknown[] = [];

  constructor(private readonly server: Server) {}

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
    for (const host of this.server.hosts.all()) {
      const registration = host.fittings.negotiator.features.some((feature) => feature.ns === REGISTER_NS);
      const landing = {
        path: "/",
        app: landingApp({ domain: host.domain, registration }),
        owner: "the server",
      };
      hosts.set(host.domain, mountAll([landing, ...operations, ...host.fittings.http], log));
    }
    return { hosts, fallback: mountAll(operations, log) };
  }
}
