/**
 * A limit on what a request may bring. A declared length is checked before anything is read; a body without one is
 * counted while it is read, and cut off where it grows too long. Either way the client gets 413 (RFC 9110 §15.5.14).
 */
import type { Context, MiddlewareHandler } from "hono";
import { errorResponse } from "./error_page.ts";

/** Lets requests through whose body has at most `bytes` bytes. */
export function bodyLimit(bytes: number): MiddlewareHandler {
  return async (c, next) => {
    // The body is not touched before it must be: from then on, all of it would be taken as it comes.
    const declared = c.req.header("content-length") ?? null;
    if (declared === null && c.req.header("transfer-encoding") === undefined) return await next();
    if (declared !== null) {
      // The runtime reads no more than was declared, so the number can be trusted.
      return Number(declared) > bytes ? tooLarge(c, bytes) : await next();
    }
    const request = c.req.raw;
    if (request.body === null) return await next();
    const counter = new Counter(bytes);
    const body = request.body.pipeThrough(new TransformStream(counter));
    // Not `new Request(request, …)`: that would take over the runtime's signal, which aborts on success as well.
    c.req.raw = new Request(request.url, { method: request.method, headers: request.headers, body });
    await next();
    // Whatever the app made of the broken body, this is what was wrong.
    if (counter.exceeded) c.res = tooLarge(c, bytes);
  };
}

/** What reading a body fails with that is longer than allowed. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** Passes chunks on until there are too many bytes. */
class Counter implements Transformer<Uint8Array, Uint8Array> {
  exceeded = false;
  #seen = 0;

  constructor(readonly limit: number) {}

  transform(chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    this.#seen += chunk.length;
    if (this.#seen > this.limit) {
      this.exceeded = true;
      controller.error(new BodyTooLarge(`the body has more than ${this.limit} bytes`));
    } else controller.enqueue(chunk);
  }
}

function tooLarge(c: Context, bytes: number): Response {
  return errorResponse(c.req.header("accept"), 413, `The body may have at most ${bytes} bytes.`);
}
