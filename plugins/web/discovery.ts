/**
 * Where a host is found, for those who ask its web server: XEP-0156 in both formats, XEP-0487 where its addresses are known,
 * and the fingerprint of its certificate (RFC 7711). Made at the moment of the question, of what is served then.
 */
import { Hono } from "hono";
import { type App, definePlugin, duration, el, encodeBase64, hashed, options, z } from "#plugin";
import { boshPath, webSocketPath } from "./api.ts";
import { Cors } from "./cors.ts";

const XRD_NS = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
const REL = "urn:xmpp:alt-connections:";

interface Link {
  readonly rel: string;
  /** Of the web; the others have a port. */
  readonly href?: string;
  readonly port?: number;
}

const port = z.number().int().min(1).max(65_535).optional();

export const discovery = definePlugin({
  name: "discovery",
  doc: "Tells clients where BOSH and WebSocket are, by files below /.well-known/ of the host.",
  xeps: [[156, "1.4.0"], [487, "0.1.0"]],
  rfcs: ["RFC 6415", "RFC 7711"],
  config: options({
    ips: z.array(z.union([z.ipv4(), z.ipv6()])).default([]).meta({ example: ["192.0.2.7", "2001:db8::7"] })
      .describe(
        "The addresses of the server. With them, the JSON file says how to connect without asking DNS (XEP-0487), and " +
          "clients and servers that read it look nowhere else.",
      ),
    tls_port: port.meta({ example: 5223 }).describe("The port for clients with direct TLS, for that file."),
    s2s_tls_port: port.meta({ example: 5270 }).describe(
      "The port for servers with direct TLS, for that file.",
    ),
    ttl: duration().prefault("1 hour").describe("How long that file and the fingerprints may be kept."),
    posh: z.boolean().default(false).describe(
      "Whether fingerprints of the host's certificate are published (RFC 7711): for a domain whose web server is here and " +
        "whose XMPP is served with a certificate of another name.",
    ),
  }),
  standard: true,
  wants: [boshPath, webSocketPath],
  setup(host) {
    const { ips, tls_port: tls, s2s_tls_port: s2s, posh } = host.config;
    const ttl = Math.floor(host.config.ttl / 1000);
    // XEP-0156 §4.1: for pages of any origin.
    const cors = new Cors(["*"], "GET, HEAD, OPTIONS");
    const bosh = host.find(boshPath);
    const webSocket = host.find(webSocketPath);

    const links = (): Link[] => [
      ...(webSocket === undefined
        ? []
        : [{ rel: `${REL}websocket`, href: host.url(webSocket).replace(/^http/, "ws") }]),
      ...(bosh === undefined ? [] : [{ rel: `${REL}xbosh`, href: host.url(bosh) }]),
    ];
    const serve = (path: string, type: string, make: () => string | undefined): void => {
      const app: App = new Hono();
      app.options("/", (c) => c.body(null, 204, cors.preflight(c.req.header("origin"))));
      app.get("/", (c) => {
        const text = make();
        if (text === undefined) return c.notFound();
        return c.body(text, 200, { "content-type": type, ...cors.headers(undefined) });
      });
      host.http(`/.well-known/${path}`, app);
    };

    serve("host-meta", "application/xrd+xml; charset=utf-8", () => {
      const xrd = el("XRD", XRD_NS, {}, links().map(({ rel, href }) => el("Link", XRD_NS, { rel, href })));
      return `<?xml version="1.0" encoding="utf-8"?>\n${xrd}\n`;
    });
    serve("host-meta.json", "application/json", () => {
      if (ips.length === 0) return JSON.stringify({ links: links() });
      const all: Link[] = [
        ...(tls === undefined ? [] : [{ rel: `${REL}tls`, port: tls }]),
        ...links(),
        ...(s2s === undefined ? [] : [{ rel: `${REL}s2s-tls`, port: s2s }]),
      ];
      return JSON.stringify({
        xmpp: { ttl },
        links: all.map((link, i) => ({
          ...link,
          ips,
          priority: 10 + 5 * i,
          weight: 50,
          sni: link.href === undefined ? host.domain : new URL(link.href).hostname,
        })),
      });
    });
    if (!posh) return;
    for (const service of ["xmpp-client", "xmpp-server"]) {
      serve(`posh/${service}.json`, "application/json", () => {
        const { certificate } = host;
        if (certificate === undefined) return undefined;
        const fingerprint = {
          "sha-256": encodeBase64(hashed("SHA-256", certificate)),
          "sha-512": encodeBase64(hashed("SHA-512", certificate)),
        };
        return JSON.stringify({ fingerprints: [fingerprint], expires: ttl });
      });
    }
  },
});
