/** What the tests of XEP-0257 share: certificates, connections that only pretend to have TLS, and requests about them. */
import { equal } from "node:assert/strict";
import { type Element, encodeBase64 } from "#plugin";
import {
  type CarrierOptions,
  type TestClient,
  type TestOptions,
  type TestServer,
  testServer,
} from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { fast } from "../../plugins/auth/fast.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { userCertificates } from "../../plugins/auth/user_certificates.ts";
import { disco } from "../../plugins/service/disco.ts";
import { registration } from "../../plugins/stream/registration.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { issue, type Issued, type Wanted } from "../../src/transport/issue_test_certificate.ts";
import { pretended } from "./pretended_tls.ts";
import { authenticate, bind, FAST, hashedToken, requestToken, success } from "./sasl2_client.ts";

export const NS = "urn:xmpp:saslcert:1";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
export const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const plugins = [internal, userCertificates, disco, registration, adhoc, fast, streamManagement];
export const config = { defaults: { scram_iterations: 4096 } };

export const serve = (options: TestOptions = {}) => testServer({ plugins, config, ...options });

/** A certificate that is valid at the time of test servers. */
export function own(wanted: Wanted = {}): Issued {
  return issue({ from: Date.UTC(2025, 0), until: Date.UTC(2027, 0), ...wanted });
}

/** A connection that shows a certificate. */
export function showing(...chain: Uint8Array[]): CarrierOptions {
  return pretended({ peerCertificate: () => chain });
}

/** The condition of an error, or "result"; gone from the inbox either way. */
export async function ask(client: TestClient, type: string, payload: string): Promise<string> {
  const answer = await answered(client, type, payload);
  const error = answer.child("error");
  return error === undefined ? "result" : error.elements().find((it) => it.ns === STANZAS)!.name;
}

export async function answered(client: TestClient, type: string, payload: string): Promise<Element> {
  const id = crypto.randomUUID();
  await client.send(`<iq type='${type}' id='${id}'>${payload}</iq>`);
  return client.expect(`<iq id='${id}'/>`);
}

export function append(name: string, { der }: { readonly der: Uint8Array }, more = ""): string {
  return `<append xmlns='${NS}'><name>${name}</name>${more}<x509cert>${
    encodeBase64(der)
  }</x509cert></append>`;
}

export const disable = (name: string) => `<disable xmlns='${NS}'><name>${name}</name></disable>`;
export const revoke = (name: string) => `<revoke xmlns='${NS}'><name>${name}</name></revoke>`;
export const LIMITED = "<no-cert-management/>";

/** The names of an account's certificates, each with the resources that use it. */
export async function items(client: TestClient): Promise<Record<string, string[]>> {
  const answer = await answered(client, "get", `<items xmlns='${NS}'/>`);
  equal(answer.attr("type"), "result", String(answer));
  const list = answer.child("items", NS)!.elements();
  return Object.fromEntries(
    list.map((
      item,
    ) => [item.childText("name")!, item.child("users")?.elements().map(({ text }) => text) ?? []]),
  );
}

/** Whether a connection that shows this certificate is offered EXTERNAL. */
export async function offered(server: TestServer, ...chain: Uint8Array[]): Promise<boolean> {
  const client = server.connect(showing(...chain));
  await client.open();
  const mechanisms = client.expect("<stream:features/>").child("mechanisms", SASL)!.elements();
  await client.cut();
  return mechanisms.some(({ text }) => text === "EXTERNAL");
}

/** "success", or the condition of the failure. */
export async function external(client: TestClient, authzid = ""): Promise<string> {
  await client.open();
  client.clear();
  const initial = authzid === "" ? "=" : btoa(authzid);
  await client.send(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>${initial}</auth>`);
  const said = client.inbox.shift()!;
  return said.name === "success" ? "success" : said.first()!.name;
}

/** A session that has logged in with its certificate. */
export async function certified(
  server: TestServer,
  { der }: { readonly der: Uint8Array },
  resource: string,
  authzid = "",
): Promise<TestClient> {
  const client = server.connect(showing(der));
  equal(await external(client, authzid), "success");
  await client.open();
  client.clear();
  await client.send(
    `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
  );
  client.expect("<iq type='result' id='b'/>");
  client.clear();
  return client;
}

/** The token that a device gets with a certificate. */
export async function tokenFor(server: TestServer, { der }: Issued, agent: string): Promise<string> {
  const client = server.connect(showing(der));
  await client.open();
  client.clear();
  await client.send(authenticate({ mechanism: "EXTERNAL", initial: "", agent, beside: requestToken() }));
  const { token } = success(client).child("token", FAST)!.attrs;
  await client.cut();
  return token!;
}

/** A device comes back to alice's account with a token. */
export async function withToken(server: TestServer, token: string, agent: string): Promise<TestClient> {
  const client = server.connect();
  await client.open();
  client.clear();
  await client.send(hashedToken({ username: "alice", token, agent, beside: bind() }));
  return client;
}
