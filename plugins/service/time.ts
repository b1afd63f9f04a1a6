/** XEP-0202: what time it is here, and how far from UTC that is. */
import { definePlugin, el, formatDateTime, formatZone, none } from "#plugin";

const NS = "urn:xmpp:time";

export const time = definePlugin({
  name: "time",
  doc: "Says what time it is at the server.",
  xeps: [[202, "2.0"]],
  config: none,
  hosts: ["user", "component"],
  standard: true,
  setup(host) {
    host.feature(NS);
    host.iq.get(NS, "time", "host", () => {
      const now = host.clock.now();
      // The platform counts the other way round: minutes from here to UTC.
      const zone = formatZone(-new Date(now).getTimezoneOffset());
      return el("time", NS, {}, [el("tzo", NS, {}, zone), el("utc", NS, {}, formatDateTime(now))]);
    });
  },
});
