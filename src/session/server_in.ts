/** A stream that another server has opened to us (RFC 6120 §4; XEP-0178, XEP-0220, XEP-0288). */
import { isPromise, type Maybe } from "../base/maybe.ts";
import { randomId } from "../base/id.ts";
import { StreamError } from "../stream/error.ts";
import type { Taken } from "../stream/feature.ts";
import { Authenticated, Inbound, Secure, Server } from "../stream/state.ts";
import type { Stream } from "../stream/stream.ts";
import type { Element } from "../xml/element.ts";
import type { InboundPeer, LocalDomain, Proof } from "./federation.ts";
import { readServerHeader, SERVER_NS, type ServerHeader } from "./server_header.ts";
import { ServerStream } from "./server_stream.ts";

export class ServerIn extends ServerStream implements InboundPeer {
  readonly direction = "in";
  override state = Inbound | Server;
  /** What the peer's certificate proves about the domain in its header; undefined where it showed none. */
  proof: Proof | undefined;
  /** Failed attempts by SASL. */
  failures = 0;
  #versioned = true;
  #answered = "";
  /** It has logged in by SASL, which counts from its next header. */
  #loggedIn = false;

  /** Whether the peer can prove itself by SASL now. */
  get offersExternal(): boolean {
    return this.isSecure && !this.isAuthenticated && this.proof?.valid === true;
  }

  greet(stream: Stream): void {
    this.id = randomId();
    stream.open({
      ns: SERVER_NS,
      dialback: true,
      id: this.id,
      from: this.local?.domain ?? this.federation.anyLocal,
      to: this.#answered === "" ? undefined : this.#answered,
      lang: "en",
      versioned: this.#versioned,
    });
  }

  opened(stream: Stream, header: Element): Maybe<void> {
    const said = readServerHeader(header, stream.reader.contentNs);
    const local = said instanceof StreamError ? said : this.#choose(said);
    // RFC 6120 §4.7.1, §4.7.2: our 'from' is whom it wants, our 'to' is who it says it is, in its own words.
    this.#answered = header.attr("from")?.slice(0, 1023) ?? "";
    if (!(local instanceof StreamError)) this.local = local;
    if (!(said instanceof StreamError)) this.#versioned = said.versioned;
    this.greet(stream);
    if (said instanceof StreamError) throw said;
    if (local instanceof StreamError) throw local;
    this.remote = said.from;
    const proof = this.#identify(stream);
    return isPromise(proof) ? proof.then((p) => this.#offer(p)) : this.#offer(proof);
  }

  protected override negotiate(element: Element): Maybe<boolean> {
    const feature = this.local === undefined ? undefined : this.federation.negotiator.find(this, element);
    if (feature === undefined) return false;
    const taken = feature.take!(this, element);
    if (isPromise(taken)) return taken.then((t) => this.#become(t));
    return this.#become(taken);
  }

  #choose({ from, to }: ServerHeader): LocalDomain | StreamError {
    if (to === "") return new StreamError("improper-addressing", "the header needs a 'to' with the domain");
    const local = this.federation.local(to);
    if (local === undefined) return new StreamError("host-unknown", `${to} is not served here`);
    // A restarted stream stays with those for whom it has its certificate and its login.
    if (this.local !== undefined && this.local.domain !== to) {
      return new StreamError("host-unknown", `this stream is for ${this.local.domain}`);
    }
    if (this.isAuthenticated && this.remote !== from) {
      return new StreamError("invalid-from", `this stream is ${this.remote}'s`);
    }
    return local;
  }

  /** Whose certificate the peer has shown, as far as its header says whose it should be. */
  #identify(stream: Stream): Maybe<Proof | undefined> {
    if (!this.isSecure || this.isAuthenticated || this.remote === "") return undefined;
    const chain = stream.carrier.tls?.peerCertificate() ?? [];
    return chain.length === 0 ? undefined : this.federation.identify(this.remote, chain);
  }

  #offer(proof: Proof | undefined): void {
    this.proof = proof;
    const { stream } = this;
    if (stream === undefined || !this.#versioned) return;
    if (proof?.valid === false) {
      this.local!.log.debug("a certificate is not accepted", { remote: this.remote, reason: proof.why });
    }
    stream.send(this.federation.negotiator.offer(this));
    // A login by SASL counts from the header that follows it: nothing may go out before ours (RFC 6120 §6.4.6).
    if (this.#loggedIn) {
      this.#loggedIn = false;
      this.authorise(this.local!.domain, this.remote, "certificate");
    }
  }

  #become(taken: Taken | undefined): true {
    const { stream } = this;
    if (taken === undefined || stream === undefined) return true;
    const gain = taken.gain ?? 0;
    if ((gain & Authenticated) !== 0) {
      this.#loggedIn = true;
      this.admit();
    }
    this.state |= gain;
    // What was pipelined behind a STARTTLS request came in the clear and is thrown away (RFC 6120 §5.4.3.3).
    if (taken.restart === true) stream.restart((gain & Secure) !== 0);
    return true;
  }
}
