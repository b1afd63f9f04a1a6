/**
 * An example of a plugin from disk: greets everybody who logs in, and answers a request of its own. It is named in the
 * configuration, `plugin_files = ["greeter.ts"]`, and switched on like any other: `plugins = { add = ["greeter"] }`.
 *
 * The import is of types only and vanishes when the file is loaded: everything that is used comes with `api`.
 */
import type * as Api from "../../../src/plugin/mod.ts";

export default (api: typeof Api) => {
  const config = api.options({
    text: api.z.string().min(1).default("Welcome!").describe("What newcomers read."),
  });
  return api.definePlugin({
    name: "greeter",
    doc: "Greets everybody who logs in.",
    config,
    setup(host) {
      host.feature("urn:example:greeting");
      host.on(api.sessionBound, ({ session }) => {
        const body = api.el("body", api.CONTENT_NS, {}, host.config.text);
        const greeting = api.el("message", api.CONTENT_NS, { type: "headline" }, [body]);
        session.write(api.Stanza.of(greeting, host.jid, session.jid));
      });
      host.iq.get(
        "urn:example:greeting",
        "greeting",
        "host",
        () => api.el("greeting", "urn:example:greeting", {}, host.config.text),
      );
    },
  });
};
