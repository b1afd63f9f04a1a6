/** What the conversations about privacy lists share: the plugins, the lists of the XEP, and short ways to say things. */
import { type AnyPlugin } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { privacyLists } from "../../plugins/privacy/privacy_lists.ts";
import { disco } from "../../plugins/service/disco.ts";
import { version } from "../../plugins/service/version.ts";

export const NS = "jabber:iq:privacy";
export const BLOCKING = "urn:xmpp:blocking";
export const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const PLUGINS = [
  blocking,
  privacyLists,
  roster,
  presence,
  subscription,
  message,
  offline,
  disco,
  version,
] as readonly AnyPlugin[];

export const server = (options = {}) => testServer({ host: "example.net", plugins: PLUGINS, ...options });

export const error = (condition: string, type = "cancel") =>
  `<error type='${type}'><${condition} xmlns='${STANZAS}'/></error>`;
export const MISSING = error("item-not-found");
export const CONFLICT = error("conflict");
export const BAD = error("bad-request", "modify");
export const UNAVAILABLE = error("service-unavailable");
export const KEPT_BACK = error("not-acceptable");

export async function ask(client: TestClient, type: "get" | "set", content: string): Promise<string> {
  await client.send(`<iq type='${type}' id='q'><query xmlns='${NS}'>${content}</query></iq>`);
  const answer = client.expect("<iq id='q'/>");
  return answer.attr("type") === "result" ? answer.first()?.toString() ?? "" : answer.toString();
}

export async function set(client: TestClient, content: string): Promise<void> {
  await client.send(`<iq type='set' id='q'><query xmlns='${NS}'>${content}</query></iq>`);
  client.expect("<iq type='result' id='q'/>");
}

export async function fails(
  client: TestClient,
  type: "get" | "set",
  content: string,
  error: string,
): Promise<void> {
  await client.send(`<iq type='${type}' id='q'><query xmlns='${NS}'>${content}</query></iq>`);
  client.expect(`<iq type='error' id='q'>${error}</iq>`);
}

export const list = (name: string, ...items: string[]) => `<list name='${name}'>${items.join("")}</list>`;
export const item = (attrs: string, kinds = "") => `<item ${attrs}>${kinds}</item>`;
export const PUBLIC = list(
  "public",
  item("type='jid' value='tybalt@example.com' action='deny' order='1'"),
  item("action='allow' order='2'"),
);
export const PRIVATE = list(
  "private",
  item("type='subscription' value='both' action='allow' order='10'"),
  item("action='deny' order='15'"),
);
export const SPECIAL = list(
  "special",
  item("type='jid' value='juliet@example.com' action='allow' order='6'"),
  item("type='jid' value='benvolio@example.org' action='allow' order='7'"),
  item("type='jid' value='mercutio@example.org' action='allow' order='42'"),
  item("action='deny' order='666'"),
);

export const body = (to: string, from?: string) =>
  `<message to='${to}'${from === undefined ? "" : ` from='${from}'`} id='m'><body>x</body></message>`;

/** Makes each see the other's presence. */
export async function befriend(one: TestClient, two: TestClient): Promise<void> {
  for (const [a, b] of [[one, two], [two, one]] as const) {
    await a.send(`<presence to='${b.jid!.bare}' type='subscribe'/>`);
    await b.send(`<presence to='${a.jid!.bare}' type='subscribed'/>`);
  }
  one.clear();
  two.clear();
}
