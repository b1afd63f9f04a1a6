/** Who acts where on a host: its frozen fittings as data, for `check --hooks`. */
import { cellName, CELLS, type Phase, PHASES } from "../hook/point.ts";
import type { Tap } from "../hook/tap.ts";
import type { Host } from "../host/host.ts";
import {
  arriving,
  connecting,
  delivering,
  departing,
  entering,
  exporting,
  handled,
  parting,
  undelivered,
  writing,
} from "../host/points.ts";

/** One point for one kind of stanza: the plugins of each phase, in order. */
export type PointHooks = Readonly<Record<Phase, readonly string[]>>;

export interface Hooks {
  readonly host: string;
  /** By stanza ("message to account"), then by point. Points without anybody are left out. */
  readonly stanzas: Readonly<Record<string, Readonly<Record<string, PointHooks>>>>;
  /** Taps on streams, by label. */
  readonly taps: Readonly<Record<string, readonly string[]>>;
  readonly iq: readonly {
    readonly type: string;
    readonly to: string;
    readonly ns: string;
    readonly name: string;
    readonly owner: string;
  }[];
}

const POINTS = [departing, exporting, arriving, undelivered, delivering] as const;
const TAPS: readonly Tap<never, unknown>[] = [connecting, entering, handled, writing, parting];

export function hooksOf(host: Host): Hooks {
  const stanzas: Record<string, Record<string, PointHooks>> = {};
  for (let cell = 0; cell < CELLS; cell++) {
    const points: Record<string, PointHooks> = {};
    for (const point of POINTS) {
      const hooks = host.fittings.point(point).owners(cell);
      if (PHASES.some((phase) => hooks[phase].length > 0)) points[point.label] = hooks;
    }
    stanzas[cellName(cell)] = points;
  }
  const taps = TAPS.map((tap) => [tap.label, host.fittings.tap(tap).map(({ owner }) => owner)] as const);
  return {
    host: host.domain,
    stanzas,
    taps: Object.fromEntries(taps.filter(([, owners]) => owners.length > 0)),
    iq: [...host.fittings.iq.entries()],
  };
}
