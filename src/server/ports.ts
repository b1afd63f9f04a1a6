/** How each kind of port is opened, and who takes its connections. */
import { CidrList } from "../base/cidr.ts";
import { SERVER_ALPN } from "../remote/dial.ts";
import { StreamError } from "../stream/error.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { ConnectionLimits, Refusal } from "../transport/connection_limits.ts";
import { ProxyTrust } from "../transport/proxy_protocol.ts";
import { listenTcp } from "../transport/tcp.ts";
import { listenTls } from "../transport/tls.ts";
import { Wire } from "../transport/wire.ts";
import { askPlugins } from "./admission.ts";
import { HttpPort } from "./http_port.ts";
import type { ServerCertificates } from "./certificates.ts";
import { type OpenPort, UNIX } from "./listeners.ts";
import type { Server } from "./server.ts";
import { Web } from "./web.ts";

/** Ports where TLS comes first: the protocols that are let in (RFC 7301), and whether peers are asked for a certificate. */
const DIRECT: Readonly<
  Record<
    string,
    { readonly alpn: readonly string[]; asks(server: Server): boolean | ((name: string) => boolean) }
  >
> = {
  "c2s-tls": { alpn: ["xmpp-client"], asks: asking },
  "s2s-tls": { alpn: SERVER_ALPN, asks: () => true },
  // There is no registered name for components, so a client that offers protocols is taken by any of XMPP's.
  "component-tls": { alpn: ["xmpp-client", "xmpp-server"], asks: () => false },
};

export function portsOf(
  server: Server,
  certificates: ServerCertificates,
  limits: ConnectionLimits,
): OpenPort {
  const wire = new Wire();
  const eventWire = new Wire({ direct: false });
  const web = new Web(server);
  const log = server.log.child("net");
  return async ({ kind, at, proxy }) => {
    const options = {
      at,
      wire,
      log,
      limits,
      wheel: server.streams.wheel,
      ...(proxy.length === 0 ? {} : { proxy: new ProxyTrust(proxy) }),
      accept: (carrier: Carrier) => admit(server, kind, carrier),
    };
    if (kind === "c2s") {
      return await listenTcp({
        ...options,
        refused: (carrier, reason) => refuse(server, carrier, reason),
      });
    }
    if (kind === "component") return await listenTcp(options);
    if (kind === "s2s") return await listenTcp(options);
    const direct = DIRECT[kind];
    if (direct !== undefined) {
      return await listenTls({
        ...options,
        contexts: certificates,
        alpn: direct.alpn,
        // Asked with every handshake: a reload may change them.
        get requestCertificate() {
          return direct.asks(server);
        },
        get handshakeMs() {
          return server.limits.handshakeTimeout;
        },
      });
    }
    if (kind === "http" && at.startsWith(UNIX)) {
      return await HttpPort.openUnix(web.speaker(), at.slice(UNIX.length), 0o660);
    }
    if (kind === "http" || kind === "https") {
      // HTTP is for streams of node's: nothing may have been read past them.
      // A proxy's connections are many people's, who are counted one by one where they become sessions.
      const proxies = new CidrList(server.settings.http.trusted_proxies);
      const plain = {
        ...options,
        wire: eventWire,
        limits: limits.exempting((address) => proxies.has(address)),
      };
      return await HttpPort.open(web.speaker(), (accept) => {
        if (kind === "http") return listenTcp({ ...plain, accept });
        return listenTls({
          ...plain,
          accept,
          contexts: certificates,
          alpn: ["http/1.1"],
          get handshakeMs() {
            return server.limits.handshakeTimeout;
          },
        });
      });
    }
    throw new Error(`there is no kind of port called "${kind}"`);
  };
}

/** Whom direct TLS asks for a certificate: clients of the hosts that want them, as far as a client says whose it is. */
function asking(server: Server): boolean | ((name: string) => boolean) {
  const users = [...server.hosts.all()].filter((host) => host.options.kind === "user");
  const wanting = users.filter((host) => host.asksForCertificates).length;
  if (wanting === 0 || wanting === users.length) return wanting > 0;
  return (name) => server.hosts.get(name)?.asksForCertificates ?? true;
}

/** Hands a connection over to who speaks on such a port, once no plugin turns it away. */
function admit(server: Server, kind: string, carrier: Carrier): void {
  askPlugins(server, kind, carrier, () => {
    if (kind.startsWith("component")) server.acceptComponent(carrier);
    else if (kind.startsWith("s2s")) server.acceptServer(carrier);
    else server.accept(carrier);
  });
}

/** One connection too many: said in the words of RFC 6120 §4.9.3.17, then closed. */
function refuse(server: Server, carrier: Carrier, reason: Refusal): void {
  const whose = reason === "address" ? "from this address" : "at this server";
  server.accept(carrier).end(new StreamError("resource-constraint", `too many connections ${whose}`));
}
