/**
 * A part of a file as the body of an answer. The server sends it through one buffer, at the pace of who reads it, so that a
 * large file needs no more memory than a small one; for everybody else it is a stream as any other.
 */
import { open } from "node:fs/promises";
import type { ServerResponse } from "node:http";

/** Bytes read at a time. */
const PIECE = 65_536;

/** From `start` to before `end`. */
export interface FilePart {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

const PART: unique symbol = Symbol("part");
type Marked = ReadableStream<Uint8Array> & { [PART]?: FilePart };

/** The body for a response. */
export function filePart(part: FilePart): ReadableStream<Uint8Array> {
  const body: Marked = streamOf(part);
  body[PART] = part;
  return body;
}

/** What a response is to send of a file; undefined where its body is something else. */
export function partIn(response: Response): FilePart | undefined {
  return (response.body as Marked | null)?.[PART];
}

/** Sends the response whose body that part is. Rejects before anything was sent where the file cannot be opened. */
export async function sendPart(
  { path, start, end }: FilePart,
  response: Response,
  outgoing: ServerResponse,
): Promise<void> {
  const file = await open(path, "r");
  try {
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    const pace = new Pace(outgoing);
    const buffer = new Uint8Array(PIECE);
    for (let at = start; at < end && !pace.isOver;) {
      const { bytesRead } = await file.read(buffer, { position: at, length: Math.min(PIECE, end - at) });
      if (bytesRead === 0) {
        // It became shorter: the client sees that bytes are missing.
        outgoing.destroy();
        return;
      }
      await pace.write(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    outgoing.end();
  } finally {
    await file.close();
  }
}

/** Writes one thing at a time, until the other side has gone. */
class Pace {
  isOver = false;
  #wake: (() => void) | undefined;

  constructor(private readonly outgoing: ServerResponse) {
    outgoing.on("close", () => {
      this.isOver = true;
      this.#wake?.();
    });
  }

  /** Resolves when the bytes are nobody's any more. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.outgoing.write(bytes, () => resolve());
    });
  }
}

function streamOf({ path, start, end }: FilePart): ReadableStream<Uint8Array> {
  let file: Awaited<ReturnType<typeof open>> | undefined;
  let at = start;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      file ??= await open(path, "r");
      const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(PIECE, end - at)), {
        position: at,
      });
      if (bytesRead === 0) {
        await file.close();
        controller.error(new Error(`${path} became shorter while it was sent`));
        return;
      }
      controller.enqueue(buffer.subarray(0, bytesRead));
      at += bytesRead;
      if (at < end) return;
      await file.close();
      controller.close();
    },
    async cancel() {
      await file?.close();
    },
  }, { highWaterMark: 0 });
}
