/** The page that a browser finds at a host's root: what this is, and how to chat here. */
import { Hono } from "hono";
import { html } from "hono/html";
import type { App } from "./apps.ts";
import { htmlPage, PAGE_POLICY } from "./html_page.ts";

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
  const page = htmlPage(
    domain,
    html`
      <p>This is an XMPP server. Addresses here look like <code>you@${domain}</code>.</p>
      <p>${join} Clients for every device are listed at <a href="https://xmpp.org/software/">xmpp.org</a>.</p>
    `,
  );
  app.get("/", (c) =>
    c.html(page, 200, {
      "content-security-policy": PAGE_POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    }));
  return app;
}
