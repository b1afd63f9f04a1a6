/** RFC 3921 §3: the session of old clients, which does nothing any more (draft-cridland-xmpp-session-01). */
import { Authenticated, Bound, definePlugin, el, none } from "#plugin";

const NS = "urn:ietf:params:xml:ns:xmpp-session";

export const legacySession = definePlugin({
  name: "legacy_session",
  doc: "Lets old clients ask for a session, as they had to before RFC 6121.",
  rfcs: ["RFC 3921"],
  config: none,
  standard: true,
  setup(host) {
    const offered = el("session", NS, {}, el("optional", NS));
    host.streamFeature({ ns: NS, needs: Authenticated, forbids: Bound, offer: () => offered });
    for (const to of ["host", "own"] as const) host.iq.set(NS, "session", to, () => undefined);
  },
});
