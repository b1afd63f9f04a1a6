/** The open ports, changed by difference: what stays the same stays open, with all its connections. */
import type { HttpServer } from "../http/server.ts";
import type { Settings } from "../config/mod.ts";
import { formatAddress } from "../config/mod.ts";
import type { Listener } from "../transport/listener.ts";

/** A port that is or shall be open. Two with the same key are the same port. */
export interface Wanted {
  readonly kind: string;
  readonly at: string;
  readonly proxy: readonly string[];
}

/** An open port. */
export interface Open extends Wanted {
  readonly port: number;
  readonly hostname: string;
  close(): Promise<void>;
}

export interface ListenersPlan {
  readonly open: readonly string[];
  readonly close: readonly string[];
}

export type OpenPort = (wanted: Wanted) => Promise<Listener | HttpServer>;

export class Listeners {
  #open: Open[] = [];

  constructor(private readonly openPort: OpenPort) {}

  get all(): readonly Open[] {
    return this.#open;
  }

  plan(settings: Settings): ListenersPlan {
    const wanted = wantedPorts(settings);
    return {
      open: wanted.filter((w) => !this.#open.some((o) => same(o, w))).map(spell),
      close: this.#open.filter((o) => !wanted.some((w) => same(o, w))).map(spell),
    };
  }

  /** Opens what is missing. Closing what is not wanted any more is left to `commit`; a failure closes the new ones. */
  async prepare(settings: Settings): Promise<{ commit(): Promise<void>; abandon(): Promise<void> }> {
    const wanted = wantedPorts(settings);
    const fresh: Open[] = [];
    const abandon = async (): Promise<void> => {
      for (const open of fresh) await open.close();
    };
    try {
      for (const want of wanted) {
        if (!this.#open.some((o) => same(o, want))) fresh.push(await this.#listen(want));
      }
    } catch (error) {
      await abandon();
      throw error;
    }
    const commit = async (): Promise<void> => {
      const gone = this.#open.filter((o) => !wanted.some((w) => same(o, w)));
      this.#open = [...this.#open.filter((o) => !gone.includes(o)), ...fresh];
      for (const open of gone) await open.close();
    };
    return { commit, abandon };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    await Promise.all(open.map((o) => o.close()));
  }

  async #listen(wanted: Wanted): Promise<Open> {
    const listener = await this.openPort(wanted);
    const { address } = listener;
    const where = "port" in address ? address : { hostname: wanted.at, port: 0 };
    return { ...wanted, ...where, close: () => listener.close() };
  }
}

function wantedPorts(settings: Settings): Wanted[] {
  return Object.entries(settings.listen).flatMap(([kind, { at, proxy }]) =>
    at.map((address) => ({ kind, at: formatAddress(address), proxy }))
  );
}

function same(a: Wanted, b: Wanted): boolean {
  return a.kind === b.kind && a.at === b.at && a.proxy.join() === b.proxy.join();
}

function spell({ kind, at }: Wanted): string {
  return `${kind} ${at}`;
}
