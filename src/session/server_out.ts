/**
 * A stream that we open to another server: TLS, the judgement of its certificate, then SASL EXTERNAL or dialback, and what
 * else the peer offers (RFC 6120 §4.3; XEP-0178, XEP-0220, XEP-0288, XEP-0198). It says once what came of it.
 */
import { encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import { isPromise, type Maybe } from "../base/maybe.ts";
import { asciiDomain } from "../jid/domain.ts";
import type { StanzaError } from "../stanza/error.ts";
import { StreamError, STREAMS_NS } from "../stream/error.ts";
import { Secure } from "../stream/state.ts";
import type { End, Stream, StreamContext } from "../stream/stream.ts";
import { el, type Element } from "../xml/element.ts";
import { ownCopy } from "../xml/own.ts";
import type { DialbackOutcome } from "./dialback_element.ts";
import { BIDI_FEATURE_NS, BIDI_NS } from "./features/server_bidi.ts";
import { DIALBACK_FEATURE_NS } from "./features/server_dialback.ts";
import { TLS_NS } from "./features/server_tls.ts";
import type { Errand } from "./errand.ts";
import type { Federation, LocalDomain, PeerStream, Proof } from "./federation.ts";
import type { Means } from "./pairs.ts";
import { readHandledCount } from "../proto/handled_count.ts";
import { SM_NS } from "./server_acks.ts";
import { dialbackFailure, streamFailure, unauthorised } from "./server_failure.ts";
import { readServerHeader, SERVER_NS } from "./server_header.ts";
import { askForManagement, mayContinue, takeOver } from "./server_management.ts";
import { ServerStream } from "./server_stream.ts";

const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";

export class ServerOut extends ServerStream {
  readonly direction = "out";
  /** What the peer's certificate proves; undefined without TLS. */
  proof: Proof | undefined;
  #told = false;
  /** The namespace of what the peer is to say next; undefined where that is nothing of the negotiation. */
  #awaits: typeof STREAMS_NS | typeof TLS_NS | typeof SASL_NS | undefined;
  #begun = false;
  /** The peer's features had it. */
  #managed = false;
  #resuming: PeerStream | undefined;
  #proved = false;

  constructor(federation: Federation, context: StreamContext, readonly errand: Errand) {
    super(federation, context);
    this.local = errand.local;
    this.remote = errand.remote;
  }

  /** Whether its negotiation is over, so that keys can be shown and confirmed on it. */
  get isSettled(): boolean {
    return this.#told && this.stream?.isOpen === true;
  }

  /** Whether pairs can be added to it (XEP-0220 §2.6): errors of one do not end it for the others. */
  multiplexes = false;

  /** Claims one more pair, or a pair again that was refused before. */
  async claim(local: LocalDomain): Promise<DialbackOutcome> {
    const outcome = await this.dialback.claim(local, this.remote);
    if (outcome !== "valid") return outcome;
    if (!this.isAuthenticated && this.#managed && local.policy.acknowledges) askForManagement(this);
    this.authorise(local.domain, this.remote, this.#means);
    return outcome;
  }

  /** By what we know the peer. */
  get #means(): Means {
    return this.proof?.valid === true ? "certificate" : "dialback";
  }

  override start(stream: Stream): void {
    super.start(stream);
    this.greet(stream);
  }

  greet(stream: Stream): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#header(stream);
  }

  opened(stream: Stream, header: Element): Maybe<void> {
    const said = readServerHeader(header, stream.reader.contentNs);
    if (said instanceof StreamError) throw said;
    // Who answers proves it by certificate or by DNS, not by this attribute: some old servers mix the two up.
    this.id = ownCopy(header.attr("id") ?? "");
    const proof = this.isSecure && this.proof === undefined
      ? this.errand.judge(stream.carrier.tls?.peerCertificate() ?? [])
      : undefined;
    if (isPromise(proof)) return proof.then((p) => this.#headed(said.versioned, p));
    this.#headed(said.versioned, proof);
  }

  protected override negotiate(element: Element): Maybe<boolean> {
    const { name, ns } = element;
    const awaited = this.#awaits;
    // What comes out of turn was not asked for: a success in the clear would be anybody's word. Features only inform.
    if (ns !== awaited) return ns === STREAMS_NS && name === "features";
    this.#awaits = undefined;
    if (awaited === TLS_NS) return this.#tls(name);
    if (awaited === SASL_NS) this.#sasl(element);
    else this.#features(element);
    return true;
  }

  protected override over(end: End): void {
    this.#tell(streamFailure(this.remote, end, this.peerCondition));
  }

  // --- the steps --------------------------------------------------------------------------------------------------

  #header(stream: Stream): void {
    const { local, remote } = this.errand;
    stream.open({
      ns: SERVER_NS,
      dialback: local.policy.dialback,
      from: local.domain,
      to: remote,
      // No language: it would be taken for that of every stanza that names none (RFC 6120 §8.1.5).
      versioned: true,
    });
  }

  #headed(versioned: boolean, proof: Proof | undefined): void {
    if (proof !== undefined) this.proof = proof;
    this.#awaits = versioned ? STREAMS_NS : undefined;
    if (versioned || this.stream === undefined) return;
    // RFC 6120 §4.7.5: from before XMPP 1.0, so there are no features, and dialback is all there is.
    const { local, remote } = this.errand;
    if (!this.isSecure && local.policy.tlsRequired(remote)) return this.#fail(unauthorised(remote, NO_TLS));
    this.#prove(undefined);
  }

  #features(features: Element): void {
    const { stream, remote } = this;
    const { policy } = this.errand.local;
    if (stream === undefined) return;
    if (!this.isSecure) {
      if (features.child("starttls", TLS_NS) !== undefined) {
        this.#awaits = TLS_NS;
        return stream.send(el("starttls", TLS_NS));
      }
      if (policy.tlsRequired(remote)) return this.#fail(unauthorised(remote, NO_TLS));
    }
    if (features.child("sm", SM_NS) !== undefined) this.#managed = true;
    const dialback = features.child("dialback", DIALBACK_FEATURE_NS);
    if (dialback?.has("errors", DIALBACK_FEATURE_NS) === true) this.multiplexes = true;
    this.#prove(features);
  }

  #prove(features: Element | undefined): void {
    const { stream, errand: { local, remote } } = this;
    const { policy } = local;
    if (policy.certificateRequired(remote) && this.proof?.valid !== true) {
      return this.#fail(unauthorised(remote, `its certificate: ${this.proof?.why ?? "there is no TLS"}`));
    }
    if (this.errand.verifies) return this.#tell(undefined);
    if (this.#proved) return this.#proven();
    if (
      this.isSecure && policy.bidi(remote) && features?.child("bidi", BIDI_FEATURE_NS) !== undefined &&
      !this.bidi
    ) {
      this.bidi = true;
      stream!.send(el("bidi", BIDI_NS));
    }
    const mechanisms = features?.child("mechanisms", SASL_NS)?.elements() ?? [];
    const external = mechanisms.some((mechanism) => mechanism.text.trim() === "EXTERNAL");
    if (external && this.isSecure && local.tlsContext() !== undefined) {
      // XEP-0178 §3: the authorization identity for the sake of older servers.
      const said = encodeBase64(encodeUtf8(local.domain));
      this.#awaits = SASL_NS;
      return stream!.send(el("auth", SASL_NS, { mechanism: "EXTERNAL" }, said));
    }
    this.#dialback("it accepts no certificate of ours");
  }

  async #tls(name: string): Promise<boolean> {
    const { stream, errand: { carrier, remote, local, minimum } } = this;
    if (stream === undefined) return true;
    if (name !== "proceed") {
      this.#fail(unauthorised(remote, "it refused to begin TLS"));
      return true;
    }
    stream.flush();
    const secure = local.tlsContext()?.secure;
    try {
      const servername = remote.startsWith("[") ? remote.slice(1, -1) : asciiDomain(remote);
      await carrier.secure({ servername, minimum, ...(secure === undefined ? {} : { secure }) });
    } catch (error) {
      this.#tell(streamFailure(remote, new Error(`TLS: ${reasonOf(error)}`), ""));
      carrier.destroy();
      return true;
    }
    if (this.stream === undefined) return true;
    this.state |= Secure;
    this.#restart(true);
    return true;
  }

  #restart(discard: boolean): void {
    this.stream!.restart(discard);
    this.#header(this.stream!);
  }

  #sasl(element: Element): void {
    switch (element.name) {
      case "success":
        this.#proved = true;
        return this.#restart(false);
      case "challenge":
        this.#awaits = SASL_NS;
        return this.stream?.send(
          el("response", SASL_NS, {}, encodeBase64(encodeUtf8(this.errand.local.domain))),
        );
      case "failure":
        return this.#dialback(`it refused our certificate: ${element.first()?.name ?? "failure"}`);
    }
  }

  /** The way without a certificate, or after it was refused. */
  #dialback(why: string): void {
    const { local, remote } = this.errand;
    if (!local.policy.dialback) return this.#fail(unauthorised(remote, why));
    this.dialback.claim(local, remote).then((outcome) => {
      if (outcome === "valid") this.#proven();
      else this.#refused(outcome);
    });
  }

  /** The peer lets us in. Counting begins before the first stanza. */
  #proven(): void {
    const { stream, errand: { local, resuming } } = this;
    if (stream === undefined || this.#told) return;
    this.admit();
    if (!this.#managed || !local.policy.acknowledges) return this.#enter();
    const acks = resuming?.acks;
    if (acks?.id !== undefined && mayContinue(this, resuming!, this.#means)) {
      this.#resuming = resuming;
      return stream.send(el("resume", SM_NS, { previd: acks.id, h: String(acks.handled) }));
    }
    askForManagement(this);
    this.#enter();
  }

  #enter(): void {
    this.authorise(this.errand.local.domain, this.remote, this.#means);
    this.#tell(undefined);
  }

  // --- resumption (XEP-0198 §5) -----------------------------------------------------------------------------------

  override resumed(element: Element): void {
    const old = this.#resuming;
    const h = readHandledCount(element);
    if (old?.acks === undefined || h === undefined) return;
    this.#resuming = undefined;
    old.acks.acknowledge(h);
    takeOver(this, old, old.acks);
    this.#enter();
  }

  override unresumed(element: Element): boolean {
    const old = this.#resuming;
    if (old === undefined) return false;
    this.#resuming = undefined;
    const h = readHandledCount(element);
    // XEP-0198 §5: what it knows to have got all the same.
    if (h !== undefined) old.acks?.acknowledge(h);
    askForManagement(this);
    this.#enter();
    return true;
  }

  // --- what came of it --------------------------------------------------------------------------------------------

  #fail(failure: StanzaError): void {
    this.#tell(failure);
    this.end();
  }

  /** An error of dialback is no end: the pair may be claimed again on the same stream (XEP-0220 §2.5). */
  #refused(outcome: DialbackOutcome): void {
    const decided = this.stream !== undefined;
    this.#tell(dialbackFailure(this.remote, outcome), decided);
    if (outcome === "invalid") this.end();
  }

  #tell(failure: StanzaError | undefined, decided = false): void {
    if (this.#told) return;
    this.#told = true;
    this.errand.done(failure, decided);
  }
}

const NO_TLS = "it does not offer TLS, which is required here";

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
