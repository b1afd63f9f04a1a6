/**
 * XEP-0484: Fast Authentication Streamlining Tokens 0.2.0. A device that has logged in once gets a token and comes back with
 * it in one message, whatever its account's passwords are checked by: a directory is asked once a device.
 *
 * A password set here, and an account switched off, take all tokens. The counter is checked where a client sends one; TLS
 * early data, which makes it necessary, is not offered.
 */
import {
  accountDisabled,
  accountRemoved,
  type BindingType,
  type ClientSession,
  credentials,
  definePlugin,
  defineSlot,
  duration,
  el,
  type Element,
  formatDateTime,
  type HostScope,
  Jid,
  type Login,
  type Mechanism,
  options,
  passwordChanged,
  type SaslFailure,
  saslFailure,
  sessionBound,
  StreamError,
  type UserAgent,
  z,
} from "#plugin";
import { commands } from "../admin/api.ts";
import { sessionResumed } from "../stream/api.ts";
import { type Device, type Devices, devices } from "./api.ts";
import { deviceCommands } from "./device_commands.ts";
import { expiryOf, FastDevices, type KnownDevice, type Token } from "./fast_devices.ts";
import { BINDINGS, hashedToken, type KnownProofs } from "./fast_mechanism.ts";

const FAST_NS = "urn:xmpp:fast:0";
const DAY = 86_400_000;

const config = options({
  lifetime: duration().prefault("21 days").describe(
    "How long a device may stay away before it needs the password again.",
  ),
  renew_after: duration().prefault("1 day").describe("The age at which a token in use is replaced."),
  devices: z.number().int().min(1).max(1000).default(50).describe(
    "Devices of one account that have tokens; with more, the one not used for longest loses its own.",
  ),
});
type Config = z.infer<typeof config>;

export const fast = definePlugin({
  name: "fast",
  doc: "Lets devices log in again with a token instead of the password, in one round trip.",
  xeps: [[484, "0.2.0"]],
  config,
  standard: true,
  provides: [devices],
  wants: [commands, credentials],
  setup(host) {
    if (host.find(credentials)?.temporary === true) return host.provide(devices, NOBODY);
    const logins = new FastLogins(host);
    host.inline("sasl2", logins);
    host.provide(devices, logins);
    for (const command of deviceCommands(logins)) host.find(commands)?.register(host, command);
    host.on(sessionBound, ({ session }) => logins.arrived(session, session));
    host.on(sessionResumed, ({ session, from }) => logins.arrived(session, from));
    host.on(passwordChanged, ({ local }) => void logins.known.clear(local));
    host.on(accountRemoved, () => void logins.known.forget());
    host.on(accountDisabled, ({ local }) => void logins.known.clear(local));
    daily(host, () => host.spawn((signal) => logins.sweep(signal)));
  },
});

/** On a host without accounts there is nobody to give a token to. */
const NOBODY: Devices = { list: () => [], revoke: () => false, forget: () => {} };

/** A timer of its own: the wheel would have to turn all day for it. */
function daily(host: HostScope<unknown>, fn: () => void): void {
  const run = (): void => {
    timer = host.clock.after(DAY, run);
    fn();
  };
  let timer = host.clock.after(DAY, run);
  host.onStop(() => timer.cancel());
}

/** What a login with a token was made with. */
interface Used {
  readonly token: Token;
  /** The id of its device. */
  readonly device: string;
  readonly invalidate: boolean;
  /** What the login changes of the token was written after this. */
  readonly since: number;
  /** The login had a counter: it must never be good again. */
  readonly counted: boolean;
}

/** Logins with a token that are under way: a reload may come between the proof and what follows on it. */
const underWay = defineSlot<WeakMap<Login<ClientSession>, Used>>("fast.underWay");
/** The id of the device that a session has logged in from, until others can find the session. */
const comingIn = defineSlot<string>("fast.comingIn");

/** The mechanisms that a connection can use, and how they are announced. */
interface Offer {
  readonly names: readonly string[];
  readonly feature: Element;
}

