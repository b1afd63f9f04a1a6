/** A private service at the host itself: who logs in is published, administrators may subscribe, and nobody may do anything else. */
import type * as Face from "../../src/plugin/mod.ts";
import type * as Pubsub from "../../plugins/pubsub/api.ts";

const NS = "urn:example:sessions";

export default (metronome: typeof Face, { pubsub }: { readonly pubsub: typeof Pubsub }) => {
  const { definePlugin, el, none, sessionBound, sessionUnbound } = metronome;

  return definePlugin({
    name: "session_feed",
    doc: "Tells administrators who logs in.",
    config: none,
    needs: [pubsub.ownServices],
    setup(host) {
      const services = host.use(pubsub.ownServices);
      const nothing = services.rights.outcast;
      const service = services.open(host, {
        // Whoever is not a member is nobody here, and members only read.
        rights: {
          ...services.rights,
          member: { ...nothing, discover: "yes", subscribe: "yes", retrieve: "yes" },
          none: nothing,
        },
        standing: (jid) => host.may(jid, "admin") ? "member" : "none",
      });
      if (service.node(NS) === undefined) {
        service.create(NS, { config: { title: "Sessions", access_model: "whitelist", max_items: 100 } });
      }
      const told = (what: string, jid: Face.Jid | undefined): undefined => {
        service.publish(NS, { payload: el(what, NS, { jid: String(jid) }) });
      };
      host.on(sessionBound, ({ session }) => told("came", session.jid));
      host.on(sessionUnbound, ({ session }) => told("went", session.jid));
    },
  });
};
