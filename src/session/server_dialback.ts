/**
 * XEP-0220: Server Dialback 1.1.1 on one stream, in all its roles: keys that we show and the peer judges, keys that we have
 * confirmed by the peer, and both the other way round. A result that nobody asked for on this very stream is worth nothing
 * (XEP-0220 §3.1). Nothing here ends a stream that other pairs use, except too many errors.
 */
import { encodeUtf8, timingSafeEqual } from "../base/bytes.ts";
import type { Maybe } from "../base/maybe.ts";
import { StreamError } from "../stream/error.ts";
import type { Element } from "../xml/element.ts";
import {
  type DialbackElement,
  type DialbackOutcome,
  keyText,
  outcomeText,
  readDialback,
} from "./dialback_element.ts";
import type { LocalDomain, PeerStream } from "./federation.ts";

/** What a question that the stream cannot answer any more came to. */
const LOST = "remote-server-timeout";
/** Claims of one peer that are looked into at a time: for each of them we may have to connect to whom it names. */
const MOST_CLAIMS = 20;
/** A key is 64 characters by XEP-0185; others have made longer ones. */
const LONGEST_KEY = 1000;

type Settle = (outcome: DialbackOutcome) => void;

export class DialbackTalk {
  /** Keys of ours that the peer has not judged, and keys that it was asked to confirm. */
  readonly #asked = new Map<string, Settle>();
  /** Pairs that the peer has claimed, while it is found out whether rightly. */
  readonly #claims = new Set<string>();
  #errors = 0;
  #over = false;
  constructor(private readonly session: PeerStream) {}

  /** Whether the peer waits for a result of ours. */
  get isOwing(): boolean {
    return this.#claims.size > 0;
  }

  /** Whether we wait for one of the peer's. */
  get isWaiting(): boolean {
    return this.#asked.size > 0;
  }

  take(element: Element): Maybe<void> {
    const said = readDialback(element);
    if (said.outcome !== undefined) this.#settle(said, said.outcome);
    else if (said.kind === "result") this.#claimed(said);
    else this.#verify(said);
  }

