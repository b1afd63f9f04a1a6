/** Makes a stream to a domain: its targets one after another, until one of them lets us in (RFC 6120 §3.2.1). */
import type { Maybe } from "../base/maybe.ts";
import type { Federation, LocalDomain, PeerStream, Proof } from "../session/federation.ts";
import { ServerOut } from "../session/server_out.ts";
import { StanzaError } from "../stanza/error.ts";
import type { StreamLimits } from "../stream/limits.ts";
import { Stream, type StreamContext } from "../stream/stream.ts";
import type { TlsMinimum } from "../transport/tls_context.ts";
import type { Dial, Dialled } from "./dial.ts";
import { ResolveError, type Target } from "./resolve.ts";
import type { Dane } from "./trust_dane.ts";

/** Who judges certificates: trust.ts. */
export interface Judge {
  identify(domain: string, chain: readonly Uint8Array[], dane?: Dane): Maybe<Proof>;
}

export interface Wanted {
  readonly local: LocalDomain;
  readonly remote: string;
  readonly verifies: boolean;
  readonly resuming?: PeerStream | undefined;
  readonly signal: AbortSignal;
}

/** What a connector works with; trust and limits are those of the present configuration. */
export interface ConnectorGround {
  readonly dial: Dial;
  readonly trust: Judge;
  readonly limits: StreamLimits;
  /** The oldest version of TLS that is spoken. */
  readonly minimum: TlsMinimum;
  readonly context: StreamContext;
}

/** The peer has answered who we are, and does not let us in: nothing that waiting or another of its servers would change. */
export class Decision extends Error {
  constructor(readonly failure: StanzaError, readonly session: ServerOut) {
    super(failure.message);
  }
}

interface Negotiated {
  readonly session: ServerOut;
  readonly failure: StanzaError | undefined;
  readonly decided: boolean;
}

/** How far an attempt has got: of several failures the one that got furthest tells most. */
const enum Stage {
  Nothing,
  Reached,
  Spoke,
}

/** Opens a stream that is ready for its errand; rejects with the StanzaError, or the Decision, that says why there is none. */
export async function openStream(
  federation: Federation,
  ground: ConnectorGround,
  wanted: Wanted,
): Promise<ServerOut> {
  const { remote, signal } = wanted;
  const targets = await targetsOf(ground.dial, remote, signal);
  let failure = new StanzaError("remote-server-timeout", `${remote} could not be reached`);
  let stage = Stage.Nothing;
  const note = (reached: Stage, error: StanzaError): void => {
    if (reached < stage) return;
    stage = reached;
    failure = error;
  };
  for (const target of targets) {
    if (signal.aborted) break;
    const dialled = await dial(ground.dial, wanted, target);
    if (dialled instanceof StanzaError) {
      note(Stage.Reached, dialled);
      continue;
    }
    const { session, failure: said, decided } = await negotiate(federation, ground, wanted, dialled);
    if (said === undefined) return session;
    if (decided) throw new Decision(said, session);
    note(Stage.Spoke, said);
  }
  throw signal.reason instanceof StanzaError ? signal.reason : failure;
}

async function targetsOf(dial: Dial, remote: string, signal: AbortSignal): Promise<readonly Target[]> {
  try {
    return await dial.targets(remote, signal);
  } catch (error) {
    if (signal.reason instanceof StanzaError) throw signal.reason;
    const condition = error instanceof ResolveError ? error.condition : "remote-server-timeout";
    throw new StanzaError(condition, reasonOf(error));
  }
}

async function dial(dial: Dial, wanted: Wanted, target: Target): Promise<Dialled | StanzaError> {
  const { local, remote, signal } = wanted;
  const secure = local.tlsContext()?.secure;
  try {
    return await dial.connect(remote, target, { signal, ...(secure === undefined ? {} : { secure }) });
  } catch (error) {
    return new StanzaError(
      "remote-server-timeout",
      `${remote} could not be reached at ${target.host}:${target.port}: ${reasonOf(error)}`,
    );
  }
}

function negotiate(
  federation: Federation,
  ground: ConnectorGround,
  wanted: Wanted,
  { carrier, target, tlsa }: Dialled,
): Promise<Negotiated> {
  const { local, remote, verifies, resuming, signal } = wanted;
  const { promise, resolve } = Promise.withResolvers<Negotiated>();
  const dane = tlsa === undefined ? undefined : { records: tlsa, host: target.host };
  const aborted = (): void => carrier.destroy(new Error("given up"));
  const session = new ServerOut(federation, ground.context, {
    local,
    remote,
    carrier,
    verifies,
    resuming,
    minimum: ground.minimum,
    judge: (chain) => ground.trust.identify(remote, chain, dane),
    done: (failure, decided) => {
      signal.removeEventListener("abort", aborted);
      resolve({ session, failure, decided });
    },
  });
  signal.addEventListener("abort", aborted, { once: true });
  session.start(new Stream(carrier, session, ground.context, ground.limits));
  if (signal.aborted) aborted();
  return promise;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
