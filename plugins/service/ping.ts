/** XEP-0199: XMPP Ping 2.0.1. Answers at the host and for the own account; full JIDs answer for themselves. */
import { definePlugin, none } from "#plugin";

const NS = "urn:xmpp:ping";

export const ping = definePlugin({
  name: "ping",
  doc: "Answers pings, so that clients can tell a dead connection from a silent one.",
  xeps: [[199, "2.0.1"]],
  config: none,
  hosts: ["user", "component"],
  standard: true,
  setup(host) {
    host.feature(NS);
    for (const to of ["host", "own"] as const) host.iq.get(NS, "ping", to, () => undefined);
  },
});
