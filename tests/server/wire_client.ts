/** A client on a real socket: it sends what the test says and waits for what it expects. */
import type { Socket } from "node:net";
import { elementOf, matches } from "#testing";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import { client, tlsClient } from "../../src/transport/transport_test_rig.ts";
import type { Element } from "../../src/xml/element.ts";
import { STREAM_CLOSE, XmlReader } from "../../src/xml/reader.ts";
import { soon } from "./rig.ts";

const LIMITS = { stanzaBytes: 16_777_216, depth: 200, attributes: 200 };
const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND_NS = "urn:ietf:params:xml:ns:xmpp-bind";
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";

export class WireClient implements Disposable {
  /** What has come and was not asked for yet. */
  readonly inbox: Element[] = [];
  jid = "";
  /** The connection is gone. */
  readonly closed: Promise<void>;
  #reader = new XmlReader(LIMITS);
  #waiting: (() => void)[] = [];
  #gone = false;

  private constructor(readonly socket: Socket, readonly domain: string) {
    this.closed = new Promise((resolve) =>
      socket.once("close", () => {
        this.#gone = true;
        this.#wake();
        resolve();
      })
    );
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.resume();
  }

  static async connect(port: number, domain = "a.test"): Promise<WireClient> {
    return new WireClient(await client(port), domain);
  }

  /** On a connection that is there already. */
  static over(socket: Socket, domain = "a.test"): WireClient {
    return new WireClient(socket, domain);
  }

  /** With TLS from the first byte. */
  static async secure(port: number, domain = "a.test"): Promise<WireClient> {
    const socket = await tlsClient({
      host: "127.0.0.1",
      port,
      servername: domain,
      ALPNProtocols: ["xmpp-client"],
    });
    return new WireClient(socket, domain);
  }

  /** A session: connected, logged in, bound. */
  static async login(port: number, local: string, password: string, domain = "a.test"): Promise<WireClient> {
    const it = await WireClient.connect(port, domain);
    await it.authenticate(local, password);
    await it.bind("desk");
    return it;
  }

  send(xml: string): void {
    this.socket.write(xml);
  }

  async open(): Promise<Element> {
    return await this.openWith(`to='${this.domain}' version='1.0' xmlns='jabber:client'`);
  }

  /** Opens a stream, or a new one after TLS or a login, with these attributes. */
  async openWith(attributes: string): Promise<Element> {
    this.#reader = new XmlReader(LIMITS);
    this.send(
      `<?xml version='1.0'?><stream:stream ${attributes} xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    return await this.expect("<stream:features/>");
  }

  async authenticate(local: string, password: string): Promise<void> {
    await this.open();
    const initial = encodeBase64(encodeUtf8(`\0${local}\0${password}`));
    this.send(`<auth xmlns='${SASL_NS}' mechanism='PLAIN'>${initial}</auth>`);
    await this.expect(`<success xmlns='${SASL_NS}'/>`);
    await this.open();
  }

  async bind(resource: string): Promise<void> {
    this.send(
      `<iq type='set' id='bind'><bind xmlns='${BIND_NS}'><resource>${resource}</resource></bind></iq>`,
    );
    const bound = await this.expect(
      `<iq type='result' id='bind'><bind xmlns='${BIND_NS}'><jid>*</jid></bind></iq>`,
    );
    this.jid = bound.child("bind", BIND_NS)!.childText("jid")!;
  }

  /** The first thing that fits, now or when it comes. */
  async expect(pattern: string): Promise<Element> {
    const wanted = elementOf(pattern);
    const found = async (): Promise<Element> => {
      for (;;) {
        const at = this.inbox.findIndex((element) => matches(wanted, element));
        if (at >= 0) return this.inbox.splice(at, 1)[0]!;
        if (this.#gone) throw new Error(`closed, without ${pattern}; there were:\n${this.inbox.join("\n")}`);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    };
    return await soon(pattern, found());
  }

  /** A stream error, after which the connection is closed. */
  async expectEnd(condition: string): Promise<void> {
    await this.expect(`<stream:error><${condition} xmlns='${STREAMS}'/></stream:error>`);
    await soon("the end of the connection", this.closed);
  }

  /** A round trip: the session lives, and everything sent before was dealt with. */
  async ping(): Promise<void> {
    const id = crypto.randomUUID();
    this.send(`<iq type='get' id='${id}' to='${this.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await this.expect(`<iq id='${id}' type='result'/>`);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #received(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
    for (let item = this.#reader.next(); item !== undefined; item = this.#reader.next()) {
      if (item !== STREAM_CLOSE && item !== this.#reader.header) this.inbox.push(item);
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
