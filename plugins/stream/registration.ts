/**
 * XEP-0077: In-Band Registration 2.4. Making an account before the login where the configuration lets strangers do so;
 * changing the password and removing the account always, for whoever is logged in (RFC 6120 leaves both to this XEP).
 */
import {
  Authenticated,
  Bucket,
  buildRegistration,
  buildRegistrationFeature,
  type ClientSession,
  definePlugin,
  duration,
  type Element,
  errorOf,
  type HostScope,
  Jid,
  Lru,
  networkOf,
  options,
  type Query,
  readRegistration,
  REGISTER_NS,
  resultOf,
  Secure,
  Stanza,
  StanzaError,
  StreamError,
  type Taken,
  z,
} from "#plugin";

const config = options({
  open: z.enum(["nobody", "loopback", "everybody"]).default("nobody").describe(
    "Who may make an account with a client: nobody, clients on this machine, or everybody.",
  ),
  burst: z.number().int().min(0).default(5).describe(
    "Accounts that one address may make at once; 0 is no limit. Loopback is not limited where only it may register.",
  ),
  every: duration().prefault("30 min").describe("After how long that address may make one more."),
  instructions: z.string().default("Choose a name and a password.").describe("What the client shows."),
});
type Config = z.infer<typeof config>;

/** Addresses whose recent registrations are remembered. */
const REMEMBERED = 10_000;

export const registration = definePlugin({
  name: "registration",
  doc: "Accounts made, changed and removed by people's own clients.",
  xeps: [[77, "2.4"]],
  config,
  standard: true,
  setup(host) {
    const desk = new Desk(host);
    host.feature(REGISTER_NS);
    for (const to of ["host", "own"] as const) {
      host.iq.get(REGISTER_NS, "query", to, (query) => desk.describe(query));
      host.iq.set(REGISTER_NS, "query", to, (query) => desk.change(query));
    }
    if (host.config.open === "nobody") return;
    const offered = buildRegistrationFeature();
    host.streamFeature({
      ns: REGISTER_NS,
      needs: 0,
      forbids: Authenticated,
      offer: (session) => desk.admits(session) ? offered : undefined,
      take: (session, element) => desk.stranger(session, element),
    });
  },
});

class Desk {
  readonly #recent = new Lru<string, Bucket>(REMEMBERED);

  constructor(private readonly host: HostScope<Config>) {}

  /** Whether a session that has not logged in may make an account: never in the clear where TLS is required. */
  admits(session: ClientSession): boolean {
    if (!this.host.accounts.creates) return false;
    if ((session.state & Secure) === 0 && session.home!.policy.tlsRequired) return false;
    return this.host.config.open === "everybody" || isLoopback(session.peer.address);
  }

  async stranger(session: ClientSession, element: Element): Promise<Taken | undefined> {
    let request: Stanza;
    try {
      request = Stanza.read(element);
    } catch (error) {
      if (error instanceof StanzaError) throw new StreamError("bad-format", error.message);
      throw error;
    }
    if (!request.isRequest) return undefined;
    try {
      const payload = await this.#answerStranger(session, request);
      session.write(resultOf(request, payload).between(this.host.jid, undefined));
    } catch (error) {
      // What went wrong here, such as a full disk, is no reason to end the stream.
      if (!(error instanceof StanzaError)) this.host.log.error("registration failed", { error });
      const said = error instanceof StanzaError
        ? error
        : new StanzaError("internal-server-error", "try again later", { type: "wait" });
      const reply = errorOf(request, said);
      if (reply !== undefined) session.write(reply.between(this.host.jid, undefined));
    }
    return undefined;
  }

  async #answerStranger(session: ClientSession, request: Stanza): Promise<Element | undefined> {
    if (!this.admits(session)) throw new StanzaError("not-allowed", "accounts are not made here");
    const { instructions } = this.host.config;
    if (request.type === "get") return buildRegistration({ instructions, fields: ["username", "password"] });
    const { username, password } = submitted(request.payload!);
    if (username === undefined || password === undefined) {
      throw new StanzaError("not-acceptable", "a username and a password are needed");
    }
    const jid = accountOf(username, this.host.domain);
    if (jid === undefined) throw new StanzaError("not-acceptable", "this name cannot be one");
    // Whoever came first would be the administrator that the configuration names: such an account is made on the server.
    if (this.host.may(jid, "admin")) {
      throw new StanzaError("not-allowed", "this account is not made by clients");
    }
    this.#take(session.peer.address);
    await this.host.accounts.create(jid.local, password);
    await this.host.flush();
    this.host.log.info("registered", { account: jid.toString(), peer: session.peer.address });
    return undefined;
  }

  /** What somebody who is logged in can change. */
  describe({ from, session }: Query): Element {
    this.#insider(session);
    return buildRegistration({
      fields: ["username", "password"],
      registered: { username: from.local },
    });
  }

  async change({ stanza, payload, from, session }: Query): Promise<undefined> {
    this.#insider(session);
    const request = readRegistration(payload);
    if (request.kind === "cancel") return undefined;
    if (request.kind === "remove") return await this.#remove(session!, stanza);
    const { username, password } = submitted(payload);
    if (username === undefined || password === undefined) {
      throw new StanzaError("bad-request", "a username and a password are needed");
    }
    // XEP-0077 §3.3: only one's own.
    if (accountOf(username, this.host.domain)?.equals(from.bare) !== true) {
      throw new StanzaError("not-allowed", "this is not your account");
    }
    await this.host.accounts.setPassword(from.local, password);
    this.host.log.info("password changed", { account: from.bare.toString() });
    return undefined;
  }

  /** XEP-0077 §3.2: the result first, then the stream is closed; nothing is said before the account is really gone. */
  async #remove(session: ClientSession, request: Stanza): Promise<undefined> {
    const account = session.account;
    this.host.accounts.remove(account.local, session);
    await this.host.flush();
    this.host.log.info("account removed", { account: account.toString() });
    session.write(resultOf(request));
    session.end(new StreamError("not-authorized", "this account has been removed"));
    return undefined;
  }

  #insider(session: ClientSession | undefined): void {
    if (session === undefined || session.home?.domain !== this.host.domain || !this.host.accounts.creates) {
      throw new StanzaError("not-allowed", "accounts are not managed here");
    }
  }

  #take(address: string): void {
    const { open, burst, every } = this.host.config;
    if (burst === 0 || open === "loopback") return;
    const network = networkOf(address);
    let bucket = this.#recent.get(network);
    if (bucket === undefined) this.#recent.set(network, bucket = new Bucket(1000 / every, burst));
    if (!bucket.tryTake(1, this.host.clock.monotonic())) {
      throw new StanzaError("resource-constraint", "too many accounts from your address, try again later");
    }
  }
}

function submitted(payload: Element): { username: string | undefined; password: string | undefined } {
  const request = readRegistration(payload);
  if (request.kind !== "submit") throw new StanzaError("bad-request", "this is not a registration");
  return { username: request.values.get("username"), password: request.values.get("password") };
}

function accountOf(username: string, domain: string): Jid | undefined {
  try {
    return username === "" ? undefined : Jid.of(username, domain);
  } catch {
    return undefined;
  }
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
}
