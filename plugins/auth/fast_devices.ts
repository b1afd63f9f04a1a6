/**
 * The tokens of XEP-0484, by account and device. A device has at most two: the one it uses, and a newer one that it may not
 * have got (XEP-0484 §5.1). They are kept as they are: their mechanisms need them to check the client, and to answer it.
 */
import {
  defineSlot,
  type HostScope,
  Lru,
  map,
  type MapStore,
  nextTurn,
  randomId,
  type UserAgent,
} from "#plugin";

export interface Token {
  readonly secret: string;
  /** The only mechanism that it may be used with. */
  readonly mechanism: string;
  /** Milliseconds since 1970. */
  readonly issued: number;
  readonly expires: number;
  /** The highest counter it was used with. */
  readonly count?: number | undefined;
}

export interface KnownDevice {
  readonly id: string;
  readonly software?: string | undefined;
  readonly device?: string | undefined;
  readonly since: number;
  readonly used: number;
  readonly current?: Token | undefined;
  readonly next?: Token | undefined;
}

export interface TokenOptions {
  readonly lifetime: number;
  readonly renew_after: number;
  readonly devices: number;
}

export const knownDevices = map<KnownDevice>("fast");
/** That a device was used is noted this often: a login need not write. */
const COARSE = 3_600_000;
/** For so long whoever comes too late is told that the token has expired. */
const REMEMBERED = 7 * 86_400_000;
/** 192 bits; the draft of the mechanisms wants 128. */
const SECRET_BYTES = 24;

/** Devices whose rows are at hand: most of what a login with a token costs beside its streams is reading one. */
const AT_HAND = 10_000;
/** One for all that read and write the rows: a login may have begun before a reload. */
const atHand = defineSlot<Lru<string, KnownDevice>>("fast.devices");

export class FastDevices {
  readonly #store: MapStore<KnownDevice>;
  readonly #lately: Lru<string, KnownDevice>;

  constructor(private readonly host: HostScope<TokenOptions>) {
    this.#store = host.open(knownDevices);
    this.#lately = host.hold(atHand, () => new Lru(AT_HAND));
  }

  get(local: string, agent: string): KnownDevice | undefined {
    const key = keyOf(local, agent);
    const known = this.#lately.get(key);
    if (known !== undefined) return known;
    const stored = this.#store.get(local, agent);
    if (stored !== undefined) this.#lately.set(key, stored);
    return stored;
  }

  /** The devices of an account by their agents, also those whose tokens have expired lately. */
  of(local: string): [agent: string, device: KnownDevice][] {
    return this.#store.entries(local);
  }

  /** A token has proved right: an older one is over now, and the counter is not to be seen again. */
  used(local: string, agent: string, device: KnownDevice, token: Token, count: number | undefined): void {
    const now = this.host.clock.now();
    const promoted = token === device.next;
    if (!promoted && count === undefined && now - device.used < COARSE) return;
    const counted = count === undefined ? token : { ...token, count };
    this.#set(local, agent, {
      ...device,
      used: now,
      current: counted,
      next: promoted ? undefined : device.next,
    });
  }

  /** Makes a token. One that was made before and never used is over. */
  issue(local: string, agent: UserAgent & { readonly id: string }, mechanism: string): Token {
    const now = this.host.clock.now();
    const token = {
      secret: randomId(SECRET_BYTES),
      mechanism,
      issued: now,
      expires: now + this.host.config.lifetime,
    };
    const known = this.get(local, agent.id);
    if (known === undefined) this.#makeRoom(local);
    const { software, device } = agent;
    this.#set(local, agent.id, {
      id: known?.id ?? randomId(9),
      since: known?.since ?? now,
      current: known?.current,
      used: now,
      ...(software === undefined ? {} : { software }),
      ...(device === undefined ? {} : { device }),
      next: token,
    });
    return token;
  }

  /** Whether a token is so old that its device should get another one. */
  isDue({ issued }: Token): boolean {
    return this.host.clock.now() - issued >= this.host.config.renew_after;
  }

  remove(local: string, agent: string): void {
    this.#set(local, agent, undefined);
  }

  clear(local: string): void {
    for (const [agent] of this.#store.entries(local)) this.#lately.delete(keyOf(local, agent));
    if (this.#store.count(local) > 0) this.#store.clear(local);
  }

  /** Reads everything anew: rows have changed by themselves. */
  forget(): void {
    this.#lately.clear();
  }

  #set(local: string, agent: string, device: KnownDevice | undefined): void {
    this.#lately.delete(keyOf(local, agent));
    this.#store.set(local, agent, device);
    if (device !== undefined) this.#lately.set(keyOf(local, agent), device);
  }

  /**
   * Takes away what no client can use any more, without keeping the server from other work; not devices that are here, which
   * their owners may want to log out.
   */
  async sweep(signal: AbortSignal, isHere: (local: string, agent: string) => boolean): Promise<void> {
    const oldest = this.host.clock.now() - REMEMBERED;
    for (const local of this.#store.owners()) {
      for (const [agent, device] of this.#store.entries(local)) {
        if (expiryOf(device) <= oldest && !isHere(local, agent)) this.remove(local, agent);
      }
      await nextTurn();
      if (signal.aborted) return;
    }
  }

  /** Before another device comes: what has expired goes, and of too many those that were not used for longest. */
  #makeRoom(local: string): void {
    if (this.#store.count(local) < this.host.config.devices) return;
    const now = this.host.clock.now();
    const entries = this.#store.entries(local).sort(([, a], [, b]) => a.used - b.used);
    let over = entries.length - this.host.config.devices + 1;
    for (const [agent, device] of entries) {
      if (over <= 0 && expiryOf(device) > now) continue;
      this.remove(local, agent);
      over--;
    }
  }
}

/** A local part has no space in it (RFC 7622 §3.3). */
function keyOf(local: string, agent: string): string {
  return `${local} ${agent}`;
}

/** When the last token of a device expires. */
export function expiryOf({ current, next }: KnownDevice): number {
  return Math.max(current?.expires ?? 0, next?.expires ?? 0);
}
