/** A scripted client: it sends what the test says, and keeps what it gets until the test asks for it. */
import { encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import { Jid } from "../jid/jid.ts";
import type { Server } from "../server/server.ts";
import { type Element } from "../xml/element.ts";
import { STREAM_CLOSE, XmlReader } from "../xml/reader.ts";
import { type CarrierOptions, TestCarrier } from "./carrier.ts";
import { elementOf, matches } from "./match.ts";

const LIMITS = { stanzaBytes: 16_777_216, depth: 200, attributes: 200 };
const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND_NS = "urn:ietf:params:xml:ns:xmpp-bind";

/** Lets everything happen that follows from what was done. */
export type Settle = () => Promise<void>;

export class TestClient {
  /** What has come and was not asked for yet. */
  readonly inbox: Element[] = [];
  /** The server's last stream header. */
  header: Element | undefined;
  jid: Jid | undefined;
  /** Whether the server has closed its stream. */
  streamClosed = false;
  readonly carrier: TestCarrier;
  readonly #reader = new XmlReader(LIMITS);

  constructor(
    server: Server,
    private readonly domain: string,
    private readonly settle: Settle,
    options?: CarrierOptions,
  ) {
    this.carrier = new TestCarrier((text) => this.#received(text), options);
    server.accept(this.carrier);
  }

  /** Whether the connection is gone. */
  get closed(): boolean {
    return this.carrier.closed;
  }

  /** Sends text as it is, and waits until all that follows from it is in the inboxes. */
  async send(xml: string): Promise<void> {
    this.carrier.feed(encodeUtf8(xml));
    await this.settle();
  }

  /** Sends bytes, for what is not even text. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    this.carrier.feed(bytes);
    await this.settle();
  }

  /** Opens a stream; the features stay in the inbox. */
  async open(to = this.domain): Promise<void> {
    this.#reader.restart(false);
    await this.send(
      `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xmlns='jabber:client' ` +
        `xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
  }

  /** Logs in with PLAIN and binds a resource. */
  async login(local: string, resource: string | undefined, password: string): Promise<void> {
    await this.open();
    this.expect("<stream:features/>");
    const initial = encodeBase64(encodeUtf8(`\0${local}\0${password}`));
    await this.send(`<auth xmlns='${SASL_NS}' mechanism='PLAIN'>${initial}</auth>`);
    this.expect(`<success xmlns='${SASL_NS}'/>`);
    await this.open();
    this.expect("<stream:features/>");
    const wanted = resource === undefined ? "" : `<resource>${resource}</resource>`;
    await this.send(`<iq type='set' id='bind'><bind xmlns='${BIND_NS}'>${wanted}</bind></iq>`);
    const bound = this.expect(
      `<iq type='result' id='bind'><bind xmlns='${BIND_NS}'><jid>*</jid></bind></iq>`,
    );
    this.jid = Jid.parse(bound.child("bind", BIND_NS)!.childText("jid")!);
  }

  /** Closes the stream in order. */
  close(): Promise<void> {
    return this.send("</stream:stream>");
  }

  /** The connection breaks. */
  async cut(): Promise<void> {
    this.carrier.destroy(new Error("connection reset"));
    await this.settle();
  }

  /** Takes the first thing from the inbox that fits the pattern; fails where nothing does. */
  expect(pattern: string): Element {
    const wanted = elementOf(pattern);
    const at = this.inbox.findIndex((element) => matches(wanted, element));
    if (at < 0) throw new Error(`${this.#name} expected\n  ${pattern.trim()}\nbut has\n${this.#listed()}`);
    return this.inbox.splice(at, 1)[0]!;
  }

  /** As `expect`, for the oldest thing in the inbox only. */
  expectNext(pattern: string): Element {
    const first = this.inbox[0];
    if (first === undefined || !matches(elementOf(pattern), first)) {
      throw new Error(`${this.#name} expected next\n  ${pattern.trim()}\nbut has\n${this.#listed()}`);
    }
    return this.inbox.shift()!;
  }

  /** Nothing that fits the pattern has come. */
  never(pattern: string): void {
    const unwanted = elementOf(pattern);
    const found = this.inbox.find((element) => matches(unwanted, element));
    if (found !== undefined) throw new Error(`${this.#name} did not expect\n  ${found}`);
  }

  /** Nothing is left in the inbox. */
  quiet(): void {
    if (this.inbox.length > 0) throw new Error(`${this.#name} expected silence but has\n${this.#listed()}`);
  }

  /** Forgets what has come. */
  clear(): void {
    this.inbox.length = 0;
  }

  /** The stream was ended by this error. */
  expectStreamError(condition: string): Element {
    const error = this.expect(
      `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
    );
    if (!this.streamClosed) throw new Error(`${this.#name}: the error was not followed by a closing tag`);
    return error;
  }

  get #name(): string {
    return this.jid?.toString() ?? "the client";
  }

  #listed(): string {
    return this.inbox.length === 0 ? "  nothing" : this.inbox.map((element) => `  ${element}`).join("\n");
  }

  #received(text: string): void {
    this.#reader.feed(encodeUtf8(text));
    for (let item = this.#reader.next(); item !== undefined; item = this.#reader.next()) {
      if (item === STREAM_CLOSE) this.streamClosed = true;
      else if (item === this.#reader.header) this.header = item;
      else {
        this.inbox.push(item);
        // What follows on these is a new stream (RFC 6120 §4.3.3).
        if (item.name === "proceed" || (item.name === "success" && item.ns === SASL_NS)) {
          this.#reader.restart(false);
        }
      }
    }
  }
}
