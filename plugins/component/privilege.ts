/**
 * XEP-0356: components that may do for accounts what only those themselves may: read and change contact lists, send messages
 * and requests in their name, and know who is there. Decisions: what is said in an account's name departs as if a device of
 * it had said it, so that blocked addresses, archives and copies hold for it; a contact at the component's own domain may
 * be given a subscription with the contact list's item, as gateways need it.
 */
import { arriving, definePlugin, serving } from "#plugin";
import {
  availability,
  becameUnavailable,
  presenceChanged,
  roster,
  rosterChanged,
  rosterKeeper,
} from "../im/api.ts";
import { componentConnected, componentGone, delegating } from "./api.ts";
import { config, Grants, PRIVILEGE_1_NS, PRIVILEGE_NS, type PrivilegeOptions } from "./privilege_grants.ts";
import { PrivilegedPresence } from "./privilege_presence.ts";
import { PrivilegedRosters, ROSTER_NS } from "./privilege_roster.ts";
import { PrivilegedSpeech } from "./privilege_speech.ts";

export const privilege = definePlugin<PrivilegeOptions>({
  name: "privilege",
  doc: "Lets chosen components act for accounts: contact lists, messages, requests, presence.",
  xeps: [[356, "0.4.1"], [297, "1.0"]],
  config,
  standard: true,
  wants: [roster, rosterKeeper, availability, delegating],
  setup(host) {
    const grants = new Grants(host);
    host.on(serving, () => grants.renew());
    if (grants.domains.length === 0) return;
    host.feature(PRIVILEGE_NS, PRIVILEGE_1_NS);

    const presence = new PrivilegedPresence(host, grants, host.find(roster));
    host.on(presenceChanged, (change) => presence.changed(change));
    host.on(becameUnavailable, (end) => presence.ended(end));
    host.at(arriving).witness({ kind: "presence" }, ({ stanza }) => presence.arrived(stanza));

    host.on(componentConnected, ({ domain }) => {
      grants.advertise(domain);
      presence.introduce(domain);
    });
    host.on(componentGone, ({ domain }) => void grants.forget(domain));

    const speech = new PrivilegedSpeech(host, grants, host.find(delegating));
    host.at(arriving).claim({ kind: "message", to: "host" }, ({ stanza }) => speech.message(stanza));
    for (const to of ["account", "resource"] as const) {
      host.at(arriving).claim({ kind: "iq", to }, ({ stanza }) => speech.misaddressed(stanza));
    }
    for (const to of ["account", "host"] as const) {
      host.iq.get(PRIVILEGE_NS, "privileged_iq", to, (query) => speech.request(query));
      host.iq.set(PRIVILEGE_NS, "privileged_iq", to, (query) => speech.request(query));
    }

    const keeper = { rosters: host.find(rosterKeeper), availability: host.find(availability) };
    const rosters = new PrivilegedRosters(host, grants, keeper, host.find(delegating));
    host.iq.get(ROSTER_NS, "query", "account", (query) => rosters.answer(query));
    host.iq.set(ROSTER_NS, "query", "account", (query) => rosters.answer(query));
    host.on(rosterChanged, (change) => rosters.push(change));
  },
});
