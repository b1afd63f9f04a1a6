/** XEP-0092: which software this is. Of the machine it runs on, only what the configuration says (§5). */
import { definePlugin, el, options, text, VERSION } from "#plugin";

const NS = "jabber:iq:version";

export const version = definePlugin({
  name: "version",
  doc: "Says which software, of which version, runs here.",
  xeps: [[92, "1.1"]],
  config: options({
    os: text().optional().describe("What is said of the operating system; nothing when it is left out."),
  }),
  hosts: ["user", "component"],
  standard: true,
  setup(host) {
    const { os } = host.config;
    const answer = el("query", NS, {}, [
      el("name", NS, {}, "Metronome"),
      el("version", NS, {}, VERSION),
      os === undefined ? undefined : el("os", NS, {}, os),
    ]);
    host.feature(NS);
    host.iq.get(NS, "query", "host", () => answer);
  },
});
