/** What the tests of pubsub share: a service, accounts with services of their own, and short words for what they send and get. */
import {
  type AnyPlugin,
  buildCaps,
  buildDiscoInfo,
  capsVersion,
  type DiscoInfo,
  type Element,
} from "#plugin";
import { type ManualClock, type TestClient, type TestServer, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { pep } from "../../plugins/pubsub/pep.ts";
import { comments, pubsub, pubsubServices } from "../../plugins/pubsub/pubsub.ts";
import { disco } from "../../plugins/service/disco.ts";

export const NS = "http://jabber.org/protocol/pubsub";
export const OWNER = `${NS}#owner`;
export const EVENT = `${NS}#event`;
export const ERRORS = `${NS}#errors`;
export const RSM = "http://jabber.org/protocol/rsm";
export const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const DISCO_INFO = "http://jabber.org/protocol/disco#info";
export const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
export const SERVICE = "pubsub.a.test";
export const ATOM = "http://www.w3.org/2005/Atom";

export const PLUGINS: readonly AnyPlugin[] = [
  roster,
  subscription,
  presence,
  message,
  disco,
  adhoc,
  pubsubServices,
  pubsub,
  comments,
  pep,
];

export interface WorldOptions {
  readonly pubsub?: Record<string, unknown>;
  readonly pep?: Record<string, unknown>;
  readonly config?: Record<string, unknown>;
  readonly plugins?: readonly AnyPlugin[];
  readonly data?: string;
  readonly clock?: ManualClock;
}

export function world(options: WorldOptions = {}): Promise<TestServer> {
  const { pubsub = {}, pep = {}, config = {}, plugins = [], data, clock } = options;
  return testServer({
    plugins: [...PLUGINS, ...plugins],
    config: { server: { admins: ["root@a.test"] }, defaults: { pubsub, pep, ...config } },
    ...(data === undefined ? {} : { data }),
    ...(clock === undefined ? {} : { clock }),
  });
}

export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A form of type submit. */
export function form(about: string, fields: Fields, type = "submit"): string {
  const list = Object.entries(fields).map(([name, value]) => {
    const values = (typeof value === "string" ? [value] : value).map((text) => `<value>${text}</value>`);
    return `<field var='${name}'>${values.join("")}</field>`;
  });
  const hidden = `<field var='FORM_TYPE' type='hidden'><value>${about}</value></field>`;
  return `<x xmlns='jabber:x:data' type='${type}'>${hidden}${list.join("")}</x>`;
}

/** A form about a node's configuration; names are without their prefix. */
export function configForm(fields: Fields, about = `${NS}#node_config`): string {
  return form(about, Object.fromEntries(Object.entries(fields).map(([name, v]) => [`pubsub#${name}`, v])));
}

const ids = { last: 0 };

/** Sends a request and gives the answer, whatever it is. */
export async function ask(
  client: TestClient,
  type: "get" | "set",
  payload: string,
  to: string | undefined = SERVICE,
): Promise<Element> {
  const id = `q${++ids.last}`;
  await client.send(`<iq type='${type}' id='${id}' ${to === "" ? "" : `to='${to}'`}>${payload}</iq>`);
  return client.expect(`<iq id='${id}'/>`);
}

/** Sends a request that succeeds; gives the answer's payload. */
export async function done(
  client: TestClient,
  type: "get" | "set",
  payload: string,
  to: string | undefined = SERVICE,
): Promise<Element | undefined> {
  const answer = await ask(client, type, payload, to);
  if (answer.attr("type") !== "result") throw new Error(`expected a result but got\n  ${answer}`);
  return answer.first();
}

/** Sends a request that is refused, with this condition and (where given) this one of pubsub's own. */
export async function refused(
  client: TestClient,
  type: "get" | "set",
  payload: string,
  condition: string,
  own?: string,
  to: string | undefined = SERVICE,
): Promise<Element> {
  const answer = await ask(client, type, payload, to);
  const error = answer.child("error");
  const said = error?.has(condition, STANZAS) === true && (own === undefined || error.has(own, ERRORS));
  if (!said) throw new Error(`expected ${condition} ${own ?? ""} but got\n  ${answer}`);
  return error!;
}

export const pubsubOf = (inner: string): string => `<pubsub xmlns='${NS}'>${inner}</pubsub>`;
export const ownerOf = (inner: string): string => `<pubsub xmlns='${OWNER}'>${inner}</pubsub>`;

export function create(client: TestClient, node: string, fields?: Fields, to = SERVICE) {
  const configure = fields === undefined ? "" : `<configure>${configForm(fields)}</configure>`;
  return done(client, "set", pubsubOf(`<create node='${node}'/>${configure}`), to);
}

export const entry = (title: string): string => `<entry xmlns='${ATOM}'><title>${title}</title></entry>`;

export function publishing(
  node: string,
  id: string | undefined,
  payload = entry("x"),
  options?: Fields,
): string {
  const item = `<item${id === undefined ? "" : ` id='${id}'`}>${payload}</item>`;
  const wanted = options === undefined
    ? ""
    : `<publish-options>${configForm(options, `${NS}#publish-options`)}</publish-options>`;
  return pubsubOf(`<publish node='${node}'>${item}</publish>${wanted}`);
}

export function publish(client: TestClient, node: string, id?: string, payload?: string, to = SERVICE) {
  return done(client, "set", publishing(node, id, payload), to);
}

/**
 * As Conversations, Dino and Gajim do it: publish with options; where the node is another one already, change what it is like by
 * its form, and publish again.
 */
export async function publishAs(
  client: TestClient,
  node: string,
  id: string,
  payload: string,
  options: Fields,
) {
  const answer = await ask(client, "set", publishing(node, id, payload, options), "");
  if (answer.attr("type") === "result") return "published";
  const error = answer.child("error")!;
  if (!error.has("conflict", STANZAS) || !error.has("precondition-not-met", ERRORS)) {
    throw new Error(`${answer}`);
  }
  await done(client, "get", ownerOf(`<configure node='${node}'/>`), "");
  await done(client, "set", ownerOf(`<configure node='${node}'>${configForm(options)}</configure>`), "");
  await done(client, "set", publishing(node, id, payload, options), "");
  return "configured";
}

export function subscribe(client: TestClient, node: string, to = SERVICE, jid = String(client.jid!.bare)) {
  return done(client, "set", pubsubOf(`<subscribe node='${node}' jid='${jid}'/>`), to);
}

export function affiliate(client: TestClient, node: string, jid: string, affiliation: string, to = SERVICE) {
  const one = `<affiliation jid='${jid}' affiliation='${affiliation}'/>`;
  return done(client, "set", ownerOf(`<affiliations node='${node}'>${one}</affiliations>`), to);
}

/** Items of a node: their ids, in order. */
export async function itemIds(
  client: TestClient,
  node: string,
  attrs = "",
  more = "",
  to = SERVICE,
): Promise<string[]> {
  const answer = await done(client, "get", pubsubOf(`<items node='${node}' ${attrs}/>${more}`), to);
  return answer!.child("items")!.elements().map((item) => item.attr("id")!);
}

/** The events that have come, as short texts; the inbox is empty then. */
export function events(client: TestClient): string[] {
  const told = client.inbox.flatMap((stanza) => {
    const event = stanza.child("event", EVENT)?.first();
    if (event === undefined) return [];
    const items = event.elements().filter(({ name }) => name === "item" || name === "retract");
    const inner = event.name === "items"
      ? items.map((it) => `${it.name} ${it.attr("id")}${it.first() === undefined ? "" : "+"}`)
      : [event.attr("subscription") ?? ""];
    return [[event.name, event.attr("node"), ...inner].join(" ").trim()];
  });
  client.clear();
  return told;
}

/** Makes two accounts see each other's presence. */
export async function befriend(one: TestClient, other: TestClient): Promise<void> {
  const [a, b] = [String(one.jid!.bare), String(other.jid!.bare)];
  await one.send(`<presence to='${b}' type='subscribe'/>`);
  await other.send(`<presence to='${a}' type='subscribed'/>`);
  await other.send(`<presence to='${a}' type='subscribe'/>`);
  await one.send(`<presence to='${b}' type='subscribed'/>`);
  one.clear();
  other.clear();
}

export function infoOf(nodes: readonly string[]): DiscoInfo {
  return {
    identities: [{ category: "client", type: "pc", name: "Test" }],
    features: nodes.map((node) => `${node}+notify`),
    forms: [],
  };
}

/** Says that one is there and wants to be told of these nodes; answers when asked. */
export async function wants(client: TestClient, nodes: readonly string[]): Promise<void> {
  const info = infoOf(nodes);
  const version = capsVersion(info);
  await client.send(`<presence>${buildCaps("http://test", version)}</presence>`);
  const at = client.inbox.findIndex((it) => it.name === "iq" && it.attr("type") === "get");
  if (at < 0) return;
  const [query] = client.inbox.splice(at, 1);
  const answer = buildDiscoInfo(info, `http://test#${version}`);
  await client.send(`<iq type='result' id='${query!.attr("id")}' to='${query!.attr("from")}'>${answer}</iq>`);
}
