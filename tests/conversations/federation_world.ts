/** What the conversations about federation share: servers in a network of the test, and the plugins that they have. */
import { testCertificate, TestNetwork, type TestServer, testServer } from "#testing";
import all from "../../plugins/mod.ts";

const NAMES = new Set([
  "federation",
  "message",
  "presence",
  "roster",
  "subscription",
  "ping",
  "disco",
  "privateStorage",
]);

/** Enough for people to talk. */
export const plugins = all.filter((plugin) => NAMES.has(plugin.name));

export const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";
export const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";
export const BIDI = `<bidi xmlns='urn:xmpp:features:bidi'/>`;
export const STARTTLS = `<starttls xmlns='${TLS_NS}'><required/></starttls>`;
export const EXTERNAL = `<mechanisms xmlns='${SASL_NS}'><mechanism>EXTERNAL</mechanism></mechanisms>`;
export const DIALBACK = `<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>`;
export const SM = `<sm xmlns='urn:xmpp:sm:3'/>`;

/** Signed by somebody whom all believe, and by nobody. */
export const trusted = (...names: string[]) => testCertificate({ names });
export const untrusted = (...names: string[]) => testCertificate({ names, trusted: false });

/** A server in a network of its own, with its federation's options. */
export async function alone(
  federation: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Promise<[TestServer, TestNetwork]> {
  const network = new TestNetwork();
  const config = { defaults: { federation }, ...more };
  return [await testServer({ plugins, network, config }), network];
}

/** Two servers in one network. */
export async function pair(
  a: Record<string, unknown> = {},
  b: Record<string, unknown> = {},
): Promise<[TestNetwork, TestServer, TestServer]> {
  const network = new TestNetwork();
  const started = ([host, federation]: [string, Record<string, unknown>]) => {
    const limits = { stanzas_per_second: "off", bytes_per_second: "off", ping_after: "off" };
    return testServer({ host, plugins, network, config: { defaults: { federation }, limits } });
  };
  const one = await started(["a.test", a]);
  const two = await started(["b.test", b]);
  return [network, one, two];
}

/** The error that answers a stanza. */
export function error(kind: string, from: string, condition: string, type = "*"): string {
  return `<${kind} from='${from}' type='error'><error type='${type}'>` +
    `<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></${kind}>`;
}

/** A dialback error. */
export function dialbackError(
  kind: "result" | "verify",
  attributes: string,
  condition: string,
  type = "*",
): string {
  return `<db:${kind} ${attributes} type='error'><error type='${type}'>` +
    `<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:${kind}>`;
}
