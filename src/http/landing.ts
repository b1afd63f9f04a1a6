/** The page that a browser finds at a host's root: what this is, and how to chat here. */
import { Hono } from "hono";
import { html } from "hono/html";
import type { App } from "./apps.ts";

/** What the page says. */
export interface Landing {
  /** The domain, as people write it after the @. */
  readonly domain: string;
  /** Whether people may make an account with their client. */
  readonly registration: boolean;
}

/** The app; mount it at `/`. */
export function landingApp({ domain, registration }: Landing): App {
  const app: App = new Hono();
  const join = registration
    ? "Install a client and let it make an account here."
    : "Accounts are given out by whoever runs this server.";
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${domain}</title>
        <style>body { font: 1.1em/1.5 system-ui, sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }</style>
      </head>
      <body>
        <h1>${domain}</h1>
        <p>This is an XMPP server. Addresses here look like <code>you@${domain}</code>.</p>
        <p>${join} Clients for every device are listed at <a href="https://xmpp.org/software/">xmpp.org</a>.</p>
      </body>
    </html>
  `;
  app.get("/", (c) =>
    c.html(page, 200, {
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    }));
  return app;
}
