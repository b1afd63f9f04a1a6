/**
 * RFC 7395: XMPP over WebSocket. An upgrade becomes a carrier, and its messages one XML stream (src/stream/frames.ts): sessions
 * know nothing of it. There is no STARTTLS inside (§3.9); whether TLS is around it, the request says.
 */
import { Hono } from "hono";
import {
  type App,
  type Carrier,
  connectionOf,
  definePlugin,
  defineSlot,
  duration,
  errorResponse,
  frames,
  type HostScope,
  options,
  type Sink,
  type Timed,
  webPath,
} from "#plugin";
import { webSocketPath } from "./api.ts";
import { Cors } from "./cors.ts";
import { page } from "./page.ts";
import { HTTPS } from "./tls_elsewhere.ts";
import { elsewhere, originList, treatAsSecure } from "./web_options.ts";

/** RFC 7395 §3.1. */
const PROTOCOL = "xmpp";
/** So much more than a stanza a message may have, for the stream to say what is wrong with it. */
const SLACK = 1024;
/** How long a client that is sent elsewhere has to close. */
const FAREWELL = 5000;

const movedTo = defineSlot<{ uri: string | undefined }>("websocket.moved");

export const websocket = definePlugin({
  name: "websocket",
  doc: "XMPP over WebSocket, for clients in browsers.",
  rfcs: ["RFC 7395"],
  config: options({
    path: webPath("/xmpp-websocket"),
    origins: originList("Whose web pages may connect."),
    treat_as_secure: treatAsSecure(),
    ping_every: duration({ off: 0 }).prefault("45 s").describe(
      "How often clients are pinged: proxies close what is silent, often after a minute.",
    ),
    redirect: elsewhere("wss"),
  }),
  standard: true,
  provides: [webSocketPath],
  setup(host) {
    const { path, origins, treat_as_secure: trusted, ping_every: pingEvery, redirect } = host.config;
    const largest = host.largestStanza + SLACK;
    // Sessions outlive a reload, and their end may be the moment to say it.
    const moved = host.hold(movedTo, () => ({ uri: undefined }));
    moved.uri = redirect;
    const cors = new Cors(origins, "GET");
    const framing = frames(() => moved.uri);
    const app: App = new Hono();
    app.get("/", (c) => {
      const connection = connectionOf(c);
      const upgrade = connection?.upgrade;
      if (connection === undefined || upgrade === undefined) {
        return page(c, "WebSocket", "XMPP clients connect here; there is nothing to see for a browser.");
      }
      const accept = c.req.header("accept");
      if (!cors.allows(c.req.header("origin"), connection)) {
        return errorResponse(accept, 403, "Pages of this origin may not connect here.");
      }
      if (!upgrade.protocols.includes(PROTOCOL)) {
        return errorResponse(accept, 501, 'The WebSocket protocol spoken here is "xmpp" (RFC 7395).');
      }
      const tls = trusted || connection.secure ? HTTPS : undefined;
      const { address } = connection;
      const carrier = host.webSocket(upgrade, PROTOCOL, { address, tls, pingEvery, largest });
      if (carrier === undefined) return c.body(null, 400);
      if (redirect !== undefined) new SendAway(carrier, host.wheel, framing.close);
      else carrier.gone = host.attach(carrier, "websocket", framing);
      return c.body(null);
    });
    host.http(path, app);
    host.provide(webSocketPath, path);
  },
});

/** Says where to go to whoever opens a stream (RFC 7395 §3.4, §3.6.1). */
class SendAway implements Sink, Timed {
  due = 0;

  constructor(
    private readonly carrier: Carrier,
    private readonly wheel: HostScope<unknown>["wheel"],
    private readonly close: string,
  ) {
    carrier.attach(this);
    wheel.arm(this, FAREWELL);
  }

  bytes(): void {
    this.carrier.write(this.close);
    this.carrier.end();
  }

  drained(): void {}

  closed(): void {
    this.wheel.disarm(this);
  }

  expire(): void {
    this.carrier.destroy();
  }
}
