/** Apps that speak JSON only, their errors included: `{ "error": "not-found", "message": "…" }`. */
import { Hono } from "hono";
import type { Logger } from "../base/log.ts";
import type { App } from "./apps.ts";

/** What a request could not be answered for. Thrown by a handler, it becomes the answer. */
export class JsonError extends Error {
  override readonly name = "JsonError";

  constructor(
    readonly status: 400 | 403 | 404 | 409 | 422 | 500 | 501,
    /** For programs. */
    readonly code: string,
    /** For people. */
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** An app whose every answer is JSON. What it throws that is no JsonError is a fault of ours, and logged. */
export function jsonApp(log: Logger): App {
  const app: App = new Hono();
  app.notFound((c) =>
    c.json({ error: "not-found", message: `there is no ${c.req.method} ${c.req.path}` }, 404)
  );
  app.onError((error, c) => {
    if (error instanceof JsonError) {
      return c.json({ error: error.code, message: error.message, ...error.details }, error.status);
    }
    log.error("request failed", { method: c.req.method, path: c.req.path, error });
    return c.json({ error: "internal", message: error.message }, 500);
  });
  return app;
}

/** The object in a request's body. Throws a JsonError where there is none. */
export async function jsonBody(request: { json(): Promise<unknown> }): Promise<Record<string, unknown>> {
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    throw new JsonError(400, "bad-request", "the body is not JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new JsonError(400, "bad-request", "the body is not a JSON object");
  }
  return body as Record<string, unknown>;
}
