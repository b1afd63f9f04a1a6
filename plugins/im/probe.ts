/** Presence probes (RFC 6121 §4.3): the one that is sent for an account, and what answers one. */
import { type ClientSession, CONTENT_NS, el, type Jid, randomId, Stanza } from "#plugin";
import { unavailableOf } from "./notify.ts";

const OWN = "probe-";

/** A probe of the server's on behalf of an account: from the bare JID (§4.3.1). To be addressed. */
export function probeOf(account: Jid): Stanza {
  return Stanza.of(el("presence", CONTENT_NS, { type: "probe", id: OWN + randomId(6) }), account);
}

/** Whether an error answers a probe of the server's, of which no client knows. */
export function isOwnProbe(id: string | undefined): boolean {
  return id !== undefined && id.startsWith(OWN);
}

export interface Prober {
  /** Has a subscription to the account's presence. */
  readonly sees: boolean;
  /** Was sent presence by the very resource that it asks about (§4.6.6). */
  readonly told: boolean;
  readonly available: readonly ClientSession[];
}

/** The answers, in the order of the rules of §4.3.2. An account that does not exist is one that does not tell. */
export function answerProbe(probe: Stanza, { sees, told, available }: Prober): Stanza[] {
  const { id } = probe;
  const from = probe.from!;
  const to = probe.to!;
  const plain = (type: string | undefined, sender: Jid, receiver: Jid): Stanza =>
    Stanza.of(el("presence", CONTENT_NS, { type, id }), sender, receiver);
  if (!sees) {
    return [told ? plain(undefined, to, from) : plain("unsubscribed", to.bare, from.bare)];
  }
  // §4.3.2.1: the probe's id, where there is no presence with one of its own.
  const gone = unavailableOf(to, from).identified(id);
  if (to.resource !== "") {
    // Only that the resource is there, and nothing of the others.
    const there = available.some((session) => session.jid!.equals(to));
    return [there ? plain(undefined, to, from) : gone];
  }
  return available.length === 0 ? [gone] : available.map((session) => session.presence!.addressed(from));
}