function offerOf(bindings: ReadonlyMap<BindingType, Uint8Array> | undefined): Offer {
  const names = [...BINDINGS].flatMap(([name, type]) =>
    type === undefined || bindings?.has(type) === true ? [name] : []
  );
  return { names, feature: el("fast", FAST_NS, {}, names.map((name) => el("mechanism", FAST_NS, {}, name))) };
}

class FastLogins implements Devices {
  readonly known: FastDevices;
  readonly #proofs: KnownProofs = new WeakMap();
  readonly #offers: Offer[] = [];
  readonly #used: WeakMap<Login<ClientSession>, Used>;

  constructor(private readonly host: HostScope<Config>) {
    this.#used = host.hold(underWay, () => new WeakMap());
    this.known = new FastDevices(host);
  }

  // --- within a login ---------------------------------------------------------------------------------------------

  offer(session: ClientSession): Element {
    return this.#offer(session).feature;
  }

  /** A mechanism of ours, for a login that has `<fast/>` in it as it must. */
  mechanism(login: Login<ClientSession>): Mechanism | undefined {
    const { mechanism, request, agent, session } = login;
    const fast = request.child("fast", FAST_NS);
    if (fast === undefined || !this.#mechanisms(session).includes(mechanism)) return undefined;
    const count = readCount(fast.attr("count"));
    const invalidate = readBoolean(fast.attr("invalidate"));
    const id = agent?.id;
    if (id === undefined) return broken(mechanism, "a token needs the id of its <user-agent/>");
    if (count === "malformed") return broken(mechanism, "'count' is a positive number");
    if (invalidate === "malformed") return broken(mechanism, "'invalidate' is true or false");
    let device: KnownDevice | undefined;
    return hashedToken(mechanism, {
      tokens: (username) => tokensOf(device = this.known.get(username, id)),
      accept: (username, token) => {
        const refusal = this.#refusal(username, token, count);
        if (refusal !== undefined) return refusal;
        const since = this.host.writes;
        this.known.used(username, id, device!, token, count);
        this.#used.set(login, {
          token,
          device: device!.id,
          invalidate,
          since,
          counted: count !== undefined,
        });
        return undefined;
      },
    }, this.#proofs);
  }

