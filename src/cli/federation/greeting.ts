/** The first words with another server: its stream header and features, TLS in between where it is not there already. */
import type { Clock } from "../../base/clock.ts";
import { bounded } from "../../dns/bounded.ts";
import { asciiDomain } from "../../jid/domain.ts";
import { addressLiteral } from "../../remote/resolve.ts";
import type { Sink } from "../../transport/carrier.ts";
import type { OutgoingCarrier } from "../../transport/connect.ts";
import type { Element } from "../../xml/element.ts";
import { escapeAttr } from "../../xml/escape.ts";
import { STREAM_CLOSE, XmlReader } from "../../xml/reader.ts";

const STREAMS_NS = "http://etherx.jabber.org/streams";
const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";
const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";

const LIMITS = { stanzaBytes: 65_536, depth: 20, attributes: 50 };
const PATIENCE_MS = 10_000;

/** Who speaks to whom. */
export interface Parties {
  readonly domain: string;
  /** "" leaves it out. */
  readonly from: string;
  readonly clock: Clock;
}

/** Takes a connection to TLS if it can be; what the other side offers then. Rejects with what it did instead. */
export async function greet(carrier: OutgoingCarrier, parties: Parties): Promise<readonly string[]> {
  const { ear, features } = await open(carrier, parties);
  if (carrier.tls !== undefined || !features.has("starttls", TLS_NS)) return offersOf(features);
  carrier.write(`<starttls xmlns='${TLS_NS}'/>`);
  const { name, ns } = await ear.next();
  if (name !== "proceed" || ns !== TLS_NS) throw new Error(`it answered STARTTLS with <${name}/>`);
  await carrier.secure({ servername: addressLiteral(parties.domain) ?? asciiDomain(parties.domain) });
  return offersOf((await open(carrier, parties)).features);
}

/** Opens a stream; the features of the other side, and who hears what it says next. */
async function open(carrier: OutgoingCarrier, parties: Parties): Promise<{ ear: Ear; features: Element }> {
  const { domain, from, clock } = parties;
  const ear = new Ear(clock);
  carrier.attach(ear);
  carrier.write(
    `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='${STREAMS_NS}' ` +
      `xmlns:db='jabber:server:dialback' version='1.0' to='${escapeAttr(domain)}'` +
      `${from === "" ? "" : ` from='${escapeAttr(from)}'`}>`,
  );
  const header = await ear.next();
  if (header.name !== "stream" || header.ns !== STREAMS_NS) {
    throw new Error(`it answered with <${header.name}/>`);
  }
  if (header.attr("version") === undefined) throw new Error("it speaks Jabber from before XMPP 1.0");
  const features = await ear.next();
  if (features.name === "features" && features.ns === STREAMS_NS) return { ear, features };
  throw new Error(`it answered with <${features.name}/> in the place of its features`);
}

/** Names of features, and of SASL mechanisms. */
function offersOf(features: Element): string[] {
  return features.elements().flatMap((it) =>
    it.ns === SASL_NS && it.name === "mechanisms"
      ? it.elements().map((mechanism) => `SASL ${mechanism.text.slice(0, 40)}`)
      : [it.name.slice(0, 40)]
  );
}

/** Hears elements, one after another. */
class Ear implements Sink {
  readonly #clock: Clock;
  readonly #reader = new XmlReader(LIMITS);
  readonly #heard: Element[] = [];
  #fault: Error | undefined;
  #listener: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next element; a stream error, an end and silence are errors. */
  next(): Promise<Element> {
    const late = () => new Error(`it said nothing for ${PATIENCE_MS / 1000} s`);
    return bounded<Element>({ clock: this.#clock, timeoutMs: PATIENCE_MS, late }, (done, failed) => {
      const look = () => {
        const element = this.#heard.shift();
        if (element === undefined) return this.#fault === undefined ? undefined : failed(this.#fault);
        if (element.name !== "error" || element.ns !== STREAMS_NS) return done(element);
        const text = element.elements().find(({ name }) => name === "text")?.text;
        const condition = element.first()?.name ?? "undefined-condition";
        failed(new Error(`it refused: ${condition}${text === undefined ? "" : ` (${text.slice(0, 200)})`}`));
      };
      this.#listener = look;
      look();
      return () => this.#listener = undefined;
    });
  }

  bytes(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
    try {
      for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) {
        if (next === STREAM_CLOSE) return this.closed(new Error("it closed the stream"));
        this.#heard.push(next.detached());
      }
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#listener?.();
  }

  drained(): void {}

  closed(error?: Error): void {
    this.#fault ??= error ?? new Error("it closed the connection");
    this.#listener?.();
  }
}
