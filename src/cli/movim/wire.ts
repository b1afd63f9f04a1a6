/** A client's session on a server, for a check: it asks, waits for what must come, and answers what clients are asked. */
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { randomId } from "../../base/id.ts";
import type { Wheel } from "../../base/wheel.ts";
import { bounded } from "../../dns/bounded.ts";
import { asciiDomain } from "../../jid/domain.ts";
import type { Jid } from "../../jid/jid.ts";
import { buildCaps, capsVersion } from "../../proto/caps.ts";
import { buildDiscoInfo, type DiscoInfo } from "../../proto/disco.ts";
import type { Sink } from "../../transport/carrier.ts";
import { connectTcp, type OutgoingCarrier } from "../../transport/connect.ts";
import { el, type Element } from "../../xml/element.ts";
import { escapeAttr } from "../../xml/escape.ts";
import { CONTENT_NS } from "../../xml/names.ts";
import { STREAM_CLOSE, XmlReader } from "../../xml/reader.ts";
import { ScramClient } from "./scram.ts";

const STREAMS_NS = "http://etherx.jabber.org/streams";
const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";
const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND_NS = "urn:ietf:params:xml:ns:xmpp-bind";
const INFO_NS = "http://jabber.org/protocol/disco#info";
const CAPS_NODE = "https://metronome.im/check";
/** Stands among what was heard for the question that was answered. */
const ASKED = el("asked", "urn:metronome:check");
const LIMITS = { stanzaBytes: 1 << 20, depth: 100, attributes: 100 };
/** Milliseconds of silence after which a server has no answer. */
const PATIENCE_MS = 10_000;
const ASKED_MS = 3_000;

export interface WireGround {
  readonly clock: Clock;
  readonly wheel: Wheel;
}

