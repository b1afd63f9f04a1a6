/** What has come from the server under test: it is kept until the test asks for it. */
import type { Element } from "../xml/element.ts";
import { STREAM_CLOSE, XmlReader } from "../xml/reader.ts";
import { elementOf, matches } from "./match.ts";

const LIMITS = { stanzaBytes: 16_777_216, depth: 200, attributes: 200 };
const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";

export abstract class Heard {
  /** What has come and was not asked for yet. */
  readonly inbox: Element[] = [];
  /** The server's last stream header. */
  header: Element | undefined;
  /** Whether the server has closed its stream. */
  streamClosed = false;
  readonly #reader = new XmlReader(LIMITS);

  /** Who it is, for what is said when a test fails. */
  protected abstract get name(): string;

  /** The next that comes is a stream header. */
  protected restarted(): void {
    this.#reader.restart(false);
  }

  /** Takes the first thing from the inbox that fits the pattern; fails where nothing does. */
  expect(pattern: string): Element {
    const wanted = elementOf(pattern);
    const at = this.inbox.findIndex((element) => matches(wanted, element));
    if (at < 0) throw new Error(`${this.name} expected\n  ${pattern.trim()}\nbut has\n${this.#listed()}`);
    return this.inbox.splice(at, 1)[0]!;
  }

  /** As `expect`, for the oldest thing in the inbox only. */
  expectNext(pattern: string): Element {
    const first = this.inbox[0];
    if (first === undefined || !matches(elementOf(pattern), first)) {
      throw new Error(`${this.name} expected next\n  ${pattern.trim()}\nbut has\n${this.#listed()}`);
    }
    return this.inbox.shift()!;
  }

  /** Nothing that fits the pattern has come. */
  never(pattern: string): void {
    const unwanted = elementOf(pattern);
    const found = this.inbox.find((element) => matches(unwanted, element));
    if (found !== undefined) throw new Error(`${this.name} did not expect\n  ${found}`);
  }

  /** Nothing is left in the inbox. */
  quiet(): void {
    if (this.inbox.length > 0) throw new Error(`${this.name} expected silence but has\n${this.#listed()}`);
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
    if (!this.streamClosed) throw new Error(`${this.name}: the error was not followed by a closing tag`);
    return error;
  }

  #listed(): string {
    return this.inbox.length === 0 ? "  nothing" : this.inbox.map((element) => `  ${element}`).join("\n");
  }

  /** Bytes from the server. */
  protected hear(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
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
