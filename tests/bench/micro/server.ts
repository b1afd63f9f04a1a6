/** A server with the standard plugins in this process, and connections to it without a network, for the measurements here. */
import plugins from "../../../plugins/mod.ts";
import { TestCarrier } from "../../../src/testing/carrier.ts";
import { type TestServer, testServer } from "#testing";

const encoder = new TextEncoder();
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const HEADER = "<?xml version='1.0'?><stream:stream to='a.test' version='1.0' xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams'>";

/** Every password is right, so that only what is measured costs time. */
export function benchServer(): Promise<TestServer> {
  const standard = plugins.filter((plugin) => plugin.standard === true && plugin.name !== "fast");
  return testServer({
    plugins: standard,
    config: { limits: { bytes_per_second: "off", stanzas_per_second: "off" } },
  });
}

/** A client that counts the characters it gets and keeps none of them. */
export class Client {
  received = 0;
  readonly #carrier: TestCarrier;

  constructor(private readonly server: TestServer) {
    this.#carrier = new TestCarrier((text) => void (this.received += text.length));
    server.server.accept(this.#carrier);
  }

  say(bytes: Uint8Array): void {
    this.#carrier.feed(bytes);
  }

  async login(local: string, ...then: string[]): Promise<this> {
    const lines = [
      HEADER,
      `<auth xmlns='${SASL}' mechanism='PLAIN'>${btoa(`\0${local}\0secret`)}</auth>`,
      HEADER,
      `<iq type='set' id='b'><bind xmlns='${BIND}'><resource>x</resource></bind></iq>`,
      ...then,
    ];
    for (const line of lines) {
      this.say(encoder.encode(line));
      await this.server.settle();
    }
    return this;
  }
}

/** Runs something many times and prints what one costs: the best of several rounds, since the machine is not ours alone. */
export function time(what: string, each: number, run: () => void): void {
  const rounds = 12;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const times = 400;
    const start = performance.now();
    for (let i = 0; i < times; i++) run();
    best = Math.min(best, (performance.now() - start) / times / each);
  }
  console.log(`${what.padEnd(58)} ${(best * 1e6).toFixed(0).padStart(8)} ns`);
}
