/** A scripted client: it sends what the test says, and keeps what it gets until the test asks for it. */
import { encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import { Jid } from "../jid/jid.ts";
import type { Server } from "../server/server.ts";
import { type CarrierOptions, TestCarrier } from "./carrier.ts";
import { Heard } from "./heard.ts";

const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND_NS = "urn:ietf:params:xml:ns:xmpp-bind";

/** Lets everything happen that follows from what was done. */
export type Settle = () => Promise<void>;

export class TestClient extends Heard {
  jid: Jid | undefined;
  readonly carrier: TestCarrier;

  constructor(
    server: Server,
    protected readonly domain: string,
    private readonly settle: Settle,
    options?: CarrierOptions,
  ) {
    super();
    this.carrier = this.makeCarrier((text) => this.hear(encodeUtf8(text)), options);
    this.connect(server);
  }

  protected makeCarrier(received: (text: string) => void, options?: CarrierOptions): TestCarrier {
    return new TestCarrier(received, options);
  }

  protected connect(server: Server): void {
    server.accept(this.carrier);
  }

  protected override get name(): string {
    return this.jid?.toString() ?? "the client";
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
    await this.openWith(`to='${to}' version='1.0' xmlns='jabber:client'`);
  }

  /** Opens a stream with these attributes. */
  protected async openWith(attributes: string): Promise<void> {
    this.restarted();
    await this.send(
      `<?xml version='1.0'?><stream:stream ${attributes} xmlns:stream='http://etherx.jabber.org/streams'>`,
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
}
