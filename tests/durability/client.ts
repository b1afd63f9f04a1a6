/**
 * A client of nobody's library: a socket, our own words, and what comes back, one thing after another. It reads only while
 * somebody waits, so that the socket can be handed to TLS, and fails with `Gone` as soon as the server is not there any more.
 */
import type { Element } from "../../src/xml/element.ts";
import { escapeText } from "../../src/xml/escape.ts";
import { STREAM_CLOSE, XmlReader } from "../../src/xml/reader.ts";
import { ScramClient } from "./scram_client.ts";

const LIMITS = { stanzaBytes: 16_777_216, depth: 200, attributes: 200 };
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const REGISTER = "jabber:iq:register";
/** How long a server may think before it counts as hung. */
const PATIENCE = 30_000;

/** The connection is gone, or the server has closed its stream. */
export class Gone extends Error {
  override readonly name = "Gone";
}

/** The server said no: to a login, or to a request. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(readonly answer: Element) {
    super(`refused: ${answer}`);
  }

  /** The condition of a stanza error or of a SASL failure. */
  get condition(): string {
    const about = this.answer.child("error") ?? this.answer;
    return about.elements().find((child) => child.name !== "text")?.name ?? "";
  }

  /** "wait", "cancel", … of a stanza error. */
  get kind(): string | undefined {
    return this.answer.child("error")?.attr("type");
  }
}

export class RawClient implements Disposable {
  /** What came while something else was awaited. */
  readonly inbox: Element[] = [];
  /** The server's last `<stream:features/>`. */
  features: Element | undefined;
  jid = "";
  /** Stanzas that were read, as XEP-0198 counts them; whoever counts says where to begin. */
  stanzas = 0;
  readonly #reader = new XmlReader(LIMITS);
  readonly #buffer = new Uint8Array(16_384);
  #ids = 0;

  private constructor(readonly domain: string, private connection: Deno.Conn) {}

  /** Connects and opens a stream. */
  static async connect(port: number, domain = "localhost", hostname = "127.0.0.1"): Promise<RawClient> {
    let connection: Deno.Conn;
    try {
      connection = await Deno.connect({ port, hostname });
    } catch (error) {
      throw new Gone(String(error));
    }
    const client = new RawClient(domain, connection);
    await client.open();
    return client;
  }

  /** Connects to a port that speaks TLS from the first byte (XEP-0368), and opens a stream. */
  static async connectTls(port: number, authority: string, domain = "localhost"): Promise<RawClient> {
    try {
      const plain = await Deno.connect({ port, hostname: "127.0.0.1" });
      const secure = await Deno.startTls(plain, { hostname: domain, caCerts: [authority] });
      const client = new RawClient(domain, secure);
      await client.open();
      return client;
    } catch (error) {
      throw error instanceof Gone ? error : new Gone(String(error));
    }
  }

  /** Opens a stream, or opens it anew. */
  async open(): Promise<void> {
    this.#reader.restart(false);
    await this.send(
      `<?xml version='1.0'?><stream:stream to='${this.domain}' version='1.0' xmlns='jabber:client' ` +
        `xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    this.features = await this.expect((element) => element.name === "features");
  }

  async startTls(authority: string): Promise<void> {
    await this.send(`<starttls xmlns='${TLS}'/>`);
    await this.expect((element) => element.name === "proceed" && element.ns === TLS);
    this.connection = await Deno.startTls(this.connection as Deno.TcpConn, {
      hostname: this.domain,
      caCerts: [authority],
    });
    await this.open();
  }

  async plain(username: string, password: string): Promise<void> {
    await this.#authenticate("PLAIN", btoa(unescape(encodeURIComponent(`\0${username}\0${password}`))));
    await this.open();
  }

  /** SCRAM-SHA-256 (RFC 7677); the server has to prove that it knows the password, too. */
  async scram(username: string, password: string): Promise<void> {
    const scram = new ScramClient(username, password);
    const challenge = await this.#authenticate("SCRAM-SHA-256", btoa(scram.first()));
    await this.send(`<response xmlns='${SASL}'>${btoa(await scram.final(atob(challenge.text)))}</response>`);
    const success = await this.#outcome();
    if (success.name !== "success") throw new Error(`a second challenge: ${success}`);
    scram.check(atob(success.text));
    await this.open();
  }

  async bind(resource: string): Promise<void> {
    const result = await this.iq("set", `<bind xmlns='${BIND}'><resource>${resource}</resource></bind>`);
    this.jid = result.child("bind", BIND)?.childText("jid") ?? "";
  }

  /** Makes an account, before the login or as somebody who is logged in (XEP-0077 §3.1). */
  async register(username: string, password: string): Promise<void> {
    await this.iq(
      "set",
      `<query xmlns='${REGISTER}'><username>${username}</username><password>${
        escapeText(password)
      }</password></query>`,
    );
  }

  /** Sends a request and awaits its answer: the result, or `Refused`. */
  async iq(type: "get" | "set", payload: string, to?: string): Promise<Element> {
    const id = `i${++this.#ids}`;
    await this.send(`<iq type='${type}' id='${id}'${to === undefined ? "" : ` to='${to}'`}>${payload}</iq>`);
    const answer = await this.expect((element) => element.name === "iq" && element.attr("id") === id);
    if (answer.attr("type") !== "result") throw new Refused(answer);
    return answer;
  }

  /** The first thing, from the inbox or from the server, that fits. */
  async expect(fits: (element: Element) => boolean): Promise<Element> {
    const at = this.inbox.findIndex(fits);
    if (at >= 0) return this.inbox.splice(at, 1)[0]!;
    for (;;) {
      const element = await this.#next();
      if (fits(element)) return element;
      if (element.name === "error" && element.ns !== "jabber:client") throw new Gone(String(element));
      this.inbox.push(element);
    }
  }

  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.connection.write(rest));
    } catch (error) {
      throw new Gone(String(error));
    }
  }

  /** Closes the stream and waits for the server to close its own. */
  async close(): Promise<void> {
    await this.send("</stream:stream>");
    try {
      await this.expect(() => false);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
    this[Symbol.dispose]();
  }

  /** Drops the connection. */
  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch { /* it is closed already */ }
  }

  async #authenticate(mechanism: string, initial: string): Promise<Element> {
    await this.send(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${initial}</auth>`);
    return await this.#outcome();
  }

  async #outcome(): Promise<Element> {
    const answer = await this.expect((element) => element.ns === SASL);
    if (answer.name === "failure") throw new Refused(answer);
    return answer;
  }

  async #next(): Promise<Element> {
    for (;;) {
      const item = this.#reader.next();
      if (item === STREAM_CLOSE) throw new Gone("the server has closed its stream");
      if (item !== undefined && item !== this.#reader.header) {
        if (item.ns === "jabber:client" && /^(message|presence|iq)$/.test(item.name)) this.stanzas++;
        return item;
      }
      if (item !== undefined) continue;
      this.#reader.feed(await this.#read());
    }
  }

  async #read(): Promise<Uint8Array> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this[Symbol.dispose]();
    }, PATIENCE);
    try {
      const count = await this.connection.read(this.#buffer);
      if (count === null) throw new Gone("the server has closed the connection");
      return this.#buffer.subarray(0, count);
    } catch (error) {
      if (late) throw new Error(`${this.jid || "a client"} heard nothing for ${PATIENCE} ms`);
      throw error instanceof Gone ? error : new Gone(String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}
