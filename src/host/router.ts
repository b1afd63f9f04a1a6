/**
 * Where a stanza goes: an ordered set of routes, of which the first that takes it has it. Routing runs to completion: what
 * a handler sends while a stanza is on its way waits in a backlog, so no answer overtakes its cause and nothing recurses.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import type { Asker } from "../session/asker.ts";
import type { ClientSession } from "../session/client.ts";
import type { Stanza } from "../stanza/stanza.ts";

/** A way out for stanzas, such as to a host of ours, a component, or another server. */
export interface Route {
  readonly label: string;
  /** Whether this route has what goes to a domain. */
  takes(domain: string, stanza: Stanza): boolean;
  /** `asker` counts the requests of who has no session here: the stream of another server. */
  route(stanza: Stanza, session: ClientSession | undefined, asker?: Asker): Maybe<void>;
}

export class Router {
  #depth = 0;
  readonly #backlog: Stanza[] = [];
  #routes: readonly Route[] = [];

  constructor(private readonly failed: (error: unknown, stanza: Stanza) => void) {}

  /** The routes in the order in which they are asked; the last one takes everything. */
  set routes(routes: readonly Route[]) {
    this.#routes = routes;
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }

  /** A stanza is being worked on: what is sent from now on waits. Always paired with `leave`. */
  enter(): void {
    this.#depth++;
  }

  leave(): void {
    if (this.#depth === 1 && this.#backlog.length > 0) this.#drain();
    this.#depth--;
  }

  /** Sends a stanza on its way at once. Only for what is not sent by a handler. What a route throws is `failed`'s. */
  route(stanza: Stanza, session: ClientSession | undefined, asker?: Asker): Maybe<void> {
    this.enter();
    try {
      const done = this.#dispatch(stanza, session, asker);
      return isPromise(done) ? done.catch((error) => this.failed(error, stanza)) : done;
    } catch (error) {
      this.failed(error, stanza);
    } finally {
      this.leave();
    }
  }

  /** Sends a stanza: after what is on its way now. */
  send(stanza: Stanza): void {
    if (this.#depth > 0) {
      this.#backlog.push(stanza);
      return;
    }
    this.enter();
    try {
      this.#start(stanza);
    } finally {
      this.leave();
    }
  }

  #dispatch(stanza: Stanza, session: ClientSession | undefined, asker?: Asker): Maybe<void> {
    const domain = stanza.to!.domain;
    for (const route of this.#routes) {
      if (route.takes(domain, stanza)) return route.route(stanza, session, asker);
    }
  }

  #drain(): void {
    const backlog = this.#backlog;
    for (let i = 0; i < backlog.length; i++) this.#start(backlog[i]!);
    backlog.length = 0;
  }

  #start(stanza: Stanza): void {
    try {
      const done = this.#dispatch(stanza, undefined);
      if (isPromise(done)) done.catch((error) => this.failed(error, stanza));
    } catch (error) {
      this.failed(error, stanza);
    }
  }
}
