/** Where an account's devices want to be woken: one entry for each push service and node, as they were last enabled. */
import { type ClientSession, type HostScope, type Keyval, keyval, Lru, map, type MapStore } from "#plugin";

/** In which of a room's messages a device is interested (tigase:push:filter:groupchat:0). */
export interface RoomRule {
  readonly allow: "always" | "mentioned" | "never";
  readonly nick?: string | undefined;
}

export interface Registration {
  /** The push service. */
  readonly jid: string;
  readonly node?: string | undefined;
  /** The resource of the session that enabled it last. */
  readonly resource: string;
  /** The client as it names itself at every login (XEP-0388 §2.2.1), where it does. */
  readonly agent?: string | undefined;
  /** When that was, in milliseconds since 1970. */
  readonly since: number;
  /** Fields that the service wants to see with everything that is published (XEP-0357 §5). */
  readonly options?: readonly { readonly name: string; readonly values: readonly string[] }[] | undefined;
  /** tigase:push:encrypt:0: the key, in Base64, and the longest text that the service carries. */
  readonly encrypt?: { readonly key: string; readonly longest: number } | undefined;
  /** tigase:push:priority:0 */
  readonly priority?: true | undefined;
  /** tigase:push:jingle:0 */
  readonly jingle?: true | undefined;
  /** tigase:push:filter:muted:0: bare addresses of senders. */
  readonly muted?: readonly string[] | undefined;
  /** tigase:push:filter:ignore-unknown:0 */
  readonly knownOnly?: true | undefined;
  readonly rooms?: Readonly<Record<string, RoomRule>> | undefined;
}

/** What an account has decided for all its devices. */
interface Choice {
  readonly hidesSender: true;
}

const registrations = map<Registration>("push");
const choices = keyval<Choice>("push.choice");
/** Accounts whose entries are kept at hand, most of which have none. */
const CACHED = 10_000;

export class Registrations {
  readonly #stored: MapStore<Registration>;
  readonly #choices: Keyval<Choice>;
  readonly #cache = new Lru<string, readonly Registration[]>(CACHED);

  /** `most`: entries of one account; the oldest goes where there would be more. */
  constructor(host: HostScope<unknown>, private readonly most: number) {
    this.#stored = host.open(registrations);
    this.#choices = host.open(choices);
  }

  of(local: string): readonly Registration[] {
    let known = this.#cache.get(local);
    if (known === undefined) {
      known = this.#stored.entries(local).map(([, registration]) => registration);
      this.#cache.set(local, known);
    }
    return known;
  }

  find(local: string, key: string): Registration | undefined {
    return this.of(local).find((registration) => keyOf(registration) === key);
  }

  /** What was enabled for the same service and node before is replaced (§5). Says which had to go to make room. */
  add(local: string, registration: Registration): Registration[] {
    const key = keyOf(registration);
    const others = this.of(local).filter((other) => keyOf(other) !== key).sort((a, b) => b.since - a.since);
    const gone = others.slice(this.most - 1);
    for (const oldest of gone) this.#stored.set(local, keyOf(oldest), undefined);
    this.#stored.set(local, key, registration);
    this.#cache.delete(local);
    return gone;
  }

  /** Removes those of a service, or the one of a node there (§6), and says which they were. */
  remove(local: string, jid: string, node: string | undefined): Registration[] {
    const gone = this.of(local).filter((it) => it.jid === jid && (node === undefined || it.node === node));
    for (const registration of gone) this.#stored.set(local, keyOf(registration), undefined);
    this.#cache.delete(local);
    return gone;
  }

  /** Removes one: without a node it is that of no node, not all of its service. */
  drop(local: string, key: string): void {
    this.#stored.set(local, key, undefined);
    this.#cache.delete(local);
  }

  /** Without any that an account of this name had. */
  forget(local: string): void {
    this.#cache.delete(local);
  }

  hidesSender(local: string): boolean {
    return this.#choices.get(local) !== undefined;
  }

  setHidesSender(local: string, hides: boolean): void {
    this.#choices.set(local, hides ? { hidesSender: true } : undefined);
  }
}

/** Whether a session is that of the device that enabled it. */
export function isOf({ resource, agent }: Registration, { jid, agent: own }: ClientSession): boolean {
  return jid?.resource === resource || (agent !== undefined && agent === own);
}

/** An address has no line breaks: no two entries share a key. */
export function keyOf({ jid, node }: Registration): string {
  return node === undefined ? jid : `${jid}\n${node}`;
}
