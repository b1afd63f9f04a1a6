/**
 * The engine of one host: its services by owner (an account's local part, or "" for the host itself), what they have in
 * common, and the order in which they tell what has happened.
 */
import { type HostScope, type Jid, Lru } from "#plugin";
import { Configs } from "./configs.ts";
import { Face } from "./face.ts";
import type { Ground } from "./ground.ts";
import { Outbox } from "./outbox.ts";
import type { Policy } from "./policy.ts";
import { Service } from "./service.ts";
import { openTables, type PubsubTables } from "./store.ts";

/** Owners of whom something is remembered, and nodes of one of them that are looked at. */
const REMEMBERED = 10_000;
const MOST = 1000;

/** How services come to be on a host. */
export interface Kind {
  /** Whether services of this owner are of this kind; others of the same host have their own engine. */
  has(owner: string): boolean;
  /** The address of an owner's service. */
  address(owner: string): Jid;
  policy(owner: string): Policy;
}

export class Engine implements Ground {
  readonly tables: PubsubTables;
  readonly outbox: Outbox;
  readonly configs = new Configs();
  readonly #services = new Map<string, Service>();

  constructor(readonly host: HostScope<unknown>, private readonly kind: Kind) {
    this.tables = openTables(host);
    this.outbox = new Outbox(host);
  }

  #populated: boolean | undefined;

  /** Whether anybody has subscribed to anything: asked at every coming and going, and most hosts have nobody. */
  get populated(): boolean {
    return this.#populated ??= this.tables.subscriptions.across("account", { limit: 1 }).length > 0;
  }

  readonly #fleeting = new Lru<string, readonly string[]>(REMEMBERED);

  /** The nodes of an owner whose items go with their publisher: asked at every going, and hardly anybody has one. */
  fleeting(owner: string): readonly string[] {
    let names = this.#fleeting.get(owner);
    if (names === undefined) {
      const where = { fleeting: true };
      names = this.tables.nodes.range(owner, { index: "fleeting", where, limit: MOST }).map(({ node }) =>
        node
      );
      this.#fleeting.set(owner, names);
    }
    return names;
  }

  changed(): void {
    this.#populated = undefined;
    this.#fleeting.clear();
  }

  get now(): number {
    return this.host.clock.now();
  }

  service(owner: string): Service {
    let service = this.#services.get(owner);
    if (service === undefined) {
      const face = (service: Service) => new Face(service);
      service = new Service(this, owner, this.kind.address(owner), this.kind.policy(owner), face);
      this.#services.set(owner, service);
    }
    service.used = this.now;
    return service;
  }

  /** The services that are in memory. */
  get services(): ReadonlyMap<string, Service> {
    return this.#services;
  }

  has(owner: string): boolean {
    return this.kind.has(owner);
  }

  forget(owner: string): void {
    this.#services.delete(owner);
  }
}
