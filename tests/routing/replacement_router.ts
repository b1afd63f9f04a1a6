/**
 * A router that replaces the server's own, as a plugin (AC-2.4-2). Loaded before the conversations, it routes every stanza
 * of them; all of them must still pass.
 */
import {
  type AnyPlugin,
  CLAIMED,
  definePlugin,
  exporting,
  isPromise,
  none,
  type Outcome,
  type Stanza,
  StanzaError,
} from "#plugin";
import { EVERYWHERE } from "#testing";

export const replacementRouter = definePlugin({
  name: "replacement_router",
  doc: "Routes everything itself.",
  config: none,
  hosts: ["user", "component"],
  setup(host) {
    host.route({
      label: "replacement",
      // Scripted servers of a test put their own routes in front; all else comes here, to the host that it is from.
      takes: (_domain, { from }) =>
        from?.domain === host.domain || host.sibling(from?.domain ?? "") === undefined,
      route(stanza, session) {
        const done = host.arrive(stanza, session);
        if (done !== undefined || isServed(stanza)) return done;
        const outcome = host.pass(exporting, { stanza, claimed: false, session });
        return isPromise(outcome) ? outcome.then((o) => exported(stanza, o)) : exported(stanza, outcome);
      },
    });
    const exported = (stanza: Stanza, outcome: Outcome): void => {
      if (outcome !== CLAIMED) host.refuse(stanza, outcome ?? new StanzaError("remote-server-not-found"));
    };
    const isServed = (stanza: Stanza): boolean =>
      stanza.to!.domain === host.domain || host.sibling(stanza.to!.domain) !== undefined;
  },
});

(globalThis as { [EVERYWHERE]?: readonly AnyPlugin[] })[EVERYWHERE] = [replacementRouter];
