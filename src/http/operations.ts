/**
 * What watches the server over HTTP: `/healthz` (the process answers), `/readyz` (it serves everything it should) and
 * `/metrics` (OpenMetrics). Figures say much about a server's users, so they are for this machine, or for who knows the
 * token.
 */
import { type Context, Hono } from "hono";
import { encodeUtf8, timingSafeEqual } from "../base/bytes.ts";
import type { App } from "./apps.ts";
import { connectionOf } from "./connection.ts";
import type { Mount } from "./mount.ts";

/** What the server tells about itself. */
export interface Operations {
  /** What is not right yet or any more, in words; none means ready. */
  readonly problems: () => readonly string[];
  /** The text of all figures. */
  readonly metrics: () => string;
  /** Whether this machine may read the figures without a token. */
  readonly loopback: boolean;
  /** Who sends it as a bearer token may read the figures from anywhere (RFC 6750 §2.1). */
  readonly token?: string | undefined;
}

/** The mounts of all three, for the app that answers whatever name the watcher uses. */
export function operationMounts(operations: Operations): Mount[] {
  const owner = "the server";
  return [
    {
      path: "/healthz",
      owner,
      app: new Hono().get("/", (c) => c.text("ok\n", 200, { "cache-control": "no-store" })),
    },
    { path: "/readyz", owner, app: readiness(operations) },
    { path: "/metrics", owner, app: figures(operations) },
  ];
}

function readiness({ problems }: Operations): App {
  const app: App = new Hono();
  return app.get("/", (c) => {
    const found = problems();
    // Which host is not ready is for this machine to know; others learn that something is.
    const details = isLocal(c) ? found.join("\n") + "\n" : "";
    return found.length === 0
      ? c.text("ready\n", 200, { "cache-control": "no-store" })
      : c.text(`not ready\n${details}`, 503, { "cache-control": "no-store" });
  });
}

function figures({ metrics, loopback, token }: Operations): App {
  const app: App = new Hono();
  return app.get("/", (c) => {
    if (!mayRead(c, loopback, token)) {
      return c.text("The figures are for this machine, or for who sends the token.\n", 403);
    }
    return c.body(metrics(), 200, {
      "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8",
      "cache-control": "no-store",
    });
  });
}

function mayRead(c: Context, loopback: boolean, token: string | undefined): boolean {
  const sent = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (token !== undefined && sent !== undefined) return timingSafeEqual(encodeUtf8(sent), encodeUtf8(token));
  return loopback && isLocal(c);
}

/** Whether the request comes from this machine itself, and not through a proxy that runs on it. */
export function isLocal(c: Context): boolean {
  return connectionOf(c)?.local === true;
}
