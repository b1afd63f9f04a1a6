/**
 * XEP-0114: a domain that another program speaks for. Everything for it is given to that program as it is; for a while also
 * what came when it was away, so that it may be restarted. Nothing of the domain is answered here but who it is, while
 * nobody is there to ask.
 */
import { arriving, componentHome, definePlugin, serving } from "#plugin";
import { line } from "./api.ts";
import { type ComponentOptions, config } from "./component_options.ts";
import { Gateway, held, Wire } from "./gateway.ts";

export const component = definePlugin<ComponentOptions>({
  name: "component",
  doc: "Lets another program speak for a domain: gateways and services that connect to this server.",
  xeps: [[114, "1.6"]],
  config,
  hosts: ["component"],
  owns: "written",
  provides: [componentHome, line],
  setup(host) {
    const gateway = new Gateway(host, host.hold(held, () => new Wire(host.clock.now())));
    host.identity("component", "generic", host.name);
    host.provide(componentHome, gateway);
    host.provide(line, gateway);
    host.at(arriving).claim({}, ({ stanza }) => gateway.take(stanza));
    host.on(serving, () => gateway.serve());
    host.onStop(() => gateway.rest());
  },
});
