/** Scripted servers elsewhere, that say on the wire what the test says: one that connects to us, one that we connect to. */
import { decodeUtf8, encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import type { Server } from "../server/server.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { CarrierOptions } from "./carrier.ts";
import { type Settle, TestClient } from "./client.ts";
import { Heard } from "./heard.ts";
import type { LinkEnd } from "./link.ts";

const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";

/** How a scripted server connects. */
export interface PeerOptions extends CarrierOptions {
  /** What it shows where there is TLS. */
  readonly certificate?: TlsContext;
}

/** A server elsewhere that connects to the one under test. */
export class TestPeer extends TestClient {
  constructor(server: Server, domain: string, settle: Settle, options: PeerOptions = {}) {
    const { certificate, ...carrier } = options;
    super(server, domain, settle, {
      ...carrier,
      peerChain: () => certificate === undefined ? [] : [certificate.leaf],
    });
  }

  protected override connect(server: Server): void {
    server.acceptServer(this.carrier);
  }

  protected override get name(): string {
    return "the peer";
  }

  /** Opens a stream from a domain, to the server's own or to another. */
  async openFrom(from: string | undefined, to = this.domain, version = "version='1.0'"): Promise<void> {
    const sender = from === undefined ? "" : `from='${from}'`;
    await this.openWith(
      `${sender} to='${to}' ${version} xmlns='jabber:server' xmlns:db='jabber:server:dialback'`,
    );
  }

  /** Opens a stream and proves itself by its certificate. `before` is said between the features and SASL. */
  async external(from: string, to = this.domain, before = ""): Promise<void> {
    await this.openFrom(from, to);
    this.expect(`<stream:features><mechanisms xmlns='${SASL_NS}'/></stream:features>`);
    const said = encodeBase64(encodeUtf8(from));
    await this.send(`${before}<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>${said}</auth>`);
    this.expect(`<success xmlns='${SASL_NS}'/>`);
    await this.openFrom(from, to);
    this.expect("<stream:features/>");
  }

  /** Claims a domain pair by dialback. */
  async claim(from: string, to = this.domain, key = "key"): Promise<void> {
    await this.send(`<db:result from='${from}' to='${to}'>${key}</db:result>`);
  }
}

/** A connection of the server under test to a server elsewhere, which answers as the test says. */
export class TestAnswerer extends Heard {
  /** Whether the connection is gone. */
  closed = false;
  /** Told of the text as it comes, for tests of how something is spelled. */
  heard: ((text: string) => void) | undefined;

  constructor(private readonly end: LinkEnd, readonly domain: string, private readonly settle: Settle) {
    super();
    end.attach({
      bytes: (chunk) => {
        this.heard?.(decodeUtf8(chunk));
        this.hear(chunk);
      },
      drained: () => {},
      closed: () => void (this.closed = true),
    });
  }

  protected override get name(): string {
    return this.domain;
  }

  async send(xml: string): Promise<void> {
    this.end.write(xml);
    await this.settle();
  }

  /** Answers the header, with an id, and says what is offered. */
  async greet(features = "", id = "remote-id", version = "version='1.0'"): Promise<void> {
    await this.send(
      this.headerText(id, version) + (version === "" ? "" : `<stream:features>${features}</stream:features>`),
    );
  }

  headerText(id: string, version = "version='1.0'"): string {
    return `<?xml version='1.0'?><stream:stream from='${this.domain}' to='${
      this.header?.attr("from")
    }' id='${id}' ` +
      `${version} xmlns='jabber:server' xmlns:db='jabber:server:dialback' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>`;
  }

  /** Takes the connection to TLS after the server has asked for it, and greets again. */
  async secure(certificate: TlsContext, features = "", id = "remote-id"): Promise<void> {
    this.expect(`<starttls xmlns='${TLS_NS}'/>`);
    this.restarted();
    await this.end.startTls(`<proceed xmlns='${TLS_NS}'/>`, certificate);
    await this.settle();
    await this.greet(features, id);
  }

  /** The other side begins its stream anew: after SASL. */
  async succeed(features = "", id = "remote-id-2"): Promise<void> {
    this.restarted();
    await this.send(`<success xmlns='${SASL_NS}'/>`);
    await this.greet(features, id);
  }

  close(): Promise<void> {
    return this.send("</stream:stream>");
  }

  async cut(): Promise<void> {
    this.end.destroy(new Error("connection reset"));
    await this.settle();
  }
}
