/** The small page that a browser finds where programs are meant. */
import type { Context } from "hono";
import { html } from "hono/html";
import { htmlPage, PAGE_POLICY } from "#plugin";

export function page(c: Context, title: string, text: string): Response | Promise<Response> {
  return c.html(htmlPage(title, html`<p>${text}</p>`), 200, {
    "content-security-policy": PAGE_POLICY,
    "cache-control": "no-store",
  });
}
