/**
 * XEP-0355: requests that a component answers in place of this server, in the mode that administrators set up. Decisions:
 * traffic does not wait for the component (§9, note 3); an error that the component puts into its answer is passed on like
 * a result, since errors are half of what a service says; a component that knows only version 1 of the protocol is spoken to
 * in that version, which its features tell.
 */
import { type Arriving, arriving, definePlugin, serving } from "#plugin";
import { componentConnected, componentGone, delegating } from "./api.ts";
import { NestedDisco } from "./delegation_disco.ts";
import { Forwarder } from "./delegation_forward.ts";
import {
  config,
  DELEGATION_1_NS,
  DELEGATION_NS,
  type DelegationOptions,
  DelegationTable,
} from "./delegation_table.ts";

export const delegation = definePlugin<DelegationOptions>({
  name: "delegation",
  doc: "Lets components answer chosen kinds of requests in place of the server.",
  xeps: [[355, "0.5"], [297, "1.0"]],
  config,
  standard: true,
  provides: [delegating],
  setup(host) {
    const table = new DelegationTable(host);
    const disco = new NestedDisco(host, table);
    const forwarder = new Forwarder(host, table, disco);
    host.provide(delegating, forwarder);
    host.on(serving, () => {
      for (const domain of table.renew()) disco.learn(domain);
    });
    if (table.isEmpty) return;
    host.feature(DELEGATION_NS, DELEGATION_1_NS);
    host.disco("host", disco.provider("host"));
    host.disco("account", disco.provider("account"));
    host.on(componentConnected, ({ domain }) => {
      if (table.advertise(domain)) disco.learn(domain);
    });
    host.on(componentGone, ({ domain }) => void table.forget(domain));
    for (const to of ["host", "account"] as const) {
      host.at(arriving).claim({ kind: "iq", to }, (x: Readonly<Arriving>) => forwarder.take(x));
    }
  },
});
