/**
 * Where apps are mounted: each below a path of its host, with a limit on bodies. The result is one Hono app a host,
 * made anew whenever the set of mounts changes.
 */
import { Hono } from "hono";
import type { Logger } from "../base/log.ts";
import type { App } from "./apps.ts";
import { bodyLimit, BodyTooLarge } from "./body_limit.ts";
import { errorResponse } from "./error_page.ts";
import { securityHeaders } from "./security_headers.ts";

/** What a body may have where a mount says nothing else: enough for any form, stanza or JSON request. */
export const DEFAULT_BODY_LIMIT = 262_144;

/** An app at its place. */
export interface Mount {
  /** Begins with `/` and does not end with one, but for `/` itself: `/upload`. The app's own paths are below it. */
  readonly path: string;
  readonly app: App;
  /** Whose it is, for messages. */
  readonly owner: string;
  /** Bytes a request's body may have. */
  readonly bodyLimit?: number;
}

/**
 * One app out of all mounts of a host. `prefix` is what a proxy may put before every path: with it and without it, the same
 * is served. Throws when two want the same path, or a path is none.
 */
export function mountAll(mounts: readonly Mount[], log: Logger, prefix = ""): App {
  // `/http-bind/` is `/http-bind`.
  const whole: App = new Hono({ strict: false });
  whole.use(securityHeaders);
  whole.notFound((c) => errorResponse(c.req.header("accept"), 404, "There is nothing at this address."));
  whole.onError((error, c) => {
    // The client's mistake, and no news: the limit answers for it.
    if (error instanceof BodyTooLarge) return c.body(null, 413);
    // The client has gone in the middle of its body; nobody is left to answer.
    if ("code" in error && error.code === "ECONNRESET") return c.body(null, 400);
    log.error("request failed", { method: c.req.method, path: c.req.path, error });
    return errorResponse(
      c.req.header("accept"),
      500,
      "The server could not answer this request; its log says why.",
    );
  });
  checkPaths(mounts);
  // The longer path is the more particular one and must be asked first.
  for (const { path, app, bodyLimit: limit } of [...mounts].sort((a, b) => b.path.length - a.path.length)) {
    const guarded: App = new Hono();
    guarded.use(bodyLimit(limit ?? DEFAULT_BODY_LIMIT));
    guarded.route("/", app);
    whole.route(path, guarded);
    if (prefix !== "") whole.route(path === "/" ? prefix : prefix + path, guarded);
  }
  return whole;
}

/** Throws where a path is none, or is wanted twice; says by whom. */
export function checkPaths(mounts: readonly Pick<Mount, "path" | "owner">[]): void {
  const owners = new Map<string, string>();
  for (const { path, owner } of mounts) {
    if (!/^(\/|(\/[A-Za-z0-9._~-]+)+)$/.test(path)) {
      throw new TypeError(`${owner} wants to serve HTTP at "${path}"; a path looks like "/upload"`);
    }
    const other = owners.get(path);
    if (other !== undefined) {
      throw new Error(`${owner} and ${other} both want to serve HTTP at "${path}"; move one of them`);
    }
    owners.set(path, owner);
  }
}
