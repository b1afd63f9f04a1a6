/** XEP-0012 §5: how long the host has been running. */
import { definePlugin, defineSlot, el, none } from "#plugin";

const NS = "jabber:iq:last";
const started = defineSlot<number>("uptime.started");

export const uptime = definePlugin({
  name: "uptime",
  doc: "Says how long the server has been running.",
  xeps: [[12, "2.0"]],
  config: none,
  hosts: ["user", "component"],
  standard: true,
  setup(host) {
    const since = host.hold(started, () => host.clock.monotonic());
    host.feature(NS);
    host.iq.get(NS, "query", "host", () => {
      const seconds = Math.floor((host.clock.monotonic() - since) / 1000);
      return el("query", NS, { seconds: String(seconds) });
    });
  },
});
