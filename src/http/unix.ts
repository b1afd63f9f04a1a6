/**
 * Sockets in the file system: open to those who may use them only, from the first moment on, and never taken from a server that still answers on them.
 */
import { createServer, type Server, type Socket } from "node:net";

/** A socket's place has more letters than the system has room for (`sun_path` of 108 bytes on Linux, 104 on BSD). */
const LONGEST_PATH = 103;

/** A socket file that is ours to listen on, and later to take away. */
export class SocketFile {
  #inode: number | null = null;

  private constructor(readonly path: string) {}

  /** Makes the place free: what a crashed server left behind is removed, all else is left alone and an error. */
  static async claim(path: string): Promise<SocketFile> {
    if (new TextEncoder().encode(path).length > LONGEST_PATH) {
      throw new Error(
        `the path of the socket is longer than ${LONGEST_PATH} bytes: ${path}; choose a shorter data folder, or set server.run to a short one`,
      );
    }
    const found = await Deno.lstat(path).catch(missing);
    if (found !== undefined) {
      if (!found.isSocket) throw new Error(`${path} is in the way: it is not a socket; move it away`);
      if (await answers(path)) throw new Error(`another server is running: it answers on ${path}`);
      await Deno.remove(path);
    }
    return new SocketFile(path);
  }

  /** Runs `listen`, which binds the socket at once, so that nobody but those of `mode` can ever open it. */
  bind<T>(mode: number, listen: () => T): T {
    // The mask is the process's: nothing else runs before it is set back.
    const mask = Deno.build.os === "windows" ? undefined : Deno.umask(0o777 & ~mode);
    try {
      return listen();
    } finally {
      if (mask !== undefined) Deno.umask(mask);
      this.#inode = Deno.lstatSync(this.path).ino;
    }
  }

  /** Takes the file away, if it is still the one that was bound here. */
  async release(): Promise<void> {
    const found = await Deno.lstat(this.path).catch(missing);
    if (found !== undefined && found.ino === this.#inode) await Deno.remove(this.path).catch(missing);
  }
}

/** An open socket in the file system. */
export class UnixPort {
  readonly #server: Server;
  readonly #file: SocketFile;

  private constructor(server: Server, file: SocketFile) {
    this.#server = server;
    this.#file = file;
  }

  /** Opens it for those of `mode`; what connects is handed to `accept`. */
  static async listen(path: string, mode: number, accept: (socket: Socket) => void): Promise<UnixPort> {
    const file = await SocketFile.claim(path);
    const server = createServer(accept);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.once("listening", resolve);
      file.bind(mode, () => server.listen({ path }));
    });
    return new UnixPort(server, file);
  }

  /** Accepts no more, and takes the file away. */
  async close(): Promise<void> {
    this.#server.close();
    await this.#file.release();
  }
}

/** Sends a request to the server behind a socket. Throws Deno's NotFound or ConnectionRefused when none is there. */
export async function requestUnix(path: string, target: string, init: RequestInit = {}): Promise<Response> {
  // The client says only that it could not connect; this says why.
  (await Deno.connect({ transport: "unix", path })).close();
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  const response = await fetch(`http://localhost${target}`, { ...init, client });
  // The answer is read before the client goes.
  return new Response(response.body === null ? null : await response.arrayBuffer(), response);
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function missing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  return undefined;
}
