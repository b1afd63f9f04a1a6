/** A client that speaks XMPP over something of the web: it sends what the test says and waits for what it expects. */
import { elementOf, matches } from "#testing";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import type { Element } from "../../src/xml/element.ts";
import { soon } from "../server/rig.ts";

const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND_NS = "urn:ietf:params:xml:ns:xmpp-bind";
const SM_NS = "urn:xmpp:sm:3";
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";

export abstract class Talker {
  /** What has come and was not asked for yet. */
  readonly inbox: Element[] = [];
  jid = "";
  #waiting: (() => void)[] = [];
  #gone = false;

  constructor(readonly domain: string) {}

  /** Sends one element, with its namespace. */
  abstract send(xml: string): void;
  /** Opens a stream, or a new one after the login. */
  abstract open(): Promise<Element>;

  async authenticate(local: string, password: string): Promise<void> {
    await this.open();
    const initial = encodeBase64(encodeUtf8(`\0${local}\0${password}`));
    this.send(`<auth xmlns='${SASL_NS}' mechanism='PLAIN'>${initial}</auth>`);
    await this.expect(`<success xmlns='${SASL_NS}'/>`);
    await this.open();
  }

  async bind(resource: string): Promise<void> {
    this.send(
      `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='${BIND_NS}'><resource>${resource}</resource></bind></iq>`,
    );
    const bound = await this.expect(
      `<iq type='result' id='bind'><bind xmlns='${BIND_NS}'><jid>*</jid></bind></iq>`,
    );
    this.jid = bound.child("bind", BIND_NS)!.childText("jid")!;
  }

  /** Bound, with presence. */
  async online(local: string, password: string, resource: string): Promise<this> {
    await this.authenticate(local, password);
    await this.bind(resource);
    this.send("<presence xmlns='jabber:client'/>");
    await this.expect(`<presence from='${this.jid}'/>`);
    return this;
  }

  async enableManagement(): Promise<string> {
    this.send(`<enable xmlns='${SM_NS}' resume='true'/>`);
    const enabled = await this.expect(`<enabled xmlns='${SM_NS}' resume='true' id='*'/>`);
    return enabled.attr("id")!;
  }

  async resume(id: string, handled: number): Promise<void> {
    this.send(`<resume xmlns='${SM_NS}' previd='${id}' h='${handled}'/>`);
    await this.expect(`<resumed xmlns='${SM_NS}' previd='${id}'/>`);
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

  async expectError(condition: string): Promise<void> {
    await this.expect(`<stream:error><${condition} xmlns='${STREAMS}'/></stream:error>`);
  }

  /** A round trip: the session lives, and everything sent before was dealt with. */
  async ping(): Promise<void> {
    const id = crypto.randomUUID();
    this.send(
      `<iq xmlns='jabber:client' type='get' id='${id}' to='${this.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`,
    );
    await this.expect(`<iq id='${id}' type='result'/>`);
  }

  /** For subclasses: something has come, or the connection is gone. */
  protected heard(...elements: Element[]): void {
    this.inbox.push(...elements);
    this.#wake();
  }

  protected ended(): void {
    this.#gone = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