  /** The stream is gone: what was asked has no answer (XEP-0220 §2.1). */
  over(): void {
    this.#over = true;
    for (const settle of [...this.#asked.values()]) settle(LOST);
    this.#asked.clear();
  }

  // --- what we ask ------------------------------------------------------------------------------------------------

  /** Step 1: shows our key for a pair. */
  claim(local: LocalDomain, remote: string): Promise<DialbackOutcome> {
    const { session } = this;
    const key = session.federation.key(local, remote, session.id);
    return this.#ask(
      name("result", remote, local.domain, ""),
      keyText("result", local.domain, remote, undefined, key),
    );
  }

  /** Step 2: asks the peer whether a key is one of its own. */
  verify(local: string, remote: string, id: string, key: string): Promise<DialbackOutcome> {
    return this.#ask(name("verify", remote, local, id), keyText("verify", local, remote, id, key));
  }

  #ask(question: string, text: string): Promise<DialbackOutcome> {
    const { stream } = this.session;
    if (stream === undefined || this.#over) return Promise.resolve(LOST);
    return new Promise((resolve) => {
      const before = this.#asked.get(question);
      this.#asked.set(question, (outcome) => {
        before?.(outcome);
        resolve(outcome);
      });
      // The same question twice has one answer.
      if (before === undefined) stream.put(text);
    });
  }

  #settle({ kind, from, to, id }: DialbackElement, outcome: DialbackOutcome): void {
    const question = name(kind, from, to, kind === "verify" ? id ?? "" : "");
    const settle = this.#asked.get(question);
    if (settle === undefined) {
      const { session } = this;
      session.context.log.info("a dialback result that nobody asked for", {
        peer: session.peer.address,
        from,
        to,
        outcome,
      });
      return;
    }
    this.#asked.delete(question);
    settle(outcome);
  }

  // --- what the peer asks -----------------------------------------------------------------------------------------

  /** Step 3: whether a key is one of ours. It says nothing about the stream that it is asked on. */
  #verify({ from, to, id, key }: DialbackElement): void {
    const { session } = this;
    const local = session.federation.local(to);
    if (local === undefined || !local.policy.dialback) {
      return this.#tell("verify", from, to, id, "item-not-found");
    }
    const right = timingSafeEqual(encodeUtf8(session.federation.key(local, from, id!)), encodeUtf8(key));
    session.stream?.put(outcomeText("verify", to, from, id, right ? "valid" : "invalid"));
  }

  /** Step 4, once it is known: the peer wants to send as a domain. */
  #claimed({ from, to, key }: DialbackElement): void {
    const { session } = this;
    const claim = `${to} ${from}`;
    // Asked twice: the first answer serves both.
    if (this.#claims.has(claim)) return;
    const refusal = key.length > LONGEST_KEY ? "bad-request" : this.#refusal(from, to);
    if (refusal !== undefined) return this.#tell("result", from, to, undefined, refusal);
    const local = session.federation.local(to)!;
    const { isSecure } = session;
    this.#claims.add(claim);
    this.#examine(local, from, key).then((outcome) => {
      this.#claims.delete(claim);
      // What was claimed before TLS is forgotten with all else that was (RFC 6120 §5.4.3.3).
      if (session.isSecure === isSecure) this.#answer(local, from, outcome);
      if (!this.isOwing) session.stream?.settled();
    }, (error) => {
      this.#claims.delete(claim);
      const { stream } = session;
      if (stream !== undefined) session.failed(stream, error);
      this.#tell("result", from, to, undefined, "internal-server-error");
    });
  }

  /** What can be said at once against a claim. */
  #refusal(remote: string, domain: string): DialbackOutcome | undefined {
    const { session } = this;
    if (!session.receives) return "not-allowed";
    const local = session.federation.local(domain);
    if (local === undefined) return "item-not-found";
    // Nobody elsewhere speaks for a domain of ours.
    if (session.federation.isOurs(remote)) return "improper-addressing";
    const { policy } = local;
    if (!session.isSecure && policy.tlsRequired(remote)) return "policy-violation";
    if (policy.refuses(remote) !== undefined || !policy.dialback) return "not-allowed";
    if (this.#claims.size >= MOST_CLAIMS) return "resource-constraint";
    if (session.pairs.size + this.#claims.size >= policy.pairsPerStream) return "resource-constraint";
    return undefined;
  }

  async #examine(local: LocalDomain, remote: string, key: string): Promise<DialbackOutcome> {
    const { session } = this;
    const { address } = session.peer;
    const refusal = await local.admits({ local: local.domain, remote, direction: "in", address });
    if (refusal !== undefined) return refusal.condition;
    if (session.isSecure && session.refused !== remote) {
      // XEP-0344 §2.4: a certificate for the domain makes the call-back needless.
      const chain = session.stream?.carrier.tls?.peerCertificate() ?? [];
      const proof = chain.length === 0 ? undefined : await session.federation.identify(remote, chain);
      if (proof?.valid === true) return "certificate";
    }
    // On a stream that we opened the id is the peer's choice: a key that was seen elsewhere could be shown again.
    if (local.policy.certificateRequired(remote) || session.direction === "out") return "not-authorized";
    return await session.federation.confirm({ local: local.domain, remote, stream: session, key });
  }

  #answer(local: LocalDomain, remote: string, outcome: DialbackOutcome): void {
    const { session } = this;
    const { stream } = session;
    if (stream === undefined) return;
    if (outcome === "valid" || outcome === "certificate") {
      // First, since what waits for the peer may follow at once (XEP-0288).
      stream.put(outcomeText("result", local.domain, remote, undefined, "valid"));
      return session.authorise(local.domain, remote, outcome === "valid" ? "dialback" : "certificate");
    }
    if (outcome !== "invalid") return this.#tell("result", remote, local.domain, undefined, outcome);
    local.log.info("a key of another server is false", { remote, peer: session.peer.address });
    // With other pairs on the stream, an error makes the peer keep it (XEP-0220 §2.2.1).
    this.#tell("result", remote, local.domain, undefined, session.pairs.size > 0 ? "forbidden" : "invalid");
  }

  /** Tells the peer what does not work, as often as the policy bears it. */
  #tell(
    kind: "result" | "verify",
    from: string,
    to: string,
    id: string | undefined,
    outcome: DialbackOutcome,
  ): void {
    const { session } = this;
    const { stream } = session;
    if (stream === undefined) return;
    const most = (session.federation.local(to) ?? session.local)?.policy.dialbackErrors ?? 0;
    stream.put(outcomeText(kind, to, from, id, outcome));
    if (++this.#errors > most) stream.fail(new StreamError("policy-violation", "too many dialback errors"));
  }
}

function name(kind: string, from: string, to: string, id: string): string {
  return `${kind} ${from} ${to} ${id}`;
}