  take(login: Login<ClientSession>): Element | undefined | Promise<Element | undefined> {
    const { session, agent } = login;
    if (agent?.id === undefined) return undefined;
    const used = this.#used.get(login);
    const since = used?.since ?? this.host.writes;
    if (used !== undefined && this.known.get(session.username, agent.id)?.id !== used.device) throw shutOut();
    if (used?.invalidate === true) this.known.remove(session.username, agent.id);
    const mechanism = this.#toIssue(login, used);
    const token = mechanism === undefined
      ? undefined
      : this.known.issue(session.username, agent as UserAgent & { id: string }, mechanism);
    session.set(comingIn, this.known.get(session.username, agent.id)?.id);
    if (token === undefined) {
      // What the client is told to be over must be, even if the server is killed now.
      const mustLast = used !== undefined && (used.invalidate || used.counted);
      return mustLast ? this.#kept(since).then(() => undefined) : undefined;
    }
    const child = el("token", FAST_NS, { expiry: formatDateTime(token.expires), token: token.secret });
    return this.#kept(since).then(() => child, (error) => {
      // Without a token the client is logged in all the same.
      this.host.log.error("a token could not be kept", { error });
      return undefined;
    });
  }

  /** When what was written since is safe; where it cannot be made so, what stands is read anew. */
  async #kept(since: number): Promise<void> {
    try {
      await this.host.flush(since);
    } catch (error) {
      this.known.forget();
      throw error;
    }
  }

  /** The mechanism of the token that a login gets: the one it asks for, or that of a token which is getting old. */
  #toIssue({ request, session }: Login<ClientSession>, used: Used | undefined): string | undefined {
    const asked = request.child("request-token", FAST_NS)?.attr("mechanism");
    if (asked !== undefined && this.#mechanisms(session).includes(asked)) return asked;
    if (used === undefined || used.invalidate || !this.known.isDue(used.token)) return undefined;
    return used.token.mechanism;
  }

  #refusal(username: string, token: Token, count: number | undefined): SaslFailure | undefined {
    if (count !== undefined && count <= (token.count ?? 0)) {
      return saslFailure("not-authorized", "a login with this count has been seen before");
    }
    // Also while this plugin was switched off, and could not take them.
    const changed = this.host.accounts.record(username)?.changed ?? 0;
    if (token.issued < changed || token.expires <= this.host.clock.now()) {
      return saslFailure("credentials-expired");
    }
    if (!this.host.accounts.exists(username)) return saslFailure("not-authorized");
    return this.host.accounts.isDisabled(username) ? saslFailure("account-disabled") : undefined;
  }

  #mechanisms(session: ClientSession): readonly string[] {
    return this.#offer(session).names;
  }

  /** What there is for a connection, made once for each kind of them. */
  #offer({ tls }: ClientSession): Offer {
    let kind = 0;
    for (const type of tls?.bindings.keys() ?? []) kind |= type === "tls-exporter" ? 1 : 2;
    return this.#offers[kind] ??= offerOf(tls?.bindings);
  }

  // --- for other plugins ------------------------------------------------------------------------------------------

  list(local: string): readonly Device[] {
    const sessions = this.#sessions(local);
    return this.#known(local, sessions).map(([agent, device]) => ({
      id: device.id,
      software: device.software,
      device: device.device,
      since: device.since,
      used: device.used,
      expires: expiryOf(device),
      connected: isHere(agent, sessions),
    })).sort((a, b) => b.used - a.used);
  }

  revoke(local: string, id: string): boolean {
    const sessions = this.#sessions(local);
    const found = this.#known(local, sessions).find(([, device]) => device.id === id);
    if (found === undefined) return false;
    const [agent] = found;
    this.known.remove(local, agent);
    for (const session of sessions) {
      if (session.agent === agent) session.end(shutOut());
    }
    return true;
  }

  /** A session is to be found from now on, by the login of `from`, whose device may have been shut out since. */
  arrived(session: ClientSession, from: ClientSession): undefined {
    const id = from.get(comingIn);
    if (id === undefined) return;
    from.set(comingIn, undefined);
    if (this.known.get(session.username, from.agent)?.id !== id) session.end(shutOut());
  }

  forget(local: string, agent: string): void {
    if (this.known.get(local, agent) !== undefined) this.known.remove(local, agent);
  }

  /** Devices that can come back without the password, or are here. */
  #known(local: string, sessions: readonly ClientSession[]): [agent: string, device: KnownDevice][] {
    const now = this.host.clock.now();
    return this.known.of(local).filter(([agent, device]) =>
      expiryOf(device) > now || isHere(agent, sessions)
    );
  }

  sweep(signal: AbortSignal): Promise<void> {
    return this.known.sweep(signal, (local, agent) => isHere(agent, this.#sessions(local)));
  }

  #sessions(local: string): readonly ClientSession[] {
    return this.host.sessions(Jid.of(local, this.host.domain));
  }
}

function isHere(agent: string, sessions: readonly ClientSession[]): boolean {
  return sessions.some((session) => session.agent === agent);
}

function shutOut(): StreamError {
  return new StreamError("not-authorized", "this device may not log in any more");
}

function tokensOf(device: KnownDevice | undefined): Token[] {
  return [device?.next, device?.current].filter((token) => token !== undefined);
}

/** The mechanism for a login in which something else is wrong. */
function broken(name: string, text: string): Mechanism {
  const step = () => saslFailure("malformed-request", text);
  return { name, available: () => true, served: () => true, start: () => ({ step }) };
}

/** xs:int, positive. */
function readCount(text: string | undefined): number | "malformed" | undefined {
  if (text === undefined) return undefined;
  return /^\+?\d{1,10}$/.test(text) && Number(text) > 0 && Number(text) < 2 ** 31
    ? Number(text)
    : "malformed";
}

/** xs:boolean. */
function readBoolean(text: string | undefined): boolean | "malformed" {
  if (text === undefined || text === "false" || text === "0") return false;
  return text === "true" || text === "1" ? true : "malformed";
}
