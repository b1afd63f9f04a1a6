/**
 * The page of figures that the original has at `/server-status/`, in its formats, for what reads those. `/metrics` says more.
 * Unlike the original's it is not for everybody: figures say much about people.
 */
import { type Context, Hono } from "hono";
import {
  type App,
  connectionOf,
  definePlugin,
  defineService,
  domain,
  el,
  type Element,
  encodeUtf8,
  errorResponse,
  type Kind,
  options,
  secret,
  timingSafeEqual,
  webPath,
  WebSocketCarrier,
  z,
} from "#plugin";
import { line } from "../component/api.ts";
import { BoshSession } from "./bosh_session.ts";

/** What one host adds. */
interface Share {
  sessions(): { bosh: number; ws: number; c2s: number };
  stanzas(): { incoming: Readonly<Record<Kind, number>>; outgoing: Readonly<Record<Kind, number>> };
}

const share = defineService<Share>("server status of a host");
const KINDS: readonly Kind[] = ["iq", "message", "presence"];

export const serverStatus = definePlugin({
  name: "server_status",
  doc: "A page of figures in the formats of the original Metronome, about the hosts that have this plugin.",
  config: options({
    path: webPath("/server-status"),
    json: z.boolean().default(false).describe("JSON instead of XML."),
    loopback: z.boolean().default(true).describe("Whether this machine may read it without a token."),
    token: secret().optional().describe("What others must send as `Authorization: Bearer`."),
    hosts: z.array(domain()).default([]).describe("Hosts of which it says whether they are served."),
    components: z.array(domain()).default([]).describe("Components of which it says the same."),
  }),
  provides: [share],
  setup(host) {
    const { path, json, loopback, token, hosts, components } = host.config;
    host.provide(share, {
      sessions() {
        const found = { bosh: 0, ws: 0, c2s: 0 };
        for (const { stream } of host.allSessions()) {
          if (stream?.carrier instanceof BoshSession) found.bosh++;
          else if (stream?.carrier instanceof WebSocketCarrier) found.ws++;
          else found.c2s++;
        }
        return found;
      },
      stanzas: () => ({ incoming: host.traffic.received, outgoing: host.traffic.sent }),
    });

    const isOnline = (name: string): boolean => {
      const other = host.sibling(name);
      // A component of another process is there while that is connected.
      return other !== undefined && other.use(line)?.isConnected !== false;
    };
    const stateOf = (names: readonly string[]): [string, string][] =>
      names.map((name) => [name, isOnline(name) ? "online" : "offline"]);

    function figures(): Figures {
      const sessions = { bosh: 0, ws: 0, c2s: 0 };
      const stanzas = {
        incoming: { iq: 0, message: 0, presence: 0 },
        outgoing: { iq: 0, message: 0, presence: 0 },
      };
      for (const it of host.everywhere(share)) {
        const { bosh, ws, c2s } = it.sessions();
        sessions.bosh += bosh;
        sessions.ws += ws;
        sessions.c2s += c2s;
        const { incoming, outgoing } = it.stanzas();
        for (const kind of KINDS) {
          stanzas.incoming[kind] += incoming[kind];
          stanzas.outgoing[kind] += outgoing[kind];
        }
      }
      const s2s = { incoming: 0, outgoing: 0, bidi: 0 };
      for (const { direction, bidi } of host.peers.pairs()) {
        s2s[bidi ? "bidi" : direction === "in" ? "incoming" : "outgoing"]++;
      }
      const { rss, heapUsed } = Deno.memoryUsage();
      return {
        sessions,
        s2s,
        stanzas,
        memory: { allocated: rss, used: heapUsed },
        hosts: stateOf(hosts),
        components: stateOf(components),
      };
    }

    function mayRead(c: Context): boolean {
      const sent = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
      if (token !== undefined && sent !== undefined) {
        return timingSafeEqual(encodeUtf8(sent), encodeUtf8(token.reveal()));
      }
      return loopback && connectionOf(c)?.local === true;
    }

    const app: App = new Hono();
    app.get("/", (c) => {
      if (!mayRead(c)) {
        return errorResponse(
          c.req.header("accept"),
          403,
          "The figures are for this machine, or for who sends the token.",
        );
      }
      c.header("cache-control", "no-store");
      return json
        ? c.body(JSON.stringify(inJson(figures())), 200, { "content-type": "application/json" })
        : c.body(inXml(figures()), 200, { "content-type": "text/xml; charset=utf-8" });
    });
    host.http(path, app);
  },
});

interface Figures {
  readonly sessions: { readonly bosh: number; readonly ws: number; readonly c2s: number };
  readonly s2s: { readonly incoming: number; readonly outgoing: number; readonly bidi: number };
  readonly stanzas: Record<"incoming" | "outgoing", Readonly<Record<Kind, number>>>;
  readonly memory: { readonly allocated: number; readonly used: number };
  readonly hosts: readonly (readonly [name: string, state: string])[];
  readonly components: readonly (readonly [name: string, state: string])[];
}

function inJson({ sessions, s2s, stanzas, memory, hosts, components }: Figures): unknown {
  const routed = (kind: Kind) => ({ incoming: stanzas.incoming[kind], outgoing: stanzas.outgoing[kind] });
  return {
    stanzas: {
      "iq-routed": routed("iq"),
      "message-routed": routed("message"),
      "presence-routed": routed("presence"),
    },
    sessions: { ...sessions, s2s },
    memory: { allocated: { bytes: memory.allocated }, used: { bytes: memory.used } },
    ...(hosts.length === 0 ? {} : { hosts: Object.fromEntries(hosts) }),
    ...(components.length === 0 ? {} : { components: Object.fromEntries(components) }),
  };
}

function inXml({ sessions, s2s, stanzas, memory, hosts, components }: Figures): string {
  const part = (
    name: string,
    attrs: Readonly<Record<string, number | string>>,
    children: readonly Element[] = [],
  ) =>
    el(
      name,
      "",
      Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, String(value)])),
      children,
    );
  const states = (name: string, all: Figures["hosts"]): Element[] =>
    all.length === 0
      ? []
      : [part(name, {}, all.map(([of, current]) => part("status", { name: of, current })))];
  const document = part("document", {}, [
    part("stanzas", {}, [
      part("incoming-routed", { ...ordered(stanzas.incoming) }),
      part("outgoing-routed", { ...ordered(stanzas.outgoing) }),
    ]),
    part("memory", {}, [
      part("allocated", { bytes: memory.allocated }),
      part("used", { bytes: memory.used }),
    ]),
    part("sessions", {}, [
      part("bosh", { number: sessions.bosh }),
      part("websockets", { number: sessions.ws }),
      part("c2s", { number: sessions.c2s }),
      part("s2s", s2s),
    ]),
    ...states("hosts", hosts),
    ...states("components", components),
  ]);
  return `<?xml version="1.0" encoding="UTF-8" ?>\n${document}\n`;
}

function ordered({ iq, message, presence }: Readonly<Record<Kind, number>>): Record<Kind, number> {
  return { iq, message, presence };
}
