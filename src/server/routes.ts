/** The server's own routes: to its hosts, and for everything else. Plugins' routes come before them. */
import { isPromise, type Maybe } from "../base/maybe.ts";
import { CLAIMED } from "../hook/point.ts";
import type { Outcome } from "../hook/compiled.ts";
import type { Host } from "../host/host.ts";
import type { Exporting } from "../host/points.ts";
import type { Route } from "../host/router.ts";
import { StanzaError } from "../stanza/error.ts";
import type { ServerFederation } from "./federation.ts";
import type { Hosts } from "./hosts.ts";

/** To a host of this server. */
export function localRoute(hosts: Hosts): Route {
  return {
    label: "local",
    takes: (domain) => hosts.get(domain) !== undefined,
    route: (stanza, session, asker) => hosts.get(stanza.to!.domain)!.arrive(stanza, session, asker),
  };
}

/** The last route: past `exporting`, and then to the servers elsewhere, where the sender's host federates. */
export function remoteRoute(hosts: Hosts, federation: ServerFederation): Route {
  const exported = (host: Host, outcome: Outcome, x: Exporting): void => {
    if (outcome === CLAIMED) return;
    if (outcome === undefined && federation.send(x.stanza) === "sent") return;
    const why = outcome ??
      new StanzaError("remote-server-not-found", `${host.domain} does not talk to other servers`);
    host.refuse(x.stanza, why, "exporting");
  };
  return {
    label: "remote",
    takes: () => true,
    route(stanza, session): Maybe<void> {
      const host = hosts.get(stanza.from?.domain ?? "");
      if (host === undefined) return;
      const x: Exporting = { stanza, claimed: false, session };
      const outcome = host.fittings.exporting.pass(x);
      return isPromise(outcome) ? outcome.then((o) => exported(host, o, x)) : exported(host, outcome, x);
    },
  };
}
