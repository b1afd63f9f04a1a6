/** The client's side of XEP-0388, XEP-0386 and XEP-0484, written for tests from the XEPs alone. */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Element } from "#plugin";
import type { CarrierOptions, TestClient, TestServer } from "#testing";
import { pretended } from "./pretended_tls.ts";
import { base64 } from "./scram_client.ts";

export const SASL2 = "urn:xmpp:sasl:2";
export const BIND2 = "urn:xmpp:bind:0";
export const FAST = "urn:xmpp:fast:0";
export const SM = "urn:xmpp:sm:3";
export const PHONE = "d4565fa7-4d72-4749-b3d3-740edbf87770";
export const LAPTOP = "0b1f0e5a-9d39-4c8e-8a87-6f1f1b3a2f10";
export const END_POINT = new Uint8Array(32).fill(7);

/** A connection whose certificate can be bound to. */
export function bound(): CarrierOptions {
  return pretended({ bindings: new Map([["tls-server-end-point", END_POINT] as const]) });
}

export function header(from?: string, to = "a.test"): string {
  const said = from === undefined ? "" : ` from='${from}'`;
  return `<?xml version='1.0'?><stream:stream${said} to='${to}' version='1.0' xmlns='jabber:client' ` +
    `xmlns:stream='http://etherx.jabber.org/streams'>`;
}

/** A new connection with an open stream, and what it is offered. */
export async function opened(
  server: TestServer,
  options?: CarrierOptions,
  from?: string,
): Promise<{ client: TestClient; offered: Element }> {
  const client = server.connect(options);
  await client.send(header(from));
  const features = client.expectNext("<stream:features/>");
  return { client, offered: features.child("authentication", SASL2)! };
}

export interface Authenticate {
  readonly mechanism: string;
  /** In base64; undefined leaves the element out. */
  readonly initial?: string | undefined;
  readonly agent?: string | undefined;
  /** More children, as text. */
  readonly beside?: string;
}

export function authenticate({ mechanism, initial, agent = PHONE, beside = "" }: Authenticate): string {
  const response = initial === undefined ? "" : `<initial-response>${initial}</initial-response>`;
  const client = agent === ""
    ? ""
    : `<user-agent id='${agent}'><software>AwesomeXMPP</software><device>Kiva's Phone</device></user-agent>`;
  return `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'>${response}${client}${beside}</authenticate>`;
}

export function plain(username: string, password: string, more: Partial<Authenticate> = {}): string {
  return authenticate({ mechanism: "PLAIN", initial: base64(`\0${username}\0${password}`), ...more });
}

export function answer(text: string): string {
  return `<response xmlns='${SASL2}'>${text}</response>`;
}

export interface HashedToken {
  readonly username: string;
  readonly token: string;
  readonly mechanism?: string;
  readonly binding?: Uint8Array | undefined;
  /** Attributes of `<fast/>`, as text. */
  readonly fast?: string;
  readonly agent?: string | undefined;
  readonly beside?: string;
}

/** A login with a token. */
export function hashedToken(login: HashedToken): string {
  const { username, token, mechanism = "HT-SHA-256-NONE", fast = "", agent, beside = "" } = login;
  const proof = hmac(token, "Initiator", login.binding);
  const initial = Buffer.concat([Buffer.from(`${username}\0`), proof]).toString("base64");
  return authenticate({ mechanism, initial, agent, beside: `<fast xmlns='${FAST}' ${fast}/>${beside}` });
}

/** What the server proves that it has the token with. */
export function responder(token: string, binding?: Uint8Array): string {
  return hmac(token, "Responder", binding).toString("base64");
}

function hmac(token: string, who: string, binding: Uint8Array = new Uint8Array(0)): Buffer {
  return createHmac("sha256", token).update(who).update(binding).digest();
}

export function requestToken(mechanism = "HT-SHA-256-NONE"): string {
  return `<request-token xmlns='${FAST}' mechanism='${mechanism}'/>`;
}

export function bind(tag?: string, inside = ""): string {
  return `<bind xmlns='${BIND2}'>${tag === undefined ? "" : `<tag>${tag}</tag>`}${inside}</bind>`;
}

export function success(client: TestClient): Element {
  return client.expectNext(`<success xmlns='${SASL2}'/>`);
}

export function failure(client: TestClient, condition: string): Element {
  return client.expectNext(
    `<failure xmlns='${SASL2}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>`,
  );
}

/** The address that a success names. */
export function named(said: Element): string {
  return said.childText("authorization-identifier")!;
}
