/** Asking another domain's server whether it is there, as one of our hosts would: for `check federation`. */
import { randomId } from "../base/id.ts";
import type { PeerPair } from "../host/federation.ts";
import { Jid } from "../jid/jid.ts";
import { StanzaError } from "../stanza/error.ts";
import { Stanza } from "../stanza/stanza.ts";
import { el } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import type { Server } from "./server.ts";

/** What came of it. */
export interface VisitReport {
  readonly from: string;
  /** "" where the answer was a result, else the condition of the error: of theirs, or of ours about them. */
  readonly condition: string;
  readonly text: string;
  /** How long it took, with the connection where there was none. */
  readonly milliseconds: number;
  /** The pairs that our host has with the domain afterwards. */
  readonly pairs: readonly PeerPair[];
}

const PATIENCE_MS = 30_000;

/** Sends a ping in the name of a host of ours; undefined where that host is not served. */
export async function visitDomain(
  server: Server,
  from: string,
  domain: string,
): Promise<VisitReport | undefined> {
  const host = server.hosts.get(from);
  if (host === undefined) return undefined;
  const ping = el("iq", CONTENT_NS, { type: "get", id: randomId() }, [el("ping", "urn:xmpp:ping")]);
  const request = Stanza.of(ping, host.jid, Jid.of("", domain));
  const began = server.clock.monotonic();
  let failure: StanzaError | undefined;
  try {
    const answer = host.requests.wait(request, PATIENCE_MS);
    host.send(request);
    await answer;
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    failure = error;
  }
  return {
    from,
    condition: failure?.condition ?? "",
    text: failure?.text ?? "",
    milliseconds: Math.round(server.clock.monotonic() - began),
    pairs: server.federation.pairs().filter(({ local, remote }) => local === from && remote === domain),
  };
}
