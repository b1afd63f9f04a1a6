/** The open ports, changed by difference: what stays the same stays open, with all its connections. */
import type { Settings } from "../config/mod.ts";
import { formatAddress } from "../config/mod.ts";
import type { Listener } from "../transport/listener.ts";
import type { HttpPort } from "./http_port.ts";

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

/** How the place of a socket in the file system begins. */
export const UNIX = "unix:";

export type OpenPort = (wanted: Wanted) => Promise<Listener | HttpPort>;

export class Listeners {
  #open: Open[] = [];
  /** Ports that should be open and are not, in words. */
  problems: readonly string[] = [];

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

  /**
   * Opens what is missing. Closing what is not wanted any more is left to `commit`; a failure closes the new ones. A port
   * whose number is still held by one that goes is opened by `commit` too, right after that one has closed.
   */
  async prepare(settings: Settings): Promise<{ commit(): Promise<void>; abandon(): Promise<void> }> {
    const wanted = wantedPorts(settings);
    const gone = this.#open.filter((o) => !wanted.some((w) => same(o, w)));
    const missing = wanted.filter((w) => !this.#open.some((o) => same(o, w)));
    const later = missing.filter((w) => gone.some((o) => o.port === portOf(w) || o.at === w.at));
    const fresh: Open[] = [];
    const abandon = async (): Promise<void> => {
      for (const open of fresh) await open.close();
    };
    try {
      for (const want of missing) if (!later.includes(want)) fresh.push(await this.#listen(want));
    } catch (error) {
      await abandon();
      throw error;
    }
    const commit = async (): Promise<void> => {
      this.#open = [...this.#open.filter((o) => !gone.includes(o)), ...fresh];
      await Promise.all(gone.map((open) => open.close()));
      this.problems = [];
      for (const want of later) await this.#listenLate(want);
    };
    return { commit, abandon };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    await Promise.all(open.map((o) => o.close()));
  }

  /** There is no way back at this point: what fails is a problem that the next reload tries to solve. */
  async #listenLate(wanted: Wanted): Promise<void> {
    try {
      this.#open.push(await this.#listen(wanted));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.problems = [...this.problems, `listen.${wanted.kind}: ${why}`];
    }
  }

  async #listen(wanted: Wanted): Promise<Open> {
    const listener = await this.openPort(wanted);
    const { address } = listener;
    const where = "port" in address ? address : { hostname: wanted.at, port: 0 };
    return { ...wanted, ...where, close: () => listener.close() };
  }
}

/** The ports that a configuration asks for. */
export function wantedPorts(settings: Settings): Wanted[] {
  const hosts = Object.values(settings.hosts);
  const components = hosts.some((host) => host.kind === "component");
  const federation = hosts.some((host) => host.plugins.includes("federation"));
  const ports = Object.entries(settings.listen)
    // Without a component, or a host that talks to other servers, there is nobody who could come.
    .filter(([kind]) => components || !kind.startsWith("component"))
    .filter(([kind]) => federation || !kind.startsWith("s2s"))
    .flatMap(([kind, { at, proxy }]) => at.map((address) => ({ kind, at: formatAddress(address), proxy })));
  const { socket } = settings.http;
  return socket === undefined ? ports : [...ports, { kind: "http", at: UNIX + socket, proxy: [] }];
}

function portOf({ at }: Wanted): number {
  return Number(at.slice(at.lastIndexOf(":") + 1));
}

function same(a: Wanted, b: Wanted): boolean {
  return a.kind === b.kind && a.at === b.at && a.proxy.join() === b.proxy.join();
}

function spell({ kind, at }: Wanted): string {
  return `${kind} ${at}`;
}
