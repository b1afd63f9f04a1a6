/**
 * A server as a process for one test: own directory, own certificate, ports of the system's choice.
 * METRONOME_INTEROP_TARGET=prosody puts Debian's Prosody in our server's place.
 */
import { type Certificate, makeCertificate } from "./certificate.ts";
import { lines } from "./lines.ts";
import { metronome } from "./metronome.ts";
import { prosody } from "./prosody.ts";
import type { Launch, Ports, Target } from "./target.ts";

const TARGETS: Readonly<Record<string, Target>> = { metronome, prosody };
const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 15_000;

/** A running server that serves the host `localhost`. */
export interface Server extends Ports, AsyncDisposable {
  readonly domain: string;
  /** The PEM file of the authority that signed its certificate. */
  readonly ca: string;
  /** All that it has printed so far. */
  log(): string;
  /** Ends it with SIGTERM; throws when it does not end in time or ends with an error. */
  stop(): Promise<void>;
}

/** The server program that the tests speak to. */
export function target(): Target {
  const name = Deno.env.get("METRONOME_INTEROP_TARGET") ?? "metronome";
  const found = TARGETS[name];
  if (!found) {
    throw new Error(`METRONOME_INTEROP_TARGET=${name}: expected ${Object.keys(TARGETS).join(" or ")}`);
  }
  return found;
}

/** Starts the server and waits until it is ready; `fragment` is appended to its configuration. */
export async function startServer(fragment = ""): Promise<Server> {
  const dir = await Deno.makeTempDir({ prefix: "interop-" });
  const certificate = await makeCertificate(dir);
  const launch = await target().prepare(dir, certificate, fragment);
  const child = new Deno.Command(launch.program, {
    args: [...launch.args],
    cwd: dir,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<Ports>();
  const watching = Promise.all(
    [child.stdout, child.stderr].map((stream) => watch(stream, launch, printed, resolve)),
  );
  child.status.then(({ code }) =>
    reject(new Error(`the server ended with ${code} before it was ready:\n${printed.join("\n")}`))
  );
  const timer = setTimeout(() => {
    reject(new Error(`the server was not ready after ${START_TIMEOUT} ms:\n${printed.join("\n")}`));
    child.kill("SIGKILL");
  }, START_TIMEOUT);
  try {
    return serving(child, await ready, certificate, dir, printed, watching);
  } catch (error) {
    await child.status;
    await watching;
    await Deno.remove(dir, { recursive: true });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function watch(
  stream: ReadableStream<Uint8Array>,
  launch: Launch,
  printed: string[],
  resolve: (ports: Ports) => void,
): Promise<void> {
  for await (const line of lines(stream)) {
    printed.push(line);
    const ports = launch.ready(line);
    if (ports) resolve(ports);
  }
}

function serving(
  child: Deno.ChildProcess,
  ports: Ports,
  { ca }: Certificate,
  dir: string,
  printed: readonly string[],
  watching: Promise<unknown>,
): Server {
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      child.kill("SIGKILL");
    }, STOP_TIMEOUT);
    try {
      child.kill("SIGTERM");
    } catch { /* it has ended already: its status says how */ }
    const { code, signal } = await child.status;
    clearTimeout(timer);
    await watching;
    await Deno.remove(dir, { recursive: true });
    const how = killed ? `had to be killed after ${STOP_TIMEOUT} ms` : `ended with ${signal ?? code}`;
    if (killed || (code !== 0 && signal !== "SIGTERM")) {
      throw new Error(`the server ${how}:\n${printed.join("\n")}`);
    }
  };
  return {
    ...ports,
    domain: "localhost",
    ca,
    log: () => printed.join("\n"),
    stop: () => stopped ??= stop(),
    [Symbol.asyncDispose]: () => stopped ??= stop(),
  };
}
