/**
 * A router that replaces the server's own, as a plugin (AC-2.4-2). Loaded before the conversations, it routes every stanza
 * for this server; all of them must still pass.
 */
import { type AnyPlugin, definePlugin, none } from "#plugin";
import { EVERYWHERE } from "#testing";

export const replacementRouter = definePlugin({
  name: "replacement_router",
  doc: "Routes everything itself.",
  config: none,
  hosts: ["user", "component"],
  setup(host) {
    host.route({
      label: "replacement",
      // Scripted servers of a test put their own routes in front; the way to real ones elsewhere stays the federation's.
      takes: (domain, { from }) =>
        (domain === host.domain || host.sibling(domain) !== undefined) &&
        (from?.domain === host.domain || host.sibling(from?.domain ?? "") === undefined),
      route: (stanza, session, asker) => host.arrive(stanza, session, asker),
    });
  },
});

(globalThis as { [EVERYWHERE]?: readonly AnyPlugin[] })[EVERYWHERE] = [replacementRouter];