/** Where the server is. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
  readonly direct: boolean;
}

export class Wire implements Sink {
  /** The features before the login, and after it. */
  offered: Element | undefined;
  bound: Element | undefined;
  jid = "";
  #reader = new XmlReader(LIMITS);
  readonly #heard: Element[] = [];
  #fault: Error | undefined;
  #info: DiscoInfo | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(private readonly carrier: OutgoingCarrier, private readonly ground: WireGround) {}

  static async connect(address: Address, account: Jid, ground: WireGround): Promise<Wire> {
    const carrier = await connectTcp({ ...address, wheel: ground.wheel });
    const wire = new Wire(carrier, ground);
    try {
      const servername = asciiDomain(account.domain);
      if (address.direct) await carrier.secure({ servername, alpn: ["xmpp-client"] });
      let features = await wire.#open(account.domain);
      if (carrier.tls === undefined && features.has("starttls", TLS_NS)) {
        wire.#send(`<starttls xmlns='${TLS_NS}'/>`);
        await wire.expect(({ name, ns }) => name === "proceed" && ns === TLS_NS, "STARTTLS");
        await carrier.secure({ servername });
        features = await wire.#open(account.domain);
      }
      wire.offered = features;
      return wire;
    } catch (error) {
      carrier.destroy();
      throw error;
    }
  }

  /** The version of TLS; undefined where there is none. */
  get tls(): string | undefined {
    return this.carrier.tls?.version;
  }

  get mechanisms(): readonly string[] {
    return this.offered?.child("mechanisms", SASL_NS)?.elements().map(({ text }) => text) ?? [];
  }

  async login(account: Jid, password: string): Promise<void> {
    const scram = new ScramClient(password, account.local, randomId(18));
    this.#send(
      `<auth xmlns='${SASL_NS}' mechanism='SCRAM-SHA-1'>${encodeBase64(encodeUtf8(scram.first()))}</auth>`,
    );
    const response = await scram.final(textOf(await this.#sasl("challenge")));
    this.#send(`<response xmlns='${SASL_NS}'>${encodeBase64(encodeUtf8(response))}</response>`);
    if (!scram.isProved(textOf(await this.#sasl("success")))) {
      throw new Error("it does not know the password itself: this is another server");
    }
    this.bound = await this.#open(account.domain);
    const answer = await this.ask("set", el("bind", BIND_NS));
    this.jid = answer.child("bind", BIND_NS)?.childText("jid") ?? "";
    if (this.jid === "") throw new Error("it bound no address to the session");
  }

  /** Comes online with a client that wants to be told of these nodes; resolves when the server has asked what they are. */
  async wants(...nodes: readonly string[]): Promise<void> {
    const info: DiscoInfo = {
      identities: [{ category: "client", type: "pc", name: "check" }],
      features: [INFO_NS, ...nodes.map((node) => `${node}+notify`)],
      forms: [],
    };
    this.#info = info;
    const presence = el("presence", CONTENT_NS, {}, [buildCaps(CAPS_NODE, capsVersion(info))]);
    this.#send(presence.toString());
    // Nobody can know these capabilities: nodes of a check have names of their own.
    await this.expect((it) => it === ASKED, "a question about capabilities", ASKED_MS).catch(() => {});
    // A round trip: what was answered has been understood.
    await this.ask("get", el("ping", "urn:xmpp:ping"));
  }

  /** Sends a request; gives the answer, which may be an error. */
  async ask(type: "get" | "set", payload: Element, to?: string): Promise<Element> {
    const id = randomId(9);
    this.#send(el("iq", CONTENT_NS, { type, id, to }, [payload]).toString());
    return await this.expect(
      (it) => it.name === "iq" && it.attr("id") === id,
      `<${payload.name}/> ${to ?? ""}`,
    );
  }

  /** The first element that fits, now or when it comes. Rejects where it does not. */
  expect(fits: (element: Element) => boolean, what: string, timeoutMs = PATIENCE_MS): Promise<Element> {
    const late = () => new Error(`${what.trim()}: nothing came within ${timeoutMs / 1000} s`);
    return bounded<Element>({ clock: this.ground.clock, timeoutMs, late }, (done, failed) => {
      const look = () => {
        const at = this.#heard.findIndex(fits);
        if (at >= 0) done(this.#heard.splice(at, 1)[0]!);
        else if (this.#fault !== undefined) failed(this.#fault);
      };
      this.#waiting.add(look);
      look();
      return () => this.#waiting.delete(look);
    });
  }

  close(): void {
    this.carrier.write("</stream:stream>");
    this.carrier.end();
  }

  async #open(domain: string): Promise<Element> {
    this.#reader = new XmlReader(LIMITS);
    this.carrier.attach(this);
    this.#send(
      `<?xml version='1.0'?><stream:stream xmlns='${CONTENT_NS}' xmlns:stream='${STREAMS_NS}' version='1.0' to='${
        escapeAttr(domain)
      }'>`,
    );
    return await this.expect(({ name, ns }) => name === "features" && ns === STREAMS_NS, "the stream");
  }

  async #sasl(name: string): Promise<Element> {
    const answer = await this.expect(({ ns }) => ns === SASL_NS, "the login");
    if (answer.name === name) return answer;
    const condition = answer.first()?.name ?? answer.name;
    throw new Error(`the login failed: ${condition}`);
  }

  #send(text: string): void {
    this.carrier.write(text);
  }

  bytes(chunk: Uint8Array): void {
    try {
      this.#reader.feed(chunk);
      for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) {
        if (next === STREAM_CLOSE) this.#fault ??= new Error("it closed the stream");
        else this.#hear(next.detached());
      }
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    }
    for (const look of [...this.#waiting]) look();
  }

  #hear(element: Element): void {
    const { name, ns } = element;
    if (name === "error" && ns === STREAMS_NS) {
      this.#fault ??= new Error(`it ended the stream: ${element.first()?.name ?? "undefined-condition"}`);
    } else if (name === "iq" && ["get", "set"].includes(element.attr("type") ?? "")) this.#answer(element);
    else if (name !== "presence") this.#heard.push(element);
  }

  /** What every client is asked: what it can do, and whether it is still there. */
  #answer(iq: Element): void {
    const [from, id, query] = [iq.attr("from"), iq.attr("id"), iq.first()];
    const isInfo = query?.ns === INFO_NS && this.#info !== undefined;
    const payload = isInfo ? [buildDiscoInfo(this.#info!, query.attr("node"))] : [];
    this.#send(el("iq", CONTENT_NS, { type: "result", to: from, id }, payload).toString());
    if (isInfo) this.#heard.push(ASKED);
  }

  drained(): void {}

  closed(error?: Error): void {
    this.#fault ??= error ?? new Error("it closed the connection");
    for (const look of [...this.#waiting]) look();
  }
}

function textOf({ text }: Element): string {
  return decodeUtf8(decodeBase64(text.trim()) ?? new Uint8Array());
}
