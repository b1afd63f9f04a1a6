/** What the tests of rooms share: a coven of three witches, and short words for what they send and get. */
import { type AnyPlugin, type Element, randomId } from "#plugin";
import { type ManualClock, type TestClient, type TestServer, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { hats } from "../../plugins/muc/hats.ts";
import { muc } from "../../plugins/muc/muc.ts";
import { disco } from "../../plugins/service/disco.ts";

export const MUC = "http://jabber.org/protocol/muc";
export const USER = `${MUC}#user`;
export const ADMIN = `${MUC}#admin`;
export const OWNER = `${MUC}#owner`;
export const CONFIG = `${MUC}#roomconfig`;
export const INFO = `${MUC}#roominfo`;
export const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const DISCO_INFO = "http://jabber.org/protocol/disco#info";
export const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
export const ROOM = "coven@muc.a.test";

export const PLUGINS: readonly AnyPlugin[] = [roster, presence, message, disco, adhoc, muc, hats];

export interface WorldOptions {
  /** The options of the service. */
  readonly muc?: Record<string, unknown>;
  /** Those of other plugins, by their names. */
  readonly defaults?: Record<string, unknown>;
  readonly plugins?: readonly AnyPlugin[];
  readonly data?: string;
  readonly clock?: ManualClock;
}

/** Nobody is asked whether they are there: these tests let hours pass. */
export function configOf(
  muc: Record<string, unknown> = {},
  defaults: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    server: { admins: ["root@a.test"] },
    limits: { ping_after: "off" },
    defaults: { ...defaults, muc },
  };
}

export function world(options: WorldOptions = {}): Promise<TestServer> {
  const { muc = {}, defaults = {}, plugins = [], data, clock } = options;
  return testServer({
    plugins: [...PLUGINS, ...plugins],
    config: configOf(muc, defaults),
    ...(data === undefined ? {} : { data }),
    ...(clock === undefined ? {} : { clock }),
  });
}

export interface Coven extends AsyncDisposable {
  readonly server: TestServer;
  /** The owner: a moderator. */
  readonly crone: TestClient;
  /** Nobody special: participants. */
  readonly wicca: TestClient;
  readonly hag: TestClient;
}

/** crone1 (owner, "firstwitch"), wiccarocks ("secondwitch") and hag66 ("thirdwitch") are in the room; inboxes are empty. */
export async function coven(options: WorldOptions & { readonly fields?: Fields } = {}): Promise<Coven> {
  const server = await world(options);
  const [crone, wicca, hag] = await server.online("crone1/desktop", "wiccarocks/laptop", "hag66/pda");
  await create(crone, "firstwitch", options.fields);
  await enter(wicca, "secondwitch");
  await enter(hag, "thirdwitch");
  quietly(crone, wicca, hag);
  return { server, crone, wicca, hag, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export function quietly(...clients: TestClient[]): void {
  for (const client of clients) client.clear();
}

/** Enters, and gives the presence of oneself. */
export async function enter(client: TestClient, nick: string, inner = "", room = ROOM): Promise<Element> {
  await client.send(`<presence to='${room}/${nick}'><x xmlns='${MUC}'>${inner}</x></presence>`);
  return client.expect(
    `<presence from='${room}/${nick}'><x xmlns='${USER}'><status code='110'/></x></presence>`,
  );
}

/** Makes a room and configures it. */
export async function create(
  client: TestClient,
  nick: string,
  fields: Fields = {},
  room = ROOM,
): Promise<void> {
  await enter(client, nick, "", room);
  await configure(client, fields, room);
  client.clear();
}

export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A form of muc#roomconfig; names without a namespace get its own. */
export function form(fields: Fields = {}, type = "submit", about = CONFIG): string {
  const one = ([name, values]: [string, string | readonly string[]]): string => {
    const name_ = /[#{:-]/.test(name) || name === "allow_query_users" ? name : `muc#roomconfig_${name}`;
    return `<field var='${name_}'>${
      [values].flat().map((value) => `<value>${value}</value>`).join("")
    }</field>`;
  };
  const head = Object.keys(fields).length === 0
    ? ""
    : `<field var='FORM_TYPE' type='hidden'><value>${about}</value></field>`;
  return `<x xmlns='jabber:x:data' type='${type}'>${head}${Object.entries(fields).map(one).join("")}</x>`;
}

/** Sends a request and gives its result's payload. */
export async function ask(
  client: TestClient,
  type: "get" | "set",
  payload: string,
  to = ROOM,
): Promise<Element | undefined> {
  const id = randomId(6);
  await client.send(`<iq type='${type}' id='${id}' to='${to}'>${payload}</iq>`);
  return client.expect(`<iq type='result' id='${id}' from='${to}'/>`).first();
}

/** Sends a request that is refused. */
export async function refused(
  client: TestClient,
  type: "get" | "set",
  payload: string,
  condition: string,
  errorType: string,
  to = ROOM,
): Promise<Element> {
  const id = randomId(6);
  await client.send(`<iq type='${type}' id='${id}' to='${to}'>${payload}</iq>`);
  return client.expect(
    `<iq type='error' id='${id}' from='${to}'><error type='${errorType}'><${condition} xmlns='${STANZAS}'/></error></iq>`,
  );
}

export function configure(
  client: TestClient,
  fields: Fields = {},
  room = ROOM,
): Promise<Element | undefined> {
  return ask(client, "set", `<query xmlns='${OWNER}'>${form(fields)}</query>`, room);
}

export const owner = (inner = ""): string => `<query xmlns='${OWNER}'>${inner}</query>`;
export const admin = (items: string): string => `<query xmlns='${ADMIN}'>${items}</query>`;

/** The pattern of what a room says of an occupant. */
export function says(item: string, ...codes: number[]): string {
  return `<x xmlns='${USER}'><item ${item}/>${codes.map((code) => `<status code='${code}'/>`).join("")}</x>`;
}

export function error(condition: string, type: string): string {
  return `<error type='${type}'><${condition} xmlns='${STANZAS}'/></error>`;
}

/** The status codes in a stanza, sorted. */
export function codesOf(stanza: Element): number[] {
  const x = stanza.child("x", USER);
  return (x?.elements() ?? []).filter(({ name }) => name === "status").map((it) => Number(it.attr("code")))
    .sort((a, b) => a - b);
}

/** The values of a field in the configuration form. */
export async function valuesOf(client: TestClient, name: string, room = ROOM): Promise<string[] | undefined> {
  const query = await ask(client, "get", owner(), room);
  const fields = query!.child("x", "jabber:x:data")!.elements();
  const found = fields.find((it) => it.attr("var") === (/[#{]/.test(name) ? name : `muc#roomconfig_${name}`));
  return found?.elements().filter((it) => it.name === "value").map((it) => it.text);
}

/** The stanzas in an inbox, in short: to check an order. */
export function inboxOf(client: TestClient): string[] {
  return client.inbox.map((it) => {
    const what = it.name === "message"
      ? it.childText("body") ?? `subject:${it.childText("subject")}`
      : "presence";
    return `${it.attr("from")?.split("/")[1] ?? ""}:${what}`;
  });
}
