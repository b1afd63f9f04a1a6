/**
 * A gate between this server and others: lists of domains, bans of those that have misbehaved too often, and block lists that
 * others publish. It bites where a domain wants to authenticate, where a stanza is about to leave for it, where one arrives
 * that came all the same, and, for addresses that serve banned domains only, where a connection is made. A user host has a
 * gate of its own, which its services share.
 */
import {
  arriving,
  claiming,
  connecting,
  definePlugin,
  exporting,
  type HostScope,
  peerOpened,
  serving,
  StanzaError,
} from "#plugin";
import { commands } from "../admin/api.ts";
import { federation } from "../federation/api.ts";
import { gate } from "./api.ts";
import { Bans } from "./bans.ts";
import { BlockLists } from "./block_lists.ts";
import { gateCommands } from "./gate_commands.ts";
import { config, type GateOptions } from "./gate_options.ts";
import { PeerAddresses } from "./peer_addresses.ts";
import { HostGate, ParentGate, type Peers } from "./host_gate.ts";

const EXPIRY = 600_000;

export const gateGuard = definePlugin<GateOptions>({
  name: "gate_guard",
  doc: "Keeps domains out: those that are listed, those that misbehave, and those on block lists of others.",
  xeps: [[60, "1.26.0"]],
  config,
  hosts: ["user", "component"],
  standard: true,
  provides: [gate],
  wants: [commands, federation],
  setup(host) {
    if (host.parent !== undefined) {
      const shared = new ParentGate(host, host.parent);
      host.provide(gate, shared);
      return guard(host, shared);
    }
    const lists = new BlockLists(host);
    const own = new HostGate(host, new Bans(host), lists, () => peersOf(host));
    host.provide(gate, own);
    guard(host, own);
    lists.follow();
    host.on(serving, () => own.closeRefused());
    host.every(EXPIRY, () => own.expire());
    const book = host.find(commands);
    for (const command of book === undefined ? [] : gateCommands(own)) book?.register(host, command);
  },
});

/** The streams of this host and of its services. */
function peersOf(host: HostScope<GateOptions>): Peers[] {
  const own = host.find(federation);
  const services = [...host.children()].flatMap(({ domain }) => host.sibling(domain)?.use(federation) ?? []);
  return own === undefined ? services : [own, ...services];
}

function guard(host: HostScope<GateOptions>, it: HostGate | ParentGate): void {
  // AC-2.13-1: dialback is told this very condition.
  host.tap(claiming, ({ remote }) => {
    const why = it.refuses(remote);
    return why === undefined ? undefined : new StanzaError("not-allowed", why);
  });
  host.at(exporting).guard({}, ({ stanza }) => refusal(it.refuses(stanza.to!.domain)));
  host.at(arriving).guard({}, ({ stanza: { from, isError } }) => {
    // The server's own word that something could not leave is an error in the name of those it was for.
    if (isError) return undefined;
    // What is of this server comes past no gate.
    if (from === undefined || from.domain === host.domain || host.sibling(from.domain) !== undefined) {
      return undefined;
    }
    return refusal(it.refuses(from.domain) ?? it.refusesSender(from));
  });
  const addresses = new PeerAddresses(host);
  host.on(peerOpened, ({ address, remote }) => addresses.note(address, remote));
  host.tap(
    connecting,
    ({ address, kind }) => kind.startsWith("s2s") && addresses.refuses(address) ? "refuse" : undefined,
  );
}

function refusal(why: string | undefined): StanzaError | undefined {
  return why === undefined ? undefined : new StanzaError("policy-violation", why, { type: "cancel" });
}
