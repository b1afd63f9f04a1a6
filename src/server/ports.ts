/** How each kind of port is opened, and who takes its connections. */
import { HttpServer } from "../http/server.ts";
import { isPromise } from "../base/maybe.ts";
import { connecting } from "../host/points.ts";
import { StreamError } from "../stream/error.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { ConnectionLimits } from "../transport/connection_limits.ts";
import { parseAddress } from "../transport/listener.ts";
import { ProxyTrust } from "../transport/proxy_protocol.ts";
import { listenTcp } from "../transport/tcp.ts";
import { listenTls } from "../transport/tls.ts";
import { Wire } from "../transport/wire.ts";
import type { ServerCertificates } from "./certificates.ts";
import type { OpenPort } from "./listeners.ts";
import type { Server } from "./server.ts";
import { Web } from "./web.ts";

export function portsOf(
  server: Server,
  certificates: ServerCertificates,
  limits: ConnectionLimits,
): OpenPort {
  const wire = new Wire();
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
      accept: (carrier: Carrier) => admit(server, carrier),
    };
    if (kind === "c2s") return await listenTcp({ ...options, refused: (carrier) => refuse(server, carrier) });
    if (kind === "c2s-tls") {
      return await listenTls({
        ...options,
        contexts: certificates,
        // Asked with every handshake: a reload may change them.
        get requestCertificate() {
          return asking(server);
        },
        get handshakeMs() {
          return server.limits.handshakeTimeout;
        },
      });
    }
    if (kind === "http") {
      return await HttpServer.listen({
        at: parseAddress(at),
        apps: () => web.apps,
        clock: server.clock,
        log: server.log.child("http"),
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

/** Lets plugins turn an address away before anything is said (the tap `connecting`). */
function admit(server: Server, carrier: Carrier): void {
  const waits: Promise<"refuse" | undefined>[] = [];
  for (const host of server.hosts.all()) {
    for (const { owner, fn } of host.fittings.tap(connecting)) {
      try {
        const answer = fn(carrier.peer);
        if (answer === "refuse") return carrier.destroy();
        if (isPromise(answer)) {
          waits.push(answer.catch((error) => {
            host.fault(owner, error, undefined);
            return "refuse";
          }));
        }
      } catch (error) {
        // Guards fail closed.
        host.fault(owner, error, undefined);
        return carrier.destroy();
      }
    }
  }
  if (waits.length === 0) {
    server.accept(carrier);
    return;
  }
  Promise.all(waits).then((answers) => {
    if (answers.includes("refuse")) carrier.destroy();
    else server.accept(carrier);
  });
}

/** One connection too many: said in the words of RFC 6120 §4.9.3.17, then closed. */
function refuse(server: Server, carrier: Carrier): void {
  server.accept(carrier).end(
    new StreamError("resource-constraint", "too many connections from this address"),
  );
}
