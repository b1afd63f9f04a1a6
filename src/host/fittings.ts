/** The frozen sum of all registrations on one host. A reload makes a new one and swaps it in whole. */
import { CompiledPoint, type FaultReport, type Owned } from "../hook/compiled.ts";
import type { Claim, Passage, Point } from "../hook/point.ts";
import { IqHandlers, NonzaHandlers } from "../hook/table.ts";
import type { Tap, TapHandler } from "../hook/tap.ts";
import type { Event, Service, Token } from "../hook/token.ts";
import { checkPaths, type Mount } from "../http/mount.ts";
import type { Mechanism } from "../sasl/mechanism.ts";
import type { ClientSession } from "../session/client.ts";
import type { Inlines } from "../session/inline.ts";
import type { StreamFeature } from "../stream/feature.ts";
import { Negotiator } from "../stream/negotiator.ts";
import { DiscoBook } from "./disco_book.ts";
import type { Draft, IqHandler } from "./draft.ts";
import {
  type Arriving,
  arriving,
  type Delivering,
  delivering,
  type Departing,
  departing,
  entering,
  type Exporting,
  exporting,
  handled,
  parting,
  undelivered,
  writing,
} from "./points.ts";
import type { Route } from "./router.ts";

export interface KernelParts {
  readonly report: FaultReport;
  /** Answers iqs from the table, after all claims. */
  readonly answer: Claim<Arriving>;
  readonly streamFeatures: readonly StreamFeature<ClientSession>[];
}

const NO_HANDLERS: readonly never[] = Object.freeze([]);

export class Fittings {
  readonly departing: CompiledPoint<Departing>;
  readonly arriving: CompiledPoint<Arriving>;
  readonly undelivered: CompiledPoint<Arriving>;
  readonly delivering: CompiledPoint<Delivering>;
  readonly exporting: CompiledPoint<Exporting>;
  readonly entering;
  readonly handled;
  readonly writing;
  readonly parting;
  readonly iq = new IqHandlers<IqHandler>();
  readonly nonzas = new NonzaHandlers<ClientSession>();
  readonly negotiator: Negotiator<ClientSession>;
  readonly mechanisms: readonly Mechanism[];
  readonly inlines: Inlines<ClientSession>;
  readonly disco: { readonly host: DiscoBook; readonly account: DiscoBook };
  readonly routes: readonly Route[];
  readonly http: readonly Mount[];
  readonly #points = new Map<Token, unknown>();
  readonly #taps = new Map<Token, Owned<TapHandler<unknown, unknown>>[]>();
  readonly #listeners = new Map<Token, Owned<(e: unknown) => undefined>[]>();
  readonly #services = new Map<Token, unknown>();

  /** Throws where two plugins claim the same exact thing; nothing has changed then. */
  constructor(readonly drafts: readonly Draft[], private readonly kernel: KernelParts) {
    this.departing = this.#compile(departing);
    this.arriving = this.#compile(arriving, kernel.answer);
    this.undelivered = this.#compile(undelivered);
    this.delivering = this.#compile(delivering);
    this.exporting = this.#compile(exporting);
    for (const draft of drafts) this.#lay(draft);
    this.entering = this.tap(entering);
    this.handled = this.tap(handled);
    this.writing = this.tap(writing);
    this.parting = this.tap(parting);
    this.negotiator = new Negotiator([...kernel.streamFeatures, ...drafts.flatMap((d) => d.streamFeatures)]);
    this.mechanisms = drafts.flatMap((d) => d.mechanisms);
    this.inlines = {
      sasl2: drafts.flatMap((d) => d.inlines.sasl2),
      resume: drafts.flatMap((d) => d.inlines.resume),
      bind2: drafts.flatMap((d) => d.inlines.bind2),
    };
    this.disco = { host: new DiscoBook("host", drafts), account: new DiscoBook("account", drafts) };
    this.routes = drafts.flatMap((d) => d.routes);
    this.http = drafts.flatMap((d) => d.http.map((mount) => ({ ...mount, owner: d.owner })));
    checkPaths(this.http);
  }

  /** A plugin's own point, or one of the kernel's. */
  point<X extends Passage>(point: Point<X>): CompiledPoint<X> {
    // Compiled when it is first passed: the registrations do not change any more.
    return (this.#points.get(point) as CompiledPoint<X> | undefined) ?? this.#compile(point);
  }

  tap<X, R>(tap: Tap<X, R>): readonly Owned<TapHandler<X, R>>[] {
    return (this.#taps.get(tap) ?? NO_HANDLERS) as readonly Owned<TapHandler<X, R>>[];
  }

  listeners<E>(event: Event<E>): readonly Owned<(e: E) => undefined>[] {
    return (this.#listeners.get(event) ?? NO_HANDLERS) as readonly Owned<(e: E) => undefined>[];
  }

  service<T>(service: Service<T>): T | undefined {
    return this.#services.get(service) as T | undefined;
  }

  #compile<X extends Passage>(point: Point<X>, last?: Claim<X>): CompiledPoint<X> {
    const registrations = this.drafts.flatMap((d) => [...d.points.of(point)]);
    const compiled = new CompiledPoint<X>(point.label, registrations, this.kernel.report, last);
    this.#points.set(point, compiled);
    return compiled;
  }

  #lay(draft: Draft): void {
    const { owner } = draft;
    for (const { type, ns, name, to, fn } of draft.iqs) this.iq.add(owner, type, ns, name, to, fn);
    for (const { ns, name, fn } of draft.nonzas) this.nonzas.add(owner, ns, name, fn);
    for (const { tap, fn } of draft.taps) {
      append(this.#taps, tap, { owner, fn: fn as TapHandler<unknown, unknown> });
    }
    for (const { event, fn } of draft.listeners) {
      append(this.#listeners, event, { owner, fn: fn as (e: unknown) => undefined });
    }
    for (const [service, it] of draft.services) {
      if (this.#services.has(service)) {
        throw new Error(`${owner}: the service ${service.label} is provided twice`);
      }
      this.#services.set(service, it);
    }
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
