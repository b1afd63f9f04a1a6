/** The frame of our small pages: no scripts, no pictures, readable on every screen. */
import { html } from "hono/html";

/** What html`…` gives. */
type Markup = ReturnType<typeof html>;

/** The policy that goes with them: nothing is loaded, nothing runs. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function htmlPage(title: string, content: Markup): Markup {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <style>body { font: 1.1em/1.5 system-ui, sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }</style>
      </head>
      <body>
        <h1>${title}</h1>
        ${content}
      </body>
    </html>
  `;
}
