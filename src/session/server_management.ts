/** XEP-0198 between servers: who counts from when, and how a stream that broke goes on with another one. */
import { isPromise, type Maybe } from "../base/maybe.ts";
import { randomId } from "../base/id.ts";
import { STANZAS_NS } from "../stanza/error.ts";
import { StreamError } from "../stream/error.ts";
import { el, type Element } from "../xml/element.ts";
import type { Federation, PeerStream } from "./federation.ts";
import type { Means } from "./pairs.ts";
import { readHandledCount } from "../proto/handled_count.ts";
import { ServerAcks, SM_NS } from "./server_acks.ts";

/** Takes an element of stream management. */
export function takeManagement(session: PeerStream, element: Element): Maybe<void> {
  switch (element.name) {
    case "r":
      return answer(session);
    case "a":
      return acknowledged(session, element);
    case "enable":
      return enable(session, element);
    case "resume":
      return resume(session, element);
    case "enabled":
      return enabled(session, element);
    case "resumed":
      return session.resumed(element);
    case "failed":
      return failed(session, element);
    default:
      throw new StreamError("unsupported-stanza-type", `<${element.name.slice(0, 100)}/> is not known here`);
  }
}

/** Asks for acknowledgements on a stream of ours; the answer is `enabled` or `failed`. */
export function askForManagement(session: PeerStream): void {
  if (session.acks !== undefined || session.stream === undefined) return;
  const resumes = (session.local?.policy.resumeWithin ?? 0) > 0;
  session.acks = new ServerAcks(session);
  session.stream.put(`<enable xmlns="${SM_NS}"${resumes ? ' resume="true"' : ""}/>`);
}

/** Says how far everything is, before a stream is closed (XEP-0198 §4): what is not said now, the peer cannot know. */
export function sayHandled(session: PeerStream): void {
  const { acks, stream } = session;
  if (acks?.countsInbound === true && session.federation.isSafe) {
    stream?.put(`<a xmlns="${SM_NS}" h="${acks.handled}"/>`);
  }
}

/** What an acknowledgement covers must be safe: it is sent when all that was written is. */
function answer(session: PeerStream): Maybe<void> {
  const { acks } = session;
  // A server that stops has nothing more to promise, and nothing to keep promises with.
  if (acks === undefined || session.stream?.isOpen !== true) return;
  const say = (): void => session.stream?.put(`<a xmlns="${SM_NS}" h="${acks.handled}"/>`);
  const safe = session.federation.flush();
  if (isPromise(safe)) return safe.then(say);
  say();
}

function acknowledged(session: PeerStream, element: Element): void {
  const h = readHandledCount(element);
  if (h === undefined) throw new StreamError("bad-format", "'h' is a number of stanzas");
  session.acks?.acknowledge(h);
}

function enable(session: PeerStream, element: Element): void {
  const { stream } = session;
  const policy = session.local?.policy;
  if (stream === undefined) return;
  if (!session.isAuthenticated || session.direction === "out" || session.acks !== undefined) {
    return stream.send(refusal("unexpected-request"));
  }
  if (policy?.acknowledges !== true) return stream.send(refusal("feature-not-implemented"));
  const acks = session.acks = new ServerAcks(session);
  acks.countsInbound = true;
  const asked = element.attr("resume");
  // The header's word alone gives nobody a claim to be resumed.
  const resumes = policy.resumeWithin > 0 && (asked === "true" || asked === "1") && isProved(session);
  acks.id = resumes ? randomId(18) : undefined;
  if (acks.id !== undefined) session.federation.keep(acks.id, session);
  stream.send(el("enabled", SM_NS, {
    id: acks.id,
    resume: resumes ? "true" : undefined,
    max: resumes ? String(Math.round(policy.resumeWithin / 1000)) : undefined,
  }));
}

/** The peer goes on where an earlier stream of its broke. */
function resume(session: PeerStream, element: Element): Maybe<void> {
  const { stream, federation } = session;
  if (stream === undefined) return;
  if (!session.isAuthenticated || session.direction === "out" || session.acks !== undefined) {
    return stream.send(refusal("unexpected-request"));
  }
  const h = readHandledCount(element);
  const id = element.attr("previd") ?? "";
  const old = federation.resumable(id);
  const acks = old?.acks;
  if (h === undefined || old === undefined || acks === undefined) {
    return stream.send(refusal(h === undefined ? "bad-request" : "item-not-found"));
  }
  const { local, remote } = session;
  const means = local === undefined ? undefined : session.pairs.by(local.domain, remote);
  const isSame = old.remote === remote && old.local?.domain === local?.domain;
  // The header's word alone gives nobody a claim.
  if (local === undefined || means === undefined || !isSame || !mayContinue(session, old, means)) {
    return stream.send(refusal("item-not-found"));
  }
  const goOn = (): void => {
    if (session.stream === undefined) return;
    acks.acknowledge(h);
    stream.send(el("resumed", SM_NS, { previd: id, h: String(acks.handled) }));
    takeOver(session, old, acks);
    session.authorise(local.domain, remote, means);
  };
  // What is said to be dealt with must be safe.
  const safe = federation.flush();
  if (isPromise(safe)) return safe.then(goOn);
  goOn();
}

/**
 * Whether who has proved itself by `means` may go on with a stream: all its pairs come with it, and what was sent. A call-back
 * proves less than a certificate, and what was kept secret is not said in the clear.
 */
export function mayContinue(session: PeerStream, old: PeerStream, means: Means): boolean {
  if (old.isSecure && !session.isSecure) return false;
  if (means === "certificate") return true;
  for (const { by } of old.pairs.all()) if (by === "certificate") return false;
  return true;
}

/**
 * A stream continues another one: its counters, its pairs, and what is unacknowledged. The pair of its header has been proved
 * anew, and is authorised by whoever calls.
 */
export function takeOver(session: PeerStream, old: PeerStream, acks: ServerAcks): void {
  old.acks = undefined;
  if (old.bidi) session.bidi = true;
  session.federation.resuming(old, acks);
  acks.resume(session);
  for (const { local, remote, by } of old.pairs.all()) {
    if (local === session.local?.domain && remote === session.remote) continue;
    if (isPermitted(session.federation, local, remote)) session.authorise(local, remote, by);
  }
  session.federation.continued(old, session);
  old.stream?.end(new StreamError("conflict", "resumed by another connection"));
}

/** Whether a host still talks to a domain: the configuration may have changed since the pair was granted. */
function isPermitted(federation: Federation, domain: string, remote: string): boolean {
  const local = federation.local(domain);
  return local !== undefined && local.policy.refuses(remote) === undefined;
}

/** Whether the peer is who its header says it is. */
function isProved({ local, remote, pairs }: PeerStream): boolean {
  return local !== undefined && pairs.has(local.domain, remote);
}

function enabled(session: PeerStream, element: Element): void {
  const { acks } = session;
  if (acks === undefined || session.direction === "in") return;
  acks.countsInbound = true;
  const resumes = element.attr("resume");
  if (resumes === "true" || resumes === "1") acks.id = element.attr("id");
}

function failed(session: PeerStream, element: Element): void {
  if (session.direction === "in") return;
  if (session.unresumed(element)) return;
  // Without it, nothing is kept: what was sent is as safe as it ever was.
  session.acks?.rest();
  session.acks = undefined;
}

function refusal(condition: string): Element {
  return el("failed", SM_NS, {}, [el(condition, STANZAS_NS)]);
}
