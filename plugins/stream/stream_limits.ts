/** XEP-0478: Stream Limits Advertisement 0.2.0. What a client may send, said before it finds out by being cut off. */
import { Authenticated, definePlugin, el, Made, none } from "#plugin";

const NS = "urn:xmpp:stream-limits:0";

export const streamLimits = definePlugin({
  name: "stream_limits",
  doc: "Announces the largest stanza and the longest silence that a stream may have.",
  xeps: [[478, "0.2.0"]],
  config: none,
  standard: true,
  setup(host) {
    const made = new Made();
    host.streamFeature({
      ns: NS,
      needs: 0,
      forbids: 0,
      offer(session) {
        const limits = session.stream!.limits;
        const trusted = (session.state & Authenticated) !== 0;
        const { stanzaBytes } = trusted ? limits.authenticated : limits.unauthenticated;
        const { pingAfter, pingTimeout } = limits;
        const idle = trusted && pingAfter > 0 ? Math.floor((pingAfter + pingTimeout) / 1000) : undefined;
        return made.from([stanzaBytes, idle], () =>
          el("limits", NS, {}, [
            el("max-bytes", NS, {}, String(stanzaBytes)),
            idle === undefined ? undefined : el("idle-seconds", NS, {}, String(idle)),
          ]));
      },
    });
  },
});
