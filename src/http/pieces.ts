/** A request's body piece by piece, at the pace of whoever reads it. A piece is valid until the next one is asked for. */
import type { IncomingMessage } from "node:http";

/** Memory of at least so many bytes is a piece's own, and not cut out of a pool. */
const OWN = 16_384;

/**
 * The memory of a piece is given back at once, and with `recycle` that of the connection beneath: left to the collector, that
 * of a large upload would pile up first. Throws where the connection breaks before the body has ended.
 */
export async function* piecesOf(
  incoming: IncomingMessage,
  recycle?: (on: boolean) => void,
): AsyncGenerator<Uint8Array> {
  recycle?.(true);
  try {
    for await (const piece of incoming as AsyncIterable<Uint8Array<ArrayBuffer>>) {
      // A runtime whose parser makes no copies would give us memory that is gone.
      if (piece.length === 0) throw new Error("a piece of the body was lost");
      yield piece;
      if (piece.buffer.byteLength >= OWN) piece.buffer.transfer(0);
    }
  } finally {
    recycle?.(false);
  }
}
