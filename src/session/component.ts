/**
 * The connection of an external component (XEP-0114, `jabber:component:accept`): a header without a version, the handshake,
 * and then stanzas of everybody at its domain. There are no features and no resources. Its home is asked for by name each
 * time, so that it is the one that serves now.
 */
import { encodeHex, encodeUtf8, timingSafeEqual } from "../base/bytes.ts";
import { randomId } from "../base/id.ts";
import type { Maybe } from "../base/maybe.ts";
import { Jid } from "../jid/jid.ts";
import { sha1 } from "../proto/sha1.ts";
import { StanzaError } from "../stanza/error.ts";
import { errorOfElement } from "../stanza/reply.ts";
import { kindOf } from "../stanza/kind.ts";
import { Stanza } from "../stanza/stanza.ts";
import { StreamError, STREAMS_NS } from "../stream/error.ts";
import type { End, Stream, StreamOwner } from "../stream/stream.ts";
import type { Endpoint } from "../transport/carrier.ts";
import { el, type Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { own } from "../xml/own.ts";
import type { ComponentConnection, ComponentGround, ComponentHome } from "./component_home.ts";

/** The default namespace of these streams; inside the server it is one with `CONTENT_NS`. */
export const COMPONENT_NS = "jabber:component:accept";

export class ComponentSession implements StreamOwner, ComponentConnection {
  /** The stream's id, which the handshake is made of. */
  id = "";
  /** The component's domain; "" before its header has come. */
  domain = "";
  stream: Stream | undefined;
  /** The secret was right. */
  admitted = false;

  constructor(private readonly ground: ComponentGround) {}

  get peer(): Endpoint {
    return this.stream?.carrier.peer ?? NOWHERE;
  }

  /** Takes over a stream that has just been made for this session. */
  start(stream: Stream): void {
    this.stream = stream;
    stream.expectWithin(stream.limits.authenticationTimeout);
  }

  // --- the stream's owner -----------------------------------------------------------------------------------------

  get who(): string {
    return this.admitted ? this.domain : "";
  }

  readonly isOwing = false;

  greet(stream: Stream): void {
    this.#open(stream, undefined);
  }

  opened(stream: Stream, header: Element): void {
    const home = this.#prepare(header, stream.reader.contentNs);
    // XEP-0114 §3: also an error comes behind a header of ours.
    this.#open(stream, home instanceof StreamError ? undefined : home.domain);
    if (home instanceof StreamError) throw home;
    this.domain = own(home.domain);
  }

  received(stream: Stream, element: Element): Maybe<void> {
    if (kindOf(element) !== undefined) return this.#stanza(element);
    if (element.ns === STREAMS_NS) {
      // The peer's own stream error: nothing is to be said to it (RFC 6120 §4.9.1.1).
      stream.end();
      return;
    }
    if (element.name !== "handshake" || element.ns !== CONTENT_NS || this.admitted) {
      throw new StreamError(
        "unsupported-stanza-type",
        `<${element.name.slice(0, 100)} xmlns='${element.ns.slice(0, 100)}'/>`,
      );
    }
    const wait = this.ground.brake.wait(this.peer.address, stream.context.clock.monotonic());
    return wait === 0 ? this.#shake(element.text) : stream.delay(wait).then(() => this.#shake(element.text));
  }

  overdue(stream: Stream): void {
    if (!this.admitted) {
      stream.fail(new StreamError("connection-timeout", "no handshake within the time allowed"));
      return;
    }
    // Components need not answer pings. A blank shows whether the connection is still there (RFC 6120 §4.6.1).
    if (!stream.heard) stream.put(" ");
    stream.heard = false;
    stream.expectWithin(stream.limits.pingAfter);
  }

  closed(_stream: Stream, end: End): void {
    this.stream = undefined;
    if (!this.admitted) return;
    this.admitted = false;
    this.#home()?.disconnected(this, end);
  }

  failed(stream: Stream, error: unknown): void {
    const home = this.#home();
    if (home !== undefined) home.failed(this, error);
    else stream.context.log.error("a component's stream failed", { peer: this.peer.address, error });
  }

  // --- out --------------------------------------------------------------------------------------------------------

  write(stanza: Stanza): void {
    this.stream?.put(stanza.toText());
  }

  end(error?: StreamError): void {
    this.stream?.end(error);
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  #home(): ComponentHome | undefined {
    const home = this.domain === "" ? undefined : this.ground.find(this.domain);
    return home instanceof StreamError ? undefined : home;
  }

  #open(stream: Stream, from: string | undefined): void {
    this.id = randomId();
    stream.open({ ns: COMPONENT_NS, id: this.id, from, versioned: false });
  }

  #prepare(header: Element, contentNs: string): ComponentHome | StreamError {
    if (header.ns !== STREAMS_NS) {
      return new StreamError("invalid-namespace", `the stream's namespace is ${STREAMS_NS}`);
    }
    if (header.name !== "stream") return new StreamError("bad-format", "a stream begins with <stream/>");
    if (contentNs !== COMPONENT_NS) {
      return new StreamError("invalid-namespace", `this port is for components: ${COMPONENT_NS}`);
    }
    const asked = header.attr("to");
    if (asked === undefined) {
      return new StreamError("improper-addressing", "the header needs a 'to' with the component's domain");
    }
    const to = Jid.tryParse(asked);
    if (to === undefined || to.local !== "" || to.resource !== "") {
      return new StreamError("host-unknown", `'${asked.slice(0, 255)}' is not a domain`);
    }
    return this.ground.find(to.domain);
  }

  /** XEP-0114 §3: the hash of the stream's id and the secret, as lower-case hexadecimal. */
  #shake(said: string): Maybe<void> {
    const home = this.#home();
    const { stream } = this;
    if (stream === undefined) return;
    if (home === undefined) throw new StreamError("host-unknown", `${this.domain} is not served here`);
    const right = encodeUtf8(encodeHex(sha1(encodeUtf8(this.id + home.secret.reveal()))));
    if (!timingSafeEqual(right, encodeUtf8(said.trim()))) return this.#refuse(home, stream);
    home.admit(this);
    this.admitted = true;
    stream.trust();
    stream.send(el("handshake", CONTENT_NS));
    if (stream.limits.pingAfter > 0) stream.expectWithin(stream.limits.pingAfter);
    else stream.expectNothing();
    home.connected(this);
  }

  #refuse(home: ComponentHome, stream: Stream): Maybe<void> {
    const error = new StreamError("not-authorized", "the handshake is wrong: the secrets differ");
    home.log.warn("a component failed to log in", { component: this.domain, peer: this.peer.address });
    const wait = this.ground.brake.failed(this.peer.address, this.domain, stream.context.clock.monotonic());
    if (wait === 0) throw error;
    return stream.delay(wait).then(() => {
      throw error;
    });
  }

  #stanza(element: Element): Maybe<void> {
    if (!this.admitted) throw new StreamError("not-authorized", "the handshake comes before stanzas");
    const from = this.#sender(element.attrs.from);
    try {
      const stanza = Stanza.read(element);
      if (stanza.to === undefined) throw new StanzaError("bad-request", "a component's stanzas need a 'to'");
      return this.ground.route(stanza.stamped(from));
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      const reply = errorOfElement(element, error, from, Jid.of("", this.domain, ""));
      if (reply !== undefined) this.write(reply);
    }
  }

  /** XEP-0114 §3: anybody at the component's domain; the domain itself where nobody is named. */
  #sender(claimed: string | undefined): Jid {
    if (claimed === undefined) return Jid.of("", this.domain, "");
    const from = Jid.tryParse(claimed);
    if (from?.domain === this.domain) return from;
    throw new StreamError("invalid-from", `this stream may not speak as ${claimed.slice(0, 255)}`);
  }
}

const NOWHERE: Endpoint = Object.freeze({ address: "", port: 0 });
