/**
 * Figures about the running server, and their text for a collector (OpenMetrics 1.0, which Prometheus reads). Counting
 * is adding to a field; all the work is done when somebody asks for the text.
 */
import { escapeHelp, formatLabels, formatNumber, histogramLines } from "./metrics_format.ts";

/** A number that only grows. */
export class Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Adds `n`, which is not negative. */
  add(n = 1): void {
    this.#value += n;
  }
}

/** A number that goes up and down. */
export class Gauge {
  value = 0;

  add(n = 1): void {
    this.value += n;
  }

  set(value: number): void {
    this.value = value;
  }
}

/** How many observations fell under each of some bounds. */
export class Histogram {
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.count += 1;
    const bounds = this.bounds;
    for (let i = 0; i < bounds.length; i++) {
      if (value <= (bounds[i] ?? Infinity)) {
        this.counts[i] = (this.counts[i] ?? 0) + 1;
        return;
      }
    }
  }
}

/** One figure for every combination of labels; ask once and keep it where it is counted often. */
export class Family<M> {
  readonly #members = new Map<string, { readonly values: readonly string[]; readonly metric: M }>();

  constructor(readonly labels: readonly string[], readonly make: () => M) {}

  /** The figure of these label values, in the order of the labels' names. */
  of(...values: readonly string[]): M {
    if (values.length !== this.labels.length) {
      throw new TypeError(
        `a metric with the labels ${this.labels.join(", ")} was asked for with ${values.length} values`,
      );
    }
    const key = values.join("\u0000");
    const known = this.#members.get(key);
    if (known !== undefined) return known.metric;
    const metric = this.make();
    this.#members.set(key, { values, metric });
    return metric;
  }

  /** Forgets the figure of these values: a host that is gone must not be reported for ever. */
  drop(...values: readonly string[]): void {
    this.#members.delete(values.join("\u0000"));
  }

  /** Forgets the figures with one value of a label. */
  forget(label: string, value: string): void {
    const at = this.labels.indexOf(label);
    for (const [key, { values }] of this.#members) if (values[at] === value) this.#members.delete(key);
  }

  members(): Iterable<{ readonly values: readonly string[]; readonly metric: M }> {
    return this.#members.values();
  }
}

/** What a gauge with labels reads when asked: label values and their number. */
export type Readings = () => Iterable<readonly [values: readonly string[], value: number]>;

type Kind = "counter" | "gauge" | "histogram";

interface Entry {
  readonly kind: Kind;
  readonly help: string;
  readonly labels: readonly string[];
  readonly held: unknown;
  lines(name: string): string;
}

/** Upper bounds in seconds that suit anything from a stanza's way to a slow query. */
const SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** All figures of one server. Asking for a known name gives the same figure again. */
export class Metrics {
  readonly #entries = new Map<string, Entry>();

  /** A counter; its text carries `_total`, its name here does not. */
  counter(name: string, help: string): Counter;
  counter(name: string, help: string, labels: readonly string[]): Family<Counter>;
  counter(name: string, help: string, labels: readonly string[] = []): Counter | Family<Counter> {
    return this.#held(
      name,
      "counter",
      help,
      labels,
      () => new Counter(),
      (n, l, c) => `${n}_total${l} ${formatNumber(c.value)}\n`,
    );
  }

  /** A gauge that is set, or one that is read by `read` when somebody looks. */
  gauge(name: string, help: string, read?: () => number): Gauge;
  gauge(name: string, help: string, labels: readonly string[]): Family<Gauge>;
  gauge(name: string, help: string, how?: (() => number) | readonly string[]): Gauge | Family<Gauge> {
    if (typeof how === "function") {
      this.#entries.set(check(name), {
        kind: "gauge",
        help,
        labels: [],
        held: undefined,
        lines: (n) => `${n} ${formatNumber(how())}\n`,
      });
      return new Gauge();
    }
    return this.#held(
      name,
      "gauge",
      help,
      how ?? [],
      () => new Gauge(),
      (n, l, g) => `${n}${l} ${formatNumber(g.value)}\n`,
    );
  }

  /** Figures with labels that are read when somebody looks: sessions by host, for example. */
  readings(
    name: string,
    help: string,
    labels: readonly string[],
    read: Readings,
    kind: "gauge" | "counter" = "gauge",
  ): void {
    const suffix = kind === "counter" ? "_total" : "";
    this.#entries.set(check(name), {
      kind,
      help,
      labels,
      held: undefined,
      lines: (n) => {
        let text = "";
        for (const [values, value] of read()) {
          text += `${n}${suffix}${formatLabels(labels, values)} ${formatNumber(value)}\n`;
        }
        return text;
      },
    });
  }

  /** A histogram; bounds are in seconds unless others are given. */
  histogram(name: string, help: string, bounds?: readonly number[]): Histogram;
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: readonly string[],
  ): Family<Histogram>;
  histogram(
    name: string,
    help: string,
    bounds: readonly number[] = SECONDS,
    labels: readonly string[] = [],
  ): Histogram | Family<Histogram> {
    return this.#held(
      name,
      "histogram",
      help,
      labels,
      () => new Histogram(bounds),
      (n, _, h, values) => histogramLines(n, labels, values, h),
    );
  }

  /** Forgets all figures of one value of a label: what is gone must not be reported for ever. */
  forget(label: string, value: string): void {
    for (const { held } of this.#entries.values()) if (held instanceof Family) held.forget(label, value);
  }

  /** Forgets a figure, when the part that kept it is gone. */
  drop(name: string): void {
    this.#entries.delete(name);
  }

  /** All of it as OpenMetrics text; serve it as `application/openmetrics-text; version=1.0.0; charset=utf-8`. */
  text(): string {
    let text = "";
    for (const [name, entry] of this.#entries) {
      text += `# TYPE ${name} ${entry.kind}\n# HELP ${name} ${escapeHelp(entry.help)}\n${entry.lines(name)}`;
    }
    return text + "# EOF\n";
  }

  #held<M>(
    name: string,
    kind: Kind,
    help: string,
    labels: readonly string[],
    make: () => M,
    line: (name: string, labels: string, metric: M, values: readonly string[]) => string,
  ): M | Family<M> {
    const known = this.#entries.get(name);
    if (known !== undefined) {
      if (known.kind === kind && known.held !== undefined && known.labels.join() === labels.join()) {
        return known.held as M | Family<M>;
      }
      throw new TypeError(
        `the metric ${name} exists already, as a ${known.kind} with the labels [${known.labels.join(", ")}]`,
      );
    }
    const family = new Family(labels, make);
    // Without labels a family has one member, which is there from the start.
    const held = labels.length === 0 ? family.of() : family;
    this.#entries.set(check(name), {
      kind,
      help,
      labels,
      held,
      lines: (n) => {
        let text = "";
        for (const { values, metric } of family.members()) {
          text += line(n, formatLabels(labels, values), metric, values);
        }
        return text;
      },
    });
    return held;
  }
}

function check(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name) || name.endsWith("_total")) {
    throw new TypeError(`"${name}" is no name for a metric: use a-z, 0-9 and _, without _total at the end`);
  }
  return name;
}
