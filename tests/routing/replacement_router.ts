/**
 * A router that replaces the server's own, as a plugin (AC-2.4-2). Loaded before the conversations, it routes every stanza
 * of them; all of them must still pass.
 */
import { type AnyPlugin, definePlugin, none, type Stanza, StanzaError } from "#plugin";
import { EVERYWHERE } from "#testing";

export const replacementRouter = definePlugin({
  name: "replacement_router",
  doc: "Routes everything itself.",
  config: none,
  hosts: ["user", "component"],
  setup(host) {
    host.route({
      label: "replacement",
      // Scripted servers of a test put their own routes in front; all else comes here.
      takes: () => true,
      route(stanza, session) {
        const done = host.arrive(stanza, session);
        if (done !== undefined || isServed(stanza)) return done;
        host.refuse(stanza, new StanzaError("remote-server-not-found"));
      },
    });
    const isServed = (stanza: Stanza): boolean =>
      stanza.to!.domain === host.domain || host.sibling(stanza.to!.domain) !== undefined;
  },
});

(globalThis as { [EVERYWHERE]?: readonly AnyPlugin[] })[EVERYWHERE] = [replacementRouter];
