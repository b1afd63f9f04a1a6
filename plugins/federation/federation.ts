/**
 * Talks to other servers: the policy of a host. Without this plugin a host has none, and neither sends anything elsewhere nor is
 * there for servers elsewhere. The streams themselves are the kernel's (src/session/server_*.ts, src/remote).
 */
import { definePlugin, peerPolicy } from "#plugin";
import { federation as service } from "./api.ts";
import { config } from "./config.ts";
import { policyOf } from "./policy.ts";

export const federation = definePlugin({
  name: "federation",
  doc: "Talks to other servers.",
  xeps: [
    [178, "1.2"],
    [185, "1.0"],
    [198, "1.6.3"],
    [220, "1.1.1"],
    [288, "1.0.1"],
    [344, "0.4"],
    [368, "1.1.0"],
  ],
  rfcs: ["6120", "7590", "9525"],
  config,
  hosts: ["user", "component"],
  standard: true,
  provides: [peerPolicy, service],
  setup(host) {
    host.provide(peerPolicy, policyOf(host.domain, host.config));
    host.provide(service, {
      pairs: () => host.peers.pairs().filter((pair) => pair.local === host.domain),
      close: (remote, reason) => host.peers.close(remote, reason, host.domain),
    });
  },
});
