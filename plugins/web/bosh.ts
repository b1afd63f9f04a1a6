/** XEP-0124, XEP-0206 and XEP-0252: XMPP over pairs of HTTP requests, for clients that have nothing better. */
import { Hono } from "hono";
import { type App, definePlugin, defineSlot, duration, options, webPath, z } from "#plugin";
import { boshPath } from "./api.ts";
import { readBody, readPiece, textOf } from "./bosh_body.ts";
import { BoshDesk, type BoshSessions } from "./bosh_desk.ts";
import { readScript } from "./bosh_script.ts";
import { Cors } from "./cors.ts";
import { page } from "./page.ts";
import { elsewhere, originList, treatAsSecure } from "./web_options.ts";

/** So much more than a stanza a body may have. */
const SLACK = 16_384;

/** Outlives a reload, as the sessions do. */
const shared = defineSlot<BoshSessions>("bosh.sessions");

const config = options({
  path: webPath("/http-bind"),
  origins: originList("Whose web pages may use it."),
  treat_as_secure: treatAsSecure(),
  wait: duration().prefault("2 min").describe("How long a request is held at most."),
  hold: z.number().int().min(0).max(8).default(1).describe(
    "How many requests of a session are held at most.",
  ),
  inactivity: duration().prefault("60 s").describe("How long a session lasts without any request."),
  polling: duration().prefault("5 s").describe("How often a client may ask that has nothing to say."),
  pause: duration().prefault("2 min").describe("How long a client may pause, to change from page to page."),
  script: z.boolean().default(false).describe(
    "Whether requests may be made by script tags (XEP-0252). What comes back is code that runs in the page: only for " +
      "clients that can do nothing else.",
  ),
  script_callbacks: z.boolean().default(false).describe(
    "Whether such a client may name the function that is called, as the original Metronome allowed.",
  ),
  redirect: elsewhere("https"),
});

export const bosh = definePlugin({
  name: "bosh",
  doc: "XMPP over HTTP requests (BOSH), for clients in browsers that have no WebSocket.",
  xeps: [[124, "1.11.2"], [206, "1.4"], [252, "0.1"]],
  config,
  standard: true,
  provides: [boshPath],
  setup(host) {
    const { config } = host;
    const held = host.hold(shared, () => ({ sessions: new Map(), redirect: undefined }));
    held.redirect = config.redirect;
    const cors = new Cors(config.origins, "GET, POST, OPTIONS");
    const desk = new BoshDesk(host, config, held, cors);
    const largest = host.largestStanza + SLACK;
    const app: App = new Hono();

    app.options("/", (c) => c.body(null, 204, cors.preflight(c.req.header("origin"))));
    app.post("/", async (c) => {
      const refused = desk.refuse(c);
      if (refused !== undefined) return refused;
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      return await desk.answer(c, undefined, () => readBody(bytes, largest), () => readPiece(textOf(bytes)));
    });
    app.get("/", async (c) => {
      const query = new URL(c.req.url).search.slice(1);
      if (query === "") {
        return page(
          c,
          "BOSH",
          "XMPP clients connect here (XEP-0124); there is nothing to see for a browser.",
        );
      }
      const found = config.script ? readScript(query, config.script_callbacks) : undefined;
      if (found === undefined) return c.notFound();
      // A page that loads a script says nothing of its origin: whoever switches this on lets all of them.
      const read = () => readPiece(found.text);
      return await desk.answer(c, found.syntax, read, read);
    });
    host.http(config.path, app, { bodyLimit: largest });
    host.provide(boshPath, config.path);
  },
});
